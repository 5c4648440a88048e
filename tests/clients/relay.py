"""A relay between a client and the server in clear that counts the HTTP/2
frames that pass."""

import socket
import threading
import time

import grpc
from harness.process import DEADLINE_S
from harness.sockets import Listener

PREFACE_LEN = 24
PING, GOAWAY = 6, 7
ACK = 1


class _Direction:
    """Bytes of one way, read as frames."""

    def __init__(self, skip, on_frame):
        self._skip, self._on_frame = skip, on_frame
        self._data = b""

    def take(self, data):
        cut = min(self._skip, len(data))
        self._skip -= cut
        self._data += data[cut:]
        while len(self._data) >= 9:
            size = int.from_bytes(self._data[:3], "big")
            if len(self._data) < 9 + size:
                break
            self._on_frame(self._data[3], self._data[4])
            self._data = self._data[9 + size :]


class Relay:
    from_client, from_server = "client", "server"

    def __init__(self, place):
        self._target = (place.host, place.port)
        self._changed = threading.Condition()
        self._seen = []
        self._listener = Listener(self._serve)

    def _serve(self, client):
        with socket.create_connection(self._target, DEADLINE_S) as server:
            back = threading.Thread(
                target=self._pump, args=(server, client, self.from_server, 0), daemon=True
            )
            back.start()
            self._pump(client, server, self.from_client, PREFACE_LEN)
            back.join()

    def _pump(self, source, sink, side, skip):
        frames = _Direction(skip, lambda kind, flags: self._note(side, kind, flags))
        try:
            while data := source.recv(65536):
                frames.take(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _note(self, side, kind, flags):
        with self._changed:
            self._seen.append((side, kind, bool(flags & ACK)))
            self._changed.notify_all()

    def wait_frames(self, kind, side, is_ack, count):
        until = time.monotonic() + DEADLINE_S
        with self._changed:
            while self._seen.count((side, kind, is_ack)) < count:
                left = until - time.monotonic()
                assert left > 0 and self._changed.wait(left), self._seen

    def open_channel(self, options):
        options = [*options, ("grpc.use_local_subchannel_pool", 1)]
        return grpc.insecure_channel(f"127.0.0.1:{self._listener.port}", options=options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
