"""What exporting costs a mitmdump: requests a second, and CPU of its loop for
each request, for HTTP and HTTPS with small and larger bodies: without an
addon, with an empty one that has all hooks, with the original's and with ours,
in turns, so that a change of the machine's load falls on all alike.

    python3 bench/exporter/proxy.py BUILD MITMDUMP [--old] [--rounds N]

BUILD has our server and exporter. MITMDUMP lies in an environment that has
the original's addon, too. With --old the server knows the published schema
only. The clients are wrk, the origin is nginx.
"""

import pathlib
import re
import statistics
import subprocess
import tempfile

import ways

SECONDS = 3
CLIENTS = 8
SIZES = (1000, 100000)


def measure(proxy, port, scheme, size):
    """(requests a second, us of the loop's CPU a request)"""
    cpu = proxy.loop_seconds()
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", f"{scheme}://127.0.0.1:{port}/{size}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    count = int(re.search(r"(\d+) requests in", out)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    assert "Non-2xx" not in out and count, out
    return rate, (proxy.loop_seconds() - cpu) / count * 1e6


def run_case(options, folder, origin_ports, scheme, size, url):
    mode = f"reverse:{scheme}://127.0.0.1:{origin_ports[scheme]}"
    proxies = {}
    figures = {way: [] for way in ways.NAMES}
    try:
        for way in ways.NAMES:
            proxies[way] = ways.start_proxy(
                options.mitmdump, options.exporter, way, folder / f"{way}-{scheme}", mode, url
            )
            measure(*proxies[way], scheme, size)
        for _ in range(options.rounds):
            for way in ways.NAMES:
                figures[way].append(measure(*proxies[way], scheme, size))
    finally:
        for proxy, _ in proxies.values():
            proxy.end()
    print_case(scheme, size, figures)


def print_case(scheme, size, figures):
    middle = {
        way: tuple(statistics.median(column) for column in zip(*pairs))
        for way, pairs in figures.items()
    }
    ratio = statistics.median(
        ours[0] / empty[0] for ours, empty in zip(figures["mitmflow"], figures["empty"])
    )
    for way, (rate, cpu) in middle.items():
        more = f"  of the empty addon {ratio:.3f}" if way == "mitmflow" else ""
        print(
            f"{scheme:5} {size // 1000:3} KB  {way:9} {rate:6.0f} requests/s "
            f"({rate / middle['none'][0]:.2f})  {cpu:6.0f} us ({cpu / middle['none'][1]:.2f}){more}",
            flush=True,
        )


def main():
    options = ways.arguments(__doc__, rounds=5)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        origin, plain, secure = ways.start_origin(folder, SIZES)
        server, url = ways.start_any_server(options, folder)
        with origin, server:
            for scheme in ("http", "https"):
                for size in SIZES:
                    ports = {"http": plain, "https": secure}
                    run_case(options, folder, ports, scheme, size, url)


if __name__ == "__main__":
    main()
