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

    @property
    def is_here(self):
        return self.command.exists()


def _venv(version, python):
    folder = f".venv-mitmproxy-{version}-py{python.replace('.', '')}"
    return Kind(
        f"{version}-py{python}",
        f"Python {python}",
        schema.ROOT / folder / "bin" / "mitmdump",
        has_modes=True,
    )


KINDS = [
    Kind("8.1.1-debian", "Debian's mitmproxy", pathlib.Path("/usr/bin/mitmdump"), False),
    _venv("9.0.1", "3.9"),
    _venv("11.0.2", "3.11"),
    _venv("12.2.3", "3.12"),
    _venv("12.2.3", "3.13"),
]


class Mitmdump:
    """All proxies of one kind in front of `origin`, telling the server at
    `grpc_addr`. 8.1 takes one mode a process, so there it is two."""

    def __init__(self, kind, origin, certificate, grpc_addr, confdir, **options):
        self.kind = kind
        self.confdir = pathlib.Path(confdir)
        self.processes = []
        self.port = sockets.free_port()
        self.tcp_port = sockets.free_port()
        self.dns_port = sockets.free_port()
        self.udp_port = sockets.free_port() if kind.has_modes else None
        self._options = {
            "confdir": self.confdir,
            "flow_detail": 0,
            "ssl_verify_upstream_trusted_ca": certificate.chain_path,
            "grpc_addr": grpc_addr,
            **options,
        }
        if kind.has_modes:
            modes = [
                f"regular@127.0.0.1:{self.port}",
                f"reverse:tcp://127.0.0.1:{origin.tcp_port}@127.0.0.1:{self.tcp_port}",
                f"reverse:udp://127.0.0.1:{origin.udp_port}@127.0.0.1:{self.udp_port}",
                f"reverse:dns://127.0.0.1:{origin.dns_port}@127.0.0.1:{self.dns_port}",
            ]
            self._start([part for mode in modes for part in ("--mode", mode)], listeners=4)
        else:
            self._start(
                [
                    *self._listen(self.port),
                    *("--set", "dns_server=true"),
                    *("--set", "dns_listen_host=127.0.0.1"),
                    *("--set", f"dns_listen_port={self.dns_port}"),
                    *("--set", f"dns_mode=reverse:127.0.0.1:{origin.dns_port}"),
                ],
                listeners=2,
            )
            mode = f"reverse:tcp://127.0.0.1:{origin.tcp_port}"
            self._start([*self._listen(self.tcp_port), "--mode", mode], listeners=1)

    @staticmethod
    def _listen(port):
        return ["--listen-host", "127.0.0.1", "--listen-port", str(port)]

    def _start(self, arguments, listeners):
        sets = [f"{name}={value}" for name, value in self._options.items()]
        command = [self.kind.command, "-s", EXPORTER, *arguments]
        for option in sets:
            command += ["--set", option]
        # Its CA, spool and cache stay in the test's own folder; a time zone
        # that is not UTC shows times that are shifted by it.
        environment = dict(
            os.environ, PYTHONUNBUFFERED="1", TZ="Asia/Kolkata", HOME=str(self.confdir)
        )
        self.confdir.mkdir(parents=True, exist_ok=True)
        process = Process(command, env=environment, cwd=self.confdir)
        self.processes.append(process)
        process.wait_lines("listening at", count=listeners)

    @property
    def output(self):
        return "\n".join(process.output for process in self.processes)

    def stop(self):
        """Ends them as Ctrl-C does; none may have said that a hook failed."""
        for process in self.processes:
            if process.popen.poll() is None:
                process.signal(signal.SIGINT)
        for process in self.processes:
            process.wait()
        assert "Traceback" not in self.output, self.output

    def end(self):
        for process in self.processes:
            process.end()

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

    def tls(self, host, port, alpn):
        """TLS with mitmproxy's certificate, checked against its CA."""
        context = ssl.create_default_context(cafile=self.confdir / "mitmproxy-ca-cert.pem")
        # Its CA of older versions has no key usage, which newer Pythons ask for.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        context.set_alpn_protocols(alpn)
        return context.wrap_socket(self.tunnel(host, port), server_hostname=host)


