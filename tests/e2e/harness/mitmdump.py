"""mitmdump of several versions, with the exporter loaded."""

import dataclasses
import os
import pathlib
import signal
import socket
import ssl

from harness import http1, schema, sockets
from harness.process import DEADLINE_S, Process

EXPORTER = schema.ROOT / "build" / "exporter" / "mitmflow_exporter.py"


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    python: str  # what has to be here for it
    command: pathlib.Path
    has_modes: bool  # several --mode at a time, UDP among them: since 9.0
    ends_connect: bool  # an event tells that a tunnel stands: since 10
    is_private: bool = True  # in a virtual environment of this project

    @property
    def tells_connect_error(self):
        """The hook came with those that end CONNECT."""
        return self.ends_connect

    @property
    def is_here(self):
        # script/bootstrap marks what it has installed completely.
        is_whole = not self.is_private or any(self.command.parents[1].glob(".installed-*"))
        return self.command.exists() and is_whole


def _venv(version, python, ends_connect=True):
    folder = f".venv-mitmproxy-{version}-py{python.replace('.', '')}"
    return Kind(
        f"{version}-py{python}",
        f"Python {python}",
        schema.ROOT / folder / "bin" / "mitmdump",
        has_modes=True,
        ends_connect=ends_connect,
    )


KINDS = [
    Kind(
        "8.1.1-debian",
        "Debian's mitmproxy",
        pathlib.Path("/usr/bin/mitmdump"),
        has_modes=False,
        ends_connect=False,
        is_private=False,
    ),
    _venv("9.0.1", "3.11", ends_connect=False),
    _venv("10.4.2", "3.11"),
    _venv("11.0.2", "3.11"),
    _venv("12.2.3", "3.12"),
    _venv("12.2.3", "3.13"),
]
# What tests that try each version run with; test_versions.py names the rest.
HERE = [kind for kind in KINDS if kind.is_here]


class Mitmdump:
    """All proxies of one kind in front of `origin`, telling the server at
    `grpc_addr`, in one process. `popen` is for subprocess.Popen."""

    def __init__(
        self,
        kind,
        origin,
        certificate,
        grpc_addr,
        confdir,
        exporter=EXPORTER,
        popen=None,
        **options,
    ):
        self.kind = kind
        self.confdir = pathlib.Path(confdir)
        self._origin = origin
        self.port = sockets.free_port()
        self.dns_port = sockets.free_port()
        options = {
            "confdir": self.confdir,
            "flow_detail": 0,
            "ssl_verify_upstream_trusted_ca": certificate.chain_path,
            "grpc_addr": grpc_addr,
            **options,
        }
        arguments = [f"{name}={value}" for name, value in options.items()]
        command = [kind.command, "-s", exporter]
        for argument in arguments + self._modes():
            command += argument if isinstance(argument, list) else ["--set", argument]
        # Its CA, spool and cache stay in the test's own folder; a time zone
        # that is not UTC shows times that are shifted by it.
        environment = dict(
            os.environ, PYTHONUNBUFFERED="1", TZ="Asia/Kolkata", HOME=str(self.confdir)
        )
        self.confdir.mkdir(parents=True, exist_ok=True)
        popen = {"env": environment, "cwd": self.confdir, **(popen or {})}
        self.process = Process(command, **popen)
        try:
            self.process.wait_lines("listening at", count=4 if kind.has_modes else 2)
        except AssertionError:
            self.process.end()
            raise

    def _modes(self):
        """Options (text) and arguments (lists) for what it listens to."""
        origin = self._origin
        if not self.kind.has_modes:
            return [
                "listen_host=127.0.0.1",
                f"listen_port={self.port}",
                "dns_server=true",
                "dns_listen_host=127.0.0.1",
                f"dns_listen_port={self.dns_port}",
                f"dns_mode=reverse:127.0.0.1:{origin.dns_port}",
            ]
        self.tcp_port = sockets.free_port()
        self.udp_port = sockets.free_port()
        return [
            ["--mode", f"{mode}@127.0.0.1:{port}"]
            for mode, port in (
                ("regular", self.port),
                (f"reverse:tcp://127.0.0.1:{origin.tcp_port}", self.tcp_port),
                (f"reverse:udp://127.0.0.1:{origin.udp_port}", self.udp_port),
                (f"reverse:dns://127.0.0.1:{origin.dns_port}", self.dns_port),
            )
        ]

    @property
    def output(self):
        return self.process.output

    def stop(self):
        """Ends it as Ctrl-C does; no hook may have failed before."""
        if self.process.popen.poll() is None:
            self.process.signal(signal.SIGINT)
        self.process.wait()
        assert "Traceback" not in self.output, self.output

    def end(self):
        self.process.end()

    # ---- clients ----

    def connect(self, port=None):
        return socket.create_connection(("127.0.0.1", port or self.port), DEADLINE_S)

    def http1(self, request, sock=None):
        """Send the bytes of a request; the answer and our own address."""
        with sock or self.connect() as connection:
            connection.sendall(request)
            local = connection.getsockname()
            return http1.read_message(connection.makefile("rb"), until_close=True), local

    def tunnel(self, host, port):
        """A socket behind CONNECT."""
        sock = self.connect()
        sock.sendall(b"CONNECT %s:%d HTTP/1.1\r\n\r\n" % (host.encode(), port))
        line = b""
        # Byte by byte: what follows the head is the tunnel's.
        while not line.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            if not byte:
                raise EOFError(line)
            line += byte
        assert b" 200 " in line.split(b"\r\n")[0], line
        return sock

    def raw_tcp(self):
        """A socket to the origin's TCP echo and the proxy's port for it; 8.1
        has no reverse mode for TCP, but passes TCP on behind CONNECT."""
        if self.kind.has_modes:
            return self.connect(self.tcp_port), self.tcp_port
        return self.tunnel("127.0.0.1", self._origin.tcp_port), self.port

    def tls(self, host, port, alpn):
        """TLS with mitmproxy's certificate, checked against its CA."""
        context = ssl.create_default_context(cafile=self.confdir / "mitmproxy-ca-cert.pem")
        # Its CA of older versions has no key usage, which newer Pythons ask for.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        context.set_alpn_protocols(alpn)
        return context.wrap_socket(self.tunnel(host, port), server_hostname=host)


