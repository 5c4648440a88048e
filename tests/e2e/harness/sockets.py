"""Listening sockets served by threads, and the echo servers."""

import contextlib
import socket
import threading


class Listener:
    """Accepts on a free loopback port; `serve(connection)` gets each
    connection on a thread of its own and need not close it."""

    def __init__(self, serve):
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        # A peer that goes away in the middle is not this server's failure.
        with connection, contextlib.suppress(OSError, EOFError):
            self._serve(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Datagrams:
    """A UDP socket on a free loopback port; `answer(bytes)` makes the reply."""

    def __init__(self, answer):
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            data, peer = self._socket.recvfrom(65536)
            if not data:
                return
            self._socket.sendto(self._answer(data), peer)

    def close(self):
        # An empty datagram ends the thread, which is blocked in recvfrom.
        self._socket.sendto(b"", self._socket.getsockname())


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def _ports():
    """Ports that only this process is given: below what the system hands out
    by itself, and held with the first of their thousand."""
    for first in range(20000, 32000, 1000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", first)):
            while True:
                yield from range(first + 1, first + 1000)
    raise OSError("no thousand ports are free")


_PORTS = _ports()


def free_port():
    """A TCP and UDP port of the loopback that nobody has, nor is given until
    it was taken."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.bind(("127.0.0.1", port))
                return port
