"""Memory of a proxy whose server is away while flows come, and whether all of
them arrive when it is there, each once.

    python3 bench/exporter/away.py BUILD MITMDUMP [--old] [--flows N]

Arguments as for proxy.py. A proxy without an addon and one with ours take the
same requests. With --old what arrives is counted by the exporter's own server
of the published schema, where a flow comes once for each event that changed it.
"""

import collections
import json
import pathlib
import subprocess
import tempfile
import time

import talk
import ways

SIZE = 1000
CLIENTS = 8
PATIENCE_S = 600


def load(folder, port, flows):
    """Each client asks once for each URL; how many requests it were."""
    each = flows // CLIENTS
    flows = each * CLIENTS
    urls = folder / "urls"
    urls.write_text("".join(f"http://127.0.0.1:{port}/{SIZE}?{n}\n" for n in range(each)))
    command = ["h2load", "--h1", "-n", flows, "-c", CLIENTS, "-t", 1, "-i", urls]
    out = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    ).stdout
    assert f"{flows} succeeded" in out, out
    return flows


def arrived(options, url):
    """How often each URL is there, of flows with an answer."""
    command = [options.build / "mitmflow", "search", "--server", url, "--limit", "0", "--json", "~s"]
    out = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    ).stdout
    urls = (json.loads(line)["http"]["url"] for line in out.splitlines())
    return collections.Counter(urls)


def measure(options, folder, way, origin_port, url):
    """The proxy, when it has taken all requests."""
    mode = f"reverse:http://127.0.0.1:{origin_port}"
    proxy, port = ways.start_proxy(
        options.mitmdump, options.exporter, way, folder / way, mode, url
    )
    before = proxy.memory()
    begin = time.perf_counter()
    count = load(folder, port, options.flows)
    seconds = time.perf_counter() - begin
    figures = (before, proxy.memory(), proxy.memory("VmHWM"))
    line = f"{way:9} {count} requests, {count / seconds:.0f}/s; memory"
    for name, value in zip(("before", "after", "most"), figures):
        line += f"  {name} {value / 1e6:.1f} MB"
    print(line, flush=True)
    return proxy, count, figures


def wait_empty(spool):
    """Until no segment waits."""
    until = time.monotonic() + PATIENCE_S
    while any(spool.glob("*.seg")):
        assert time.monotonic() < until, "flows still wait"
        time.sleep(0.2)


def bring_server(options, folder, port, proxy, count):
    """Flows arrive, all of them."""
    server, url = ways.start_any_server(options, folder)
    way = talk.Counter(int(url.rpartition(":")[2]), port)
    begin = time.perf_counter()
    wait_empty(folder / "mitmflow" / "mitmflow-spool")
    way.rest()
    seconds = time.perf_counter() - begin
    print(f"{way.sent / 1e6:.0f} MB were sent in {seconds:.1f} s", flush=True)
    print(f"memory of the proxy  most {proxy.memory('VmHWM') / 1e6:.1f} MB")
    if options.old:
        server.end()
        print("messages and bytes:", server.popen.stdout.read().strip())
        return
    there = arrived(options, url)
    server.end()
    missing = count - sum(min(number, CLIENTS) for number in there.values())
    doubled = sum(max(number - CLIENTS, 0) for number in there.values())
    print(f"of {count} flows {missing} are missing and {doubled} are there twice")


def main():
    options = ways.arguments(__doc__, rounds=1, flows=200_000)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        origin, plain, _ = ways.start_origin(folder, (SIZE,))
        port = ways.free_port()
        url = f"http://127.0.0.1:{port}"
        with origin:
            proxy, _, alone = measure(options, folder, "none", plain, url)
            proxy.end()
            proxy, count, ours = measure(options, folder, "mitmflow", plain, url)
            with proxy:
                more = (ours[2] - ours[0]) - (alone[2] - alone[0])
                print(f"over the proxy's own: {(ours[2] - alone[2]) / 1e6:.1f} MB, "
                      f"of which the flows' {more / 1e6:.1f} MB")
                bring_server(options, folder, port, proxy, count)


if __name__ == "__main__":
    main()
