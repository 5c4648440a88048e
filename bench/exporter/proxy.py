"""What the exporter costs a mitmdump: CPU of its loop for each request, and
requests a second, without an addon, with an empty one and with the exporter,
in turns so that a change of the machine's load falls on all alike.

    .venv-tests/bin/python bench/exporter/proxy.py MITMDUMP EXPORTER [SERVER]

MITMDUMP and EXPORTER are files, SERVER the address of a running server; with
none the exporter keeps its flows until it gives them up.
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = 5
REQUESTS = 1500
CLIENTS = 8
EMPTY = """
class Empty:
    def requestheaders(self, flow): pass
    def request(self, flow): pass
    def responseheaders(self, flow): pass
    def response(self, flow): pass
addons = [Empty()]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Origin:
    """Answers every request with a body of `size`."""

    def __init__(self, size):
        self._answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        self._answer += b"Content-Length: %d\r\n\r\n" % size + bytes(size)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        waiting = b""
        while data := connection.recv(65536):
            waiting += data
            while b"\r\n\r\n" in waiting:
                _, waiting = waiting.split(b"\r\n\r\n", 1)
                connection.sendall(self._answer)


def run_client(port, origin, count):
    request = (
        f"GET http://127.0.0.1:{origin}/bench?query=1 HTTP/1.1\r\nHost: 127.0.0.1:{origin}\r\n"
        "User-Agent: bench/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(count):
            connection.sendall(request)
            got = connection.recv(65536)
            head, _, body = got.partition(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            left = length - len(body)
            while left > 0:
                left -= len(connection.recv(65536))


class Proxy:
    def __init__(self, mitmdump, folder, *arguments):
        self.port = free_port()
        command = [mitmdump, "-q", "--listen-host", "127.0.0.1", "--listen-port", str(self.port)]
        command += ["--set", f"confdir={folder}", "--set", "flow_detail=0", *arguments]
        self._process = subprocess.Popen([str(part) for part in command])
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)

    def loop_seconds(self):
        """CPU of the main thread, which runs the loop."""
        pid = self._process.pid
        stat = pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text()
        return int(stat.split()[0]) / 1e9

    def end(self):
        self._process.kill()
        self._process.wait()


def measure(proxy, origin):
    """(us of the loop's CPU a request, requests a second)"""
    each = REQUESTS // CLIENTS
    clients = [
        threading.Thread(target=run_client, args=(proxy.port, origin.port, each))
        for _ in range(CLIENTS)
    ]
    cpu, begin = proxy.loop_seconds(), time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    count = each * CLIENTS
    seconds = time.perf_counter() - begin
    return (proxy.loop_seconds() - cpu) / count * 1e6, count / seconds


def main():
    mitmdump, exporter = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        empty = pathlib.Path(folder, "empty.py")
        empty.write_text(EMPTY)
        server = sys.argv[3] if len(sys.argv) > 3 else "http://127.0.0.1:9"
        ways = {
            "none": [],
            "empty": ["-s", empty],
            "mitmflow": ["-s", exporter, "--set", f"grpc_addr={server}"],
        }
        for size in (1000, 100000):
            origin = Origin(size)
            proxies = {name: Proxy(mitmdump, folder, *more) for name, more in ways.items()}
            figures = {name: [] for name in ways}
            for proxy in proxies.values():
                measure(proxy, origin)
            for _ in range(ROUNDS):
                for name, proxy in proxies.items():
                    figures[name].append(measure(proxy, origin))
            for proxy in proxies.values():
                proxy.end()
            base = None
            for name, pairs in figures.items():
                cpu = statistics.median(pair[0] for pair in pairs)
                rate = statistics.median(pair[1] for pair in pairs)
                base = base or (cpu, rate)
                print(
                    f"HTTP {size // 1000:3} KB  {name:9} {cpu:7.0f} us a request "
                    f"({cpu / base[0]:.2f})  {rate:6.0f} requests/s ({rate / base[1]:.2f})",
                    flush=True,
                )


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    main()
