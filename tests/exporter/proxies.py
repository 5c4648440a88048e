"""A real mitmdump with the exporter loaded, and an origin behind it."""

import json
import os
import pathlib
import signal
import socket
import time

from harness import http1, sockets
from harness.mitmdump import DEADLINE_S
from harness.process import Process
from inside import EXPORTER

REMOTE = pathlib.Path(__file__).with_name("remote.py")


def serve(connection):
    http1.read_message(connection.makefile("rb"))
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")


class Proxy:
    """`sets` are options, NAME=VALUE each; `folder` its confdir and home."""

    def __init__(self, kind, folder, *sets, script=EXPORTER, env=None):
        self.folder = folder
        self.origin = sockets.Listener(serve)
        self.port = sockets.free_port()
        command = [kind.command, "-s", script, "-s", REMOTE, "--listen-host", "127.0.0.1"]
        command += ["--listen-port", self.port, "--set", f"confdir={folder}"]
        for option in sets:
            command += ["--set", option]
        environment = dict(os.environ, PYTHONUNBUFFERED="1", HOME=str(folder), **(env or {}))
        self.process = Process(command, env=environment, cwd=folder)
        self._remote = None

    def get(self, path):
        self.wait_listening()
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE_S) as connection:
            url = f"http://127.0.0.1:{self.origin.port}{path}"
            head = f"GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode())
            answer = http1.read_message(connection.makefile("rb"), until_close=True)
            assert answer.body == b"hi"

    def wait_listening(self):
        self.process.wait_lines("listening at")

    # ---- what a person at its console can do ----

    def _ask(self, **order):
        if self._remote is None:
            self._remote = self._connect().makefile("rw")
        self._remote.write(json.dumps(order) + "\n")
        self._remote.flush()
        return json.loads(self._remote.readline())

    def _connect(self):
        until = time.monotonic() + DEADLINE_S
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.folder / "remote.sock"))
                return connection
            except OSError:
                connection.close()
                assert time.monotonic() < until, self.process.output
                time.sleep(0.02)

    def set(self, **options):
        """Change options; None, or why mitmproxy refuses."""
        return self._ask(set=options).get("error")

    def status(self):
        """What mitmflow.status says: name -> value."""
        lines = self._ask(command="mitmflow.status")["value"]
        return dict(line.split(": ", 1) for line in lines)

    def wait_status(self, fits):
        until = time.monotonic() + DEADLINE_S
        while not fits(status := self.status()):
            assert time.monotonic() < until, f"{status}\n{self.process.output}"
            time.sleep(0.02)
        return status

    def mitmflow_lines(self):
        return [line for line in self.process.output.splitlines() if "mitmflow: " in line]

    # ---- ending ----

    def stop(self):
        self.process.signal(signal.SIGINT)
        self.process.wait()
        assert "Traceback" not in self.process.output, self.process.output

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        if self._remote:
            self._remote.close()
        self.process.end()
        self.origin.close()


def starter(kind, folder):
    """For fixtures: a function that starts proxies, ended afterwards."""
    started = []

    def start(*sets, **more):
        proxy = Proxy(kind, folder, *sets, **more)
        started.append(proxy)
        return proxy

    yield start
    for proxy in started:
        proxy.end()
