"""TLS: who may connect where, and new certificates while it runs."""

import http.client
import pathlib
import signal
import socket
import ssl
import tempfile

import grpc
import pytest
from harness import build, schema, server as server_module
from harness.authority import Authority
from harness.process import DEADLINE_S
from test_start import FAILED, USAGE, refused


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


class Pki:
    def __init__(self, folder):
        self.ca = Authority(folder, "ca")
        self.clients = Authority(folder, "clients")
        self.server = self.ca.issue("server")
        self.exporter = self.clients.issue("exporter")
        self.stranger = Authority(folder, "others").issue("stranger")

    def flags(self, with_clients=False):
        flags = ["--tls-cert", self.server.cert, "--tls-key", self.server.key]
        return [*flags, "--tls-client-ca", self.clients.cert] if with_clients else flags

    def credentials(self, identity=None):
        shown = (identity.key.read_bytes(), identity.cert.read_bytes()) if identity else ()
        return grpc.ssl_channel_credentials(self.ca.cert.read_bytes(), *shown)

    def context(self, identity=None):
        context = ssl.create_default_context(cafile=self.ca.cert)
        if identity:
            context.load_cert_chain(identity.cert, identity.key)
        return context


class Caller:
    """Both kinds of calls, showing `identity` or nothing."""

    def __init__(self, pki, addr, identity=None):
        port = addr.rsplit(":", 1)[1]
        self.channel = server_module.open_channel(
            f"127.0.0.1:{port}", pki.credentials(identity)
        )

    def export(self):
        stub = schema.proxy_grpc.ServiceStub(self.channel)
        stub.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)

    def hello(self):
        stub = schema.proxy_grpc.ServiceStub(self.channel)
        stub.Hello(schema.proxy.HelloRequest(), timeout=DEADLINE_S)

    def flows(self):
        stub = schema.view_grpc.ServiceStub(self.channel)
        return list(stub.GetFlows(schema.view.GetFlowsRequest(), timeout=DEADLINE_S))


@pytest.fixture
def caller(pki):
    made = []

    def make(addr, identity=None):
        made.append(Caller(pki, addr, identity))
        return made[-1]

    yield make
    for one in made:
        one.channel.close()


def fails_with(code, call, about=""):
    with pytest.raises(grpc.RpcError) as error:
        call()
    assert error.value.code() == code, error.value.details()
    assert about in error.value.details()


def get(server, context, path="/healthz", headers=None):
    connection = http.client.HTTPSConnection(
        "127.0.0.1", server.port, timeout=DEADLINE_S, context=context
    )
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE  # no handshake, so no connection


def test_tcp_is_encrypted_and_unix_is_not(start_server, pki, caller):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "socket"
        server = start_server(*pki.flags(), "--addr", f"unix:{path}")
        assert server.url.startswith("https://127.0.0.1:")
        by_tls = caller(server.addr)
        by_tls.export()
        assert len(by_tls.flows()) == 1
        status, page = get(server, pki.context(), "/")
        assert status == 200
        assert b"<html" in page
        server.process.wait_lines(f"listening on unix:{path}")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE_S)
            sock.connect(str(path))
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", server.port), DEADLINE_S) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP/1.1 200" not in sock.recv(4096)


def test_the_pages_own_origin_is_https(start_server, pki):
    server = start_server(*pki.flags())
    for scheme, status in (("https", 200), ("http", 403)):
        origin = {"origin": f"{scheme}://127.0.0.1:{server.port}"}
        assert get(server, pki.context(), "/healthz", origin)[0] == status


def test_exporters_show_a_certificate_and_viewers_at_loopback_need_none(
    start_server, pki, caller
):
    server = start_server(*pki.flags(with_clients=True))
    without = caller(server.addr)
    fails_with(UNAUTHENTICATED, without.export, "--tls-client-ca")
    fails_with(UNAUTHENTICATED, without.hello, "--tls-client-ca")
    assert without.flows() == []
    assert get(server, pki.context(), "/")[0] == 200
    caller(server.addr, pki.exporter).export()
    assert len(without.flows()) == 1
    fails_with(UNAVAILABLE, caller(server.addr, pki.stranger).flows)


def test_an_address_for_exporters_asks_for_it_in_the_handshake(start_server, pki, caller):
    server = start_server("--ingest-addr", "127.0.0.1:0", *pki.flags(with_clients=True))
    addr = server.exporters_addr()
    fails_with(UNAVAILABLE, caller(addr).hello)
    fails_with(UNAVAILABLE, caller(addr, pki.stranger).hello)
    caller(addr, pki.exporter).export()
    assert len(caller(server.addr).flows()) == 1


def test_beyond_loopback_nobody_comes_in_without_one(start_server, pki, caller):
    server = start_server(*pki.flags(with_clients=True), addr="0.0.0.0:0")
    fails_with(UNAVAILABLE, caller(server.addr).flows)
    with pytest.raises(OSError):
        get(server, pki.context())
    known = caller(server.addr, pki.exporter)
    known.export()
    assert len(known.flows()) == 1
    assert get(server, pki.context(pki.exporter), "/")[0] == 200


def test_insecure_lets_viewers_in_and_exporters_still_show_one(start_server, pki, caller):
    server = start_server("--insecure", *pki.flags(with_clients=True), addr="0.0.0.0:0")
    without = caller(server.addr)
    assert without.flows() == []
    fails_with(UNAUTHENTICATED, without.export)
    caller(server.addr, pki.exporter).export()


def test_a_server_certificate_alone_does_not_open_an_address(tmp_path, pki):
    refused(*pki.flags(), "--addr", "0.0.0.0:0", cwd=tmp_path, about="not a loopback")
    refused(*pki.flags(), "--ingest-addr", "0.0.0.0:0", cwd=tmp_path, about="not a loopback")


# ---- files ----


def test_new_files_are_used_after_sighup(start_server, tmp_path, pki):
    """A connection that is open stays as it is."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(pki.server.cert.read_bytes())
    key.write_bytes(pki.server.key.read_bytes())
    server = start_server("--tls-cert", cert, "--tls-key", key)

    def shown():
        return ssl.get_server_certificate(
            ("127.0.0.1", server.port), timeout=DEADLINE_S
        ).strip()

    old = http.client.HTTPSConnection(
        "127.0.0.1", server.port, timeout=DEADLINE_S, context=pki.context()
    )
    old.request("GET", "/healthz")
    assert old.getresponse().read() == b"healthy\n"
    assert shown() == pki.server.cert.read_text().strip()

    cert.write_text("nothing")
    server.process.signal(signal.SIGHUP)
    [line] = server.process.wait_lines("TLS files not taken")
    assert " error " in line
    assert str(cert) in line
    assert shown() == pki.server.cert.read_text().strip()

    other = pki.ca.issue("other")
    cert.write_bytes(other.cert.read_bytes())
    server.process.signal(signal.SIGHUP)
    server.process.wait_lines("TLS files not taken", count=2)
    assert shown() == pki.server.cert.read_text().strip()

    key.write_bytes(other.key.read_bytes())
    server.process.signal(signal.SIGHUP)
    server.process.wait_lines("TLS files read again")
    assert shown() == other.cert.read_text().strip()
    old.request("GET", "/healthz")
    assert old.getresponse().read() == b"healthy\n"
    old.close()


def test_another_client_ca_is_used_after_sighup(start_server, tmp_path, pki, caller):
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(pki.clients.cert.read_bytes())
    server = start_server(*pki.flags(), "--tls-client-ca", trusted)
    caller(server.addr, pki.exporter).export()
    trusted.write_bytes(pki.ca.cert.read_bytes())
    server.process.signal(signal.SIGHUP)
    server.process.wait_lines("TLS files read again")
    fails_with(UNAVAILABLE, caller(server.addr, pki.exporter).hello)
    caller(server.addr, pki.server).export()


def test_files_that_cannot_be_used_are_told(tmp_path, pki):
    (tmp_path / "empty").write_text("")
    (tmp_path / "bytes").write_bytes(b"\0\1\2")
    cert, key = ("--tls-cert", pki.server.cert), ("--tls-key", pki.server.key)

    def told(*arguments, about):
        refused(*arguments, cwd=tmp_path, status=FAILED, about=about)

    told("--tls-cert", "/nope", *key, about="cannot read --tls-cert /nope: No such")
    told(*cert, "--tls-key", "/nope", about="cannot read --tls-key /nope: No such")
    told(*cert, "--tls-key", tmp_path, about="Is a directory")
    told("--tls-cert", tmp_path / "empty", *key, about="/empty")
    told("--tls-cert", tmp_path / "bytes", *key, about="bytes is not PEM text")
    told(*cert, "--tls-key", pki.exporter.key, about="exporter.key.pem")
    told(*cert, *key, "--tls-client-ca", pki.server.key, about="server.key.pem")
    assert list(tmp_path.glob("mitmflow_data")) == []


def test_files_that_belong_together_come_together(tmp_path, pki):
    refused("--tls-cert", pki.server.cert, cwd=tmp_path, status=USAGE, about="--tls-key")
    refused("--tls-key", pki.server.key, cwd=tmp_path, status=USAGE, about="--tls-cert")
    refused(
        "--tls-client-ca", pki.clients.cert, cwd=tmp_path, status=USAGE, about="--tls-cert"
    )
