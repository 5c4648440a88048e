"""What a long WebSocket costs: CPU of mitmproxy's loop, and bytes to the
server over bytes of content, by the number of its messages of 200 bytes.

    python3 bench/exporter/websocket.py BUILD MITMDUMP [--old] [--rounds N]

Arguments as for proxy.py. The ways take turns. "CPU" is beyond a proxy
without an addon; "growth" is the whole CPU over that of the first row, which
has to stay below the number of messages over its own by little.
"""

import pathlib
import statistics
import tempfile

import talk
import ways

COUNTS = (1000, 5000, 10000)
# What the original costs grows with the square: 5,000 take it minutes.
ORIGINAL_MAX = 1000
MESSAGE_LEN = 200


def start(options, folder, way, origin, url):
    """A proxy, its port, and the counter between it and the server."""
    counter = talk.Counter(int(url.rpartition(":")[2]))
    mode = f"reverse:http://127.0.0.1:{origin.port}"
    proxy, port = ways.start_proxy(
        options.mitmdump, options.exporter, way, folder / way, mode, counter.url
    )
    return proxy, port, counter


def measure(running, count):
    """(CPU seconds of the loop, bytes to the server)"""
    proxy, port, counter = running
    cpu, sent = proxy.loop_seconds(), counter.rest()
    talk.listen(port, count)
    sent = counter.rest() - sent
    return proxy.loop_seconds() - cpu, sent


def print_rows(figures):
    middle = {
        key: tuple(statistics.median(column) for column in zip(*pairs))
        for key, pairs in figures.items()
    }
    for (way, count), (cpu, sent) in middle.items():
        line = f"{way:9} {count:6} messages  {cpu * 1000:8.0f} ms"
        line += f"  growth {cpu / middle[way, COUNTS[0]][0]:6.2f}"
        line += f"  rate of none {middle['none', count][0] / cpu:5.2f}"
        if sent:
            line += f"  wire {sent / (count * MESSAGE_LEN):6.2f} of the content"
        print(line, flush=True)


def main():
    options = ways.arguments(__doc__, rounds=5)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        origin = talk.Origin(MESSAGE_LEN)
        server, url = ways.start_any_server(options, folder)
        running = {}
        try:
            for way in ways.NAMES:
                running[way] = start(options, folder, way, origin, url)
                measure(running[way], COUNTS[0])
            figures = {
                (way, count): []
                for way in ways.NAMES
                for count in COUNTS
                if way != "original" or count <= ORIGINAL_MAX
            }
            for _ in range(options.rounds):
                for way, count in figures:
                    figures[way, count].append(measure(running[way], count))
        finally:
            for proxy, _, counter in running.values():
                proxy.end()
                counter.close()
            server.end()
        print_rows(figures)


if __name__ == "__main__":
    main()
