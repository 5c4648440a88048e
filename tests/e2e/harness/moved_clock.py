"""A server's monotonic clock that a test moves (tests/rpc/moved_clock.c)."""

import mmap
import os
import struct
import subprocess

from harness import connect
from harness.server import BINARY, environment


class MovedClock:
    def __init__(self, path):
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        linked = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True)
        # A sanitizer's runtime must come first, and asks the next one.
        asan = [line.split()[2] for line in linked.stdout.splitlines() if "libasan" in line]
        preload = [*asan, str(BINARY.parent / "tests/rpc/moved_clock.so")]
        self.environment = environment(
            LD_PRELOAD=":".join(preload), MOVED_CLOCK=os.fspath(path)
        )

    def move(self, server, by_ms):
        (now,) = struct.unpack("q", self._map)
        self._map[:] = struct.pack("q", now + by_ms)
        # Its loop sleeps by the real clock; anything wakes it.
        assert connect.http_request(server, "GET", "/healthz").status == 200
