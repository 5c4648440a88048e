"""A relay to a server whose connections it cuts after so many bytes, in the
middle of whatever frame that is."""

import socket
import struct
import threading

from harness import sockets
from harness.process import DEADLINE_S

# close() then sends a reset.
NO_LINGER = struct.pack("ii", 1, 0)


class Cutter:
    """`next_cut()` tells after how many of a client's bytes its connection is
    cut; None: not at all."""

    def __init__(self, target, next_cut):
        self._target = target
        self._next_cut = next_cut
        self._changed = threading.Condition()
        self._cuts = 0
        self._listener = sockets.Listener(self._serve)
        self.url = f"http://127.0.0.1:{self._listener.port}"

    def _serve(self, client):
        with socket.create_connection(self._target, DEADLINE_S) as server:
            server.settimeout(None)
            back = threading.Thread(target=self._copy, args=(server, client, None), daemon=True)
            back.start()
            if self._copy(client, server, self._next_cut()):
                for side in client, server:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                    side.shutdown(socket.SHUT_RDWR)
                with self._changed:
                    self._cuts += 1
                    self._changed.notify_all()
            back.join()

    def _copy(self, source, sink, left):
        """True: it came to the cut."""
        try:
            while left is None or left > 0:
                data = source.recv(65536 if left is None else min(left, 65536))
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return False
                sink.sendall(data)
                if left is not None:
                    left -= len(data)
        except OSError:
            return False
        return True

    def wait_cuts(self, count):
        """Until there were so many; each may take a while."""
        with self._changed:
            for number in range(1, count + 1):
                came = self._changed.wait_for(lambda: self._cuts >= number, DEADLINE_S)
                assert came, f"{self._cuts} of {count} cuts"

    def close(self):
        self._listener.close()
