"""A mitmdump that is sent through, and what the server then has of it."""

import contextlib
import uuid

from harness import http1
from harness.mitmdump import Mitmdump


@contextlib.contextmanager
def running(kind, addon, origin, certificate, addr, confdir, environment=None, **options):
    """In a session of its own, because a frozen mitmdump is two processes."""
    popen = {"start_new_session": True}
    if environment is not None:
        popen["env"] = environment
    proxy = Mitmdump(
        kind, origin, certificate, addr, confdir, exporter=addon, popen=popen, **options
    )
    try:
        yield proxy
        proxy.stop()
    finally:
        proxy.end()


def visit(proxy, origin, server):
    """A request by HTTP and one by HTTPS through the proxy; both arrive."""
    for is_tls in (False, True):
        path = f"/{uuid.uuid4()}"
        origin.reply(path, body=b"as it was")
        port = origin.https_port if is_tls else origin.http_port
        base = f"{'https' if is_tls else 'http'}://localhost:{port}"
        target = path if is_tls else base + path
        sock = proxy.tls("localhost", port, ["http/1.1"]) if is_tls else proxy.connect()
        head = f"GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        with sock:
            sock.sendall(head.encode())
            answer = http1.read_message(sock.makefile("rb"), until_close=True)
        assert answer.body == b"as it was"
        flow = server.wait_ended(base + path)
        assert flow.http_flow.response.content == b"as it was"
        assert bool(flow.http_flow.server.tls) == is_tls
