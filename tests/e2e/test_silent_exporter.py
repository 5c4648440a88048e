"""An exporter that has nothing to say for an hour loses nothing."""

import queue
import socket

import pytest
from harness import build, connect
from harness.moved_clock import MovedClock
from harness.process import DEADLINE_S
from harness.schema import proxy

HOUR_MS = 3600 * 1000


@pytest.fixture
def clock(tmp_path):
    return MovedClock(tmp_path / "clock")


@pytest.fixture
def server(start_server, clock):
    return start_server(env=clock.environment)


def has(server, url):
    server.wait_flow(lambda flow: flow.http.url == url)


def test_over_http2_a_stream_goes_on_after_an_hour(server, clock):
    messages = queue.Queue()
    # grpcio answers the server's PINGs. A time-out would be the server's too.
    answer = server.ingest.ExportFlow.future(iter(messages.get, None))
    messages.put(build.http("http://before/", flow_id="before"))
    has(server, "http://before/")
    clock.move(server, HOUR_MS)
    messages.put(build.http("http://after/", flow_id="after"))
    messages.put(None)
    assert answer.result(DEADLINE_S).flows_processed == 2


def test_over_http1_a_stream_goes_on_after_an_hour(server, clock):
    def chunk(url):
        body = connect.envelope(build.http(url, flow_id=url).SerializeToString())
        return b"%x\r\n%s\r\n" % (len(body), body)

    host, port = server.addr.rsplit(":", 1)
    with socket.create_connection((host, int(port)), DEADLINE_S) as sock:
        sock.sendall(
            b"POST /mitmproxy.v1.Service/ExportFlow HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/connect+proto\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\n\r\n" + chunk("http://before/")
        )
        has(server, "http://before/")
        clock.move(server, HOUR_MS)
        clock.move(server, HOUR_MS)
        sock.sendall(chunk("http://after/") + b"0\r\n\r\n")
        data = b""
        while part := sock.recv(65536):
            data += part
    assert proxy.ExportFlowResponse(flows_processed=2).SerializeToString() in data
    has(server, "http://after/")
