"""The server that the clients of this folder share, and ways to reach it."""

import contextlib
import dataclasses
import http.client
import os
import socket
import ssl

import grpc
from harness import raw_grpc, schema
from harness.authority import Authority, Identity
from harness.process import DEADLINE_S
from harness.server import MESSAGE_MAX, Server

VIEW = "/mitmflow.v1.Service/"
INGEST = "/mitmproxy.v1.Service/"

# What the server takes from an exporter.
MESSAGE_MAX_LEN = 16 << 20

# Freed memory is given back soon, so that what the process holds is what the
# server holds.
ASAN = "quarantine_size_mb=1:thread_local_quarantine_size_kb=16"


@dataclasses.dataclass
class Trust:
    """Whom a client trusts, and what it shows."""

    authority: Authority
    shown: Identity | None

    def credentials(self):
        files = [self.authority.cert]
        if self.shown:
            files += [self.shown.key, self.shown.cert]
        return grpc.ssl_channel_credentials(*(file.read_bytes() for file in files))

    def context(self, protocols=()):
        context = ssl.create_default_context(cafile=self.authority.cert)
        if self.shown:
            context.load_cert_chain(self.shown.cert, self.shown.key)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


class Place(Server):
    """A server in clear, or with an `authority` over TLS, where exporters
    must show a certificate of that authority."""

    def __init__(self, folder, *arguments, authority=None):
        self.trust = None
        if authority:
            server = authority.issue("server")
            self.trust = Trust(authority, authority.issue("exporter"))
            arguments += (
                f"--tls-cert={server.cert}",
                f"--tls-key={server.key}",
                f"--tls-client-ca={authority.cert}",
            )
        arguments += (f"--max-message={MESSAGE_MAX_LEN}",)
        options = [os.environ.get("ASAN_OPTIONS"), ASAN]
        env = {**os.environ, "ASAN_OPTIONS": ":".join(filter(None, options))}
        super().__init__(folder / "data", *arguments, env=env)

    @property
    def is_tls(self):
        return self.trust is not None

    # ---- grpcio ----

    def open_channel(self, trust=None, **more):
        """A channel with a connection of its own; the caller closes it."""
        options = [
            ("grpc.max_receive_message_length", MESSAGE_MAX),
            ("grpc.max_send_message_length", MESSAGE_MAX),
            ("grpc.use_local_subchannel_pool", 1),
            *more.pop("options", ()),
        ]
        if not self.is_tls:
            return grpc.insecure_channel(self.addr, options=options, **more)
        credentials = (trust or self.trust).credentials()
        return grpc.secure_channel(self.addr, credentials, options=options, **more)

    @property
    def channel(self):
        if self._channel is None:
            self._channel = self.open_channel()
        return self._channel

    # ---- Sockets ----

    def connect_tcp(self):
        return socket.create_connection((self.host, self.port), DEADLINE_S)

    def connect(self, protocol):
        """A connected socket, for "h2" or "http/1.1"."""
        sock = self.connect_tcp()
        if not self.is_tls:
            return sock
        context = self.trust.context([protocol])
        wrapped = context.wrap_socket(sock, server_hostname=self.host)
        assert wrapped.selected_alpn_protocol() == protocol
        return wrapped

    def open_h1(self):
        """An http.client connection; the caller closes it."""
        connection = http.client.HTTPConnection(self.host, self.port)
        connection.sock = self.connect("http/1.1")
        return connection

    def open_h2(self):
        return raw_grpc.Connection(self, sock=self.connect("h2"))

    # ---- Memory ----

    def _memory(self, name):
        with open(f"/proc/{self.process.popen.pid}/status") as lines:
            [kib] = [line.split()[1] for line in lines if line.startswith(name + ":")]
        return int(kib) * 1024

    @contextlib.contextmanager
    def grows_less_than(self, limit):
        """The server never holds `limit` bytes more than at the start."""
        with open(f"/proc/{self.process.popen.pid}/clear_refs", "w") as file:
            file.write("5")  # the peak begins anew
        before = self._memory("VmRSS")
        yield
        grown = self._memory("VmHWM") - before
        assert grown < limit, f"grew by {grown} bytes"


def view_stub(channel):
    return schema.view_grpc.ServiceStub(channel)


def ingest_stub(channel):
    return schema.proxy_grpc.ServiceStub(channel)
