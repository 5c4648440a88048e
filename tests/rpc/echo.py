"""The echo server under test."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import wire

ROOT = Path(__file__).parents[2]
# The echo server is built beside the server.
BUILD = Path(os.environ.get("MITMFLOW_TEST_SERVER", ROOT / "build-asan/mitmflow")).parent


class Server:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [BUILD / "tests/rpc/rpc_echo_server", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the server did not start"
        match = re.fullmatch(r"http://(.*):(\d+)", self.url)
        self.address = (match[1], int(match[2])) if match else None

    def connect(self):
        sock = socket.create_connection(self.address, timeout=30)
        return sock

    def stats(self):
        """opens, messages, half closes, closes"""
        status, _, body = wire.post(
            self, "/test.Echo/Stats", b"", {"content-type": "application/proto"}
        )
        assert status == 200
        return [int(n) for n in wire.text_field(body, 1).split()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
