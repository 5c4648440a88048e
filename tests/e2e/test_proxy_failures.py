"""Connections that fail, through real mitmdumps: a row tells why."""

import dataclasses
import sqlite3
import ssl
import time

import pytest
from harness import certificate, http1, sockets
from harness.mitmdump import KINDS, Mitmdump
from harness.process import DEADLINE_S
from harness.schema import proxy, view
from harness.server import Server


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def place(request, tmp_path_factory, origin, origin_certificate):
    """A mitmdump that trusts no origin, told of to a server."""
    kind = request.param
    if not kind.is_here:
        pytest.skip(f"{kind.python} is not on this machine")
    folder = tmp_path_factory.mktemp(kind.name)
    another = folder / "another"
    another.mkdir()
    stranger = certificate.make(another)
    server = Server(folder / "data")
    mitmdump = Mitmdump(kind, origin, stranger, server.url, folder / "conf")
    try:
        yield Place(server, mitmdump, origin)
        mitmdump.stop()
    finally:
        mitmdump.end()
        server.stop()


@dataclasses.dataclass
class Place:
    server: Server
    mitmdump: Mitmdump
    origin: object

    def failed(self, words):
        """The flow whose error begins so."""
        return self.server.wait_flow(lambda flow: flow.error.startswith(words))

    def errors_of(self, port):
        """Errors of all flows of the client that has this port."""
        return [
            flow.error
            for flow in self.server.flows()
            if port in (flow.tcp.client_peername_port, flow.http.client_peername_port)
            and flow.error
        ]


def distrust(place, name):
    """A handshake by a client that knows no CA; our own port."""
    with place.mitmdump.tunnel("127.0.0.1", place.origin.https_port) as tunnel:
        port = tunnel.getsockname()[1]
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(tunnel, server_hostname=name)
    return port


def test_a_client_that_does_not_trust_the_proxy_is_a_row_with_the_reason(place):
    port = distrust(place, "distrust.example")
    row = place.failed("client TLS handshake failed: ")
    assert (row.type, row.state) == ("tcp", view.FLOW_STATE_ENDED)
    assert row.tcp.client_peername_port == port
    assert "distrust.example" in row.error
    assert "certificate" in row.error or "unknown ca" in row.error
    flow = place.server.flow(row)
    assert flow.tcp_flow.client.sni == "distrust.example"


def test_the_end_of_a_clients_connection_is_told_with_its_flow(place):
    distrust(place, "closes.example")
    row = place.server.wait_flow(lambda flow: "closes.example" in flow.error)

    until = time.monotonic() + DEADLINE_S
    while not (known := place.server.flow(row).connections.client).HasField("closed_at"):
        assert time.monotonic() < until, known
        time.sleep(0.05)
    assert known.event == proxy.EVENT_TYPE_CLIENT_DISCONNECTED
    assert known.opened_at.ToNanoseconds() <= known.closed_at.ToNanoseconds()
    assert "closes.example" in row.error and known.error


def tls_request(place):
    """A GET over TLS through the proxy to the origin; (answer, our own port)."""
    host, port = "localhost", place.origin.https_port
    with place.mitmdump.tls(host, port, ["http/1.1"]) as sock:
        own = sock.getsockname()[1]
        sock.sendall(b"GET /x HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % port)
        return http1.read_message(sock.makefile("rb"), until_close=True), own


def test_a_server_with_a_certificate_that_is_not_trusted_is_told_once(place):
    answer, port = tls_request(place)
    assert b" 502 " in answer.first_line
    flow = place.server.wait_flow(lambda flow: flow.http.url.endswith("/x") and flow.error)
    assert "ertificate" in flow.error or "verify" in flow.error
    # What came before it is there, too: its failure has no row of its own.
    place.mitmdump.http1(b"GET http://127.0.0.1:1/after HTTP/1.1\r\nHost: x\r\n\r\n")
    place.server.wait_flow(lambda flow: flow.http.url.endswith("/after") and flow.error)
    assert place.errors_of(port) == [flow.error]
    whole = place.server.flow(flow)
    assert whole.connections.server.error


def test_a_server_that_is_not_trusted_is_a_row_where_no_request_comes(place):
    """The client leaves after the handshake with its server has failed."""
    sock = place.mitmdump.tunnel("localhost", place.origin.https_port)
    port = sock.getsockname()[1]
    with sock:
        # A ClientHello, by which mitmproxy turns to the server, and no more.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        sock.sendall(outgoing.read())
        sock.settimeout(DEADLINE_S)
        assert sock.recv(1)  # mitmproxy goes on with us, its own error or not
    row = place.server.wait_flow(
        lambda flow: flow.tcp.client_peername_port == port
        and flow.error.startswith("server TLS handshake failed: ")
    )
    assert row.tcp.server_address_host == "localhost"
    assert row.tcp.server_address_port == place.origin.https_port


def test_a_server_that_is_not_there_is_told_by_the_request_alone(place):
    nobody = sockets.free_port()
    url = b"http://127.0.0.1:%d/nobody" % nobody
    answer, (_, port) = place.mitmdump.http1(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % url)
    assert b" 502 " in answer.first_line
    flow = place.server.wait_flow(lambda flow: flow.http.url.endswith("/nobody") and flow.error)
    place.mitmdump.http1(b"GET http://127.0.0.1:1/after2 HTTP/1.1\r\nHost: x\r\n\r\n")
    place.server.wait_flow(lambda flow: flow.http.url.endswith("/after2") and flow.error)
    assert place.errors_of(port) == [flow.error]
    path = f"file:{place.server.data_dir}/flows.db?mode=ro"
    with sqlite3.connect(path, uri=True) as database:
        event = proxy.EVENT_TYPE_SERVER_CONNECT_ERROR
        sql = "select count(*) from connection where event = ? and error <> ''"
        told = database.execute(sql, [event]).fetchone()[0] > 0
    assert told == place.mitmdump.kind.tells_connect_error
