"""What a response of 100 MB costs: memory of the proxy, and the slowest small
request beside it.

    python3 bench/exporter/big.py BUILD MITMDUMP [--old] [--rounds N]

Arguments as for proxy.py. The ways take turns; each time the proxy is a new
one. Memory is the most that its process ever had.
"""

import http.client
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

import ways

BIG, SMALL = 100_000_000, 1000
PACE_S = 0.005
WARM = 200


class Beside(threading.Thread):
    """Small requests one after the other; `slowest` in seconds."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._is_over = threading.Event()
        self.slowest = 0.0

    def ask(self):
        begin = time.perf_counter()
        self._connection.request("GET", f"/{SMALL}")
        answer = self._connection.getresponse()
        assert answer.status == 200 and len(answer.read()) == SMALL
        return time.perf_counter() - begin

    def run(self):
        while not self._is_over.wait(PACE_S):
            self.slowest = max(self.slowest, self.ask())

    def end(self):
        self._is_over.set()
        self.join()


def measure(options, folder, way, origin_port, url):
    """(peak of memory in MB, slowest request in s, seconds of the big one)"""
    mode = f"reverse:http://127.0.0.1:{origin_port}"
    proxy, port = ways.start_proxy(
        options.mitmdump, options.exporter, way, folder / way, mode, url
    )
    with proxy:
        beside = Beside(port)
        for _ in range(WARM):
            beside.ask()
        beside.start()
        begin = time.perf_counter()
        command = ["curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{port}/{BIG}"]
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - begin
        # What an addon does afterwards may hold up others, too.
        time.sleep(1)
        beside.end()
        assert not beside.is_alive()
        return proxy.memory("VmHWM") / 1e6, beside.slowest, seconds


def main():
    options = ways.arguments(__doc__, rounds=5)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        origin, plain, _ = ways.start_origin(folder, (SMALL, BIG))
        server, url = ways.start_any_server(options, folder)
        figures = {way: [] for way in ways.NAMES}
        with origin, server:
            for _ in range(options.rounds):
                for way in ways.NAMES:
                    figures[way].append(measure(options, folder, way, plain, url))
    middle = {
        way: [statistics.median(column) for column in zip(*rows)] for way, rows in figures.items()
    }
    for way, (memory, slowest, seconds) in middle.items():
        print(
            f"100 MB  {way:9} {memory:5.0f} MB ({memory / middle['none'][0]:.2f})  "
            f"slowest beside {slowest * 1000:6.0f} ms ({slowest / middle['none'][1]:.2f})  "
            f"took {seconds:.2f} s"
        )


if __name__ == "__main__":
    main()
