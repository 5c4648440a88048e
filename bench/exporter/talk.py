"""Both ends of a WebSocket, and what counts the bytes between an exporter and
its server."""

import contextlib
import os
import select
import socket
import threading
import time

HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
CLOSE = b"\x88\x02\x03\xe8"
MASKED_CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"
# How long nothing may pass for it to be at rest, and how long that may take.
QUIET_S, PATIENCE_S = 0.7, 120


class Listener:
    """Each connection on a thread of its own."""

    def __init__(self, port=0):
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with connection, contextlib.suppress(OSError):
            self.serve(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def read_head(connection):
    """The head, and what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("it closed")
        data += more
    return data.split(b"\r\n\r\n", 1)


class Origin(Listener):
    """GET /N brings N binary messages, each in a segment of its own."""

    def __init__(self, message_len):
        super().__init__()
        self._frame = b"\x82\x7e" + message_len.to_bytes(2, "big") + os.urandom(message_len)

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head, _ = read_head(connection)
        connection.sendall(HEAD)
        for _ in range(int(head.split(b" ")[1][1:])):
            connection.sendall(self._frame)
        connection.sendall(CLOSE)
        while connection.recv(65536):
            pass


def listen(port, count):
    """Take `count` messages through the proxy at `port`."""
    request = (
        f"GET /{count} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode())
        _, data = read_head(connection)
        while not data.endswith(CLOSE):
            more = connection.recv(65536)
            assert more, "messages broke off"
            data = data[-len(CLOSE) :] + more
        connection.sendall(MASKED_CLOSE)
        # It may reset a connection that we closed first.
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass


class Counter(Listener):
    """Passes on what comes to a port of a server, and counts it."""

    def __init__(self, server_port, port=0):
        super().__init__(port)
        self._server = ("127.0.0.1", server_port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.sent = 0

    def serve(self, connection):
        with socket.create_connection(self._server) as server:
            while True:
                for ready in select.select([connection, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    if ready is connection:
                        self.sent += len(data)
                    (server if ready is connection else connection).sendall(data)

    def rest(self):
        """What was sent, when no more comes; a ping now and then does not count."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            before = self.sent
            time.sleep(QUIET_S)
            if self.sent - before < 64:
                return self.sent
        raise TimeoutError("it goes on sending")
