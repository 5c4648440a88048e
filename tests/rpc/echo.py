"""The echo server under test."""

import http.client
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


def address_of(url):
    match = re.fullmatch(r"https?://(.*):(\d+)", url)
    return (match[1], int(match[2])) if match else None


class Server:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [BUILD / "tests/rpc/rpc_echo_server", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the server did not start"
        self.address = address_of(self.url)
        self.tls = None  # the clients' ssl.SSLContext

    def connect(self):
        sock = socket.create_connection(self.address, timeout=30)
        # What a test sends goes at once: a second small write would wait for
        # the acknowledgement of the first.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def http_connection(self):
        if self.tls:
            return http.client.HTTPSConnection(*self.address, timeout=30, context=self.tls)
        return http.client.HTTPConnection(*self.address, timeout=30)

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
