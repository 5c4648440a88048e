"""Real mitmproxies and the real server, with TLS between them."""

import grpc
import pytest
from harness import sockets
from harness.authority import Authority
from harness.server import Server


class Pki:
    def __init__(self, folder):
        self.ca = Authority(folder, "ca")
        self.clients = Authority(folder, "clients")
        self.strangers = Authority(folder, "strangers")
        self.server = self.ca.issue("server")
        self.expired = self.ca.issue("expired", days=-1)
        self.misnamed = self.ca.issue("misnamed", hosts=["flows.example"])
        self.client = self.clients.issue("client")
        self.stray_client = self.strangers.issue("stray")

    def credentials(self):
        return grpc.ssl_channel_credentials(
            self.ca.cert.read_bytes(), self.client.key.read_bytes(), self.client.cert.read_bytes()
        )


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def start_server(tmp_path, pki):
    started = []

    def start(identity, *more, port=0):
        server = Server(
            tmp_path / "data",
            *("--tls-cert", identity.cert, "--tls-key", identity.key, *more),
            addr=f"127.0.0.1:{port}",
            credentials=pki.credentials(),
        )
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.popen.poll() is None:
            server.stop()


def url_of(server):
    return f"https://localhost:{server.port}"


def wait_paths(server, proxy, *paths):
    """Until the server has these flows, ended, and no others."""
    for path in paths:
        server.wait_ended(f"http://127.0.0.1:{proxy.origin.port}{path}")
    assert len(server.flows(flow_types=["http"])) == len(paths)


def test_flows_arrive_over_tls(start_proxy, start_server, pki):
    server = start_server(pki.server)
    proxy = start_proxy(f"grpc_addr={url_of(server)}", f"grpc_ca={pki.ca.cert}")
    proxy.process.wait_lines(f"mitmflow: exporting to {url_of(server)}")
    proxy.get("/a")
    proxy.get("/b")
    wait_paths(server, proxy, "/a", "/b")
    proxy.stop()
    assert len(proxy.mitmflow_lines()) == 1


def test_a_client_certificate_is_shown(start_proxy, start_server, pki):
    server = start_server(pki.server, "--tls-client-ca", pki.clients.cert)
    proxy = start_proxy(
        f"grpc_addr={url_of(server)}",
        f"grpc_ca={pki.ca.cert}",
        f"grpc_cert={pki.client.cert}",
        f"grpc_key={pki.client.key}",
    )
    proxy.process.wait_lines("mitmflow: exporting to")
    proxy.get("/a")
    wait_paths(server, proxy, "/a")
    proxy.stop()


def test_the_environment_can_name_the_authorities(start_one_proxy, start_server, pki):
    server = start_server(pki.server)
    proxy = start_one_proxy(
        f"grpc_addr=https://127.0.0.1:{server.port}", env={"SSL_CERT_FILE": str(pki.ca.cert)}
    )
    proxy.process.wait_lines("mitmflow: exporting to")
    proxy.get("/a")
    wait_paths(server, proxy, "/a")
    proxy.stop()


# What the server or the proxy has wrong -> what the one line says.
WRONG = {
    "expired": "its certificate expired on ",
    "misnamed": "its certificate is not for localhost but for flows.example",
    "unknown": "its certificate comes from ca, which is not trusted; grpc_ca can name",
    "no client certificate": "gRPC status 16: exporters must show a client certificate",
    "stray client": "it does not trust the client certificate of grpc_cert",
}


def wrong_setup(what, pki):
    """(server's certificate and more flags, proxy's options)"""
    strict = ("--tls-client-ca", pki.clients.cert)
    own = [f"grpc_cert={pki.stray_client.cert}", f"grpc_key={pki.stray_client.key}"]
    ca = f"grpc_ca={pki.ca.cert}"
    return {
        "expired": ((pki.expired,), [ca]),
        "misnamed": ((pki.misnamed,), [ca]),
        "unknown": ((pki.server,), [f"grpc_ca={pki.strangers.cert}"]),
        "no client certificate": ((pki.server, *strict), [ca]),
        "stray client": ((pki.server, *strict), [ca, *own]),
    }[what]


def mend(what, server, proxy, start_server, pki):
    """The server that the flows come to then."""
    if what in ("expired", "misnamed"):
        server.stop()
        return start_server(pki.server, port=server.port)
    if what == "unknown":
        assert proxy.set(grpc_ca=str(pki.ca.cert)) is None
    else:
        # One at a time, as a person does it: the key waits for its certificate.
        assert proxy.set(grpc_cert="") is None
        assert proxy.set(grpc_key=str(pki.client.key)) is None
        assert proxy.set(grpc_cert=str(pki.client.cert)) is None
    return server


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_once_and_flows_wait_until_it_is_mended(
    what, start_one_proxy, start_server, pki
):
    flags, options = wrong_setup(what, pki)
    server = start_server(*flags)
    proxy = start_one_proxy(f"grpc_addr={url_of(server)}", *options)
    [line] = proxy.process.wait_lines("mitmflow: cannot export to")
    assert f"{url_of(server)}: {WRONG[what]}" in line
    for number in range(3):
        proxy.get(f"/{number}")
    proxy.wait_status(lambda status: status["waiting"] != "0")
    assert WRONG[what] in proxy.status()["last error"]
    server = mend(what, server, proxy, start_server, pki)
    proxy.process.wait_lines("mitmflow: exporting to")
    wait_paths(server, proxy, "/0", "/1", "/2")
    proxy.wait_status(lambda status: status["waiting"] == "0")
    assert len([line for line in proxy.mitmflow_lines() if "cannot export" in line]) <= 1
    proxy.stop()


def test_a_server_that_speaks_no_tls_is_told_as_such(start_one_proxy, recorder, pki):
    proxy = start_one_proxy(f"grpc_addr=https://127.0.0.1:{recorder.port}")
    line = proxy.process.wait_lines("mitmflow: cannot export to")[0]
    assert "it does not speak TLS (is it an http:// address?)" in line or "closed" in line
    proxy.stop()


def test_a_proxy_in_clear_is_not_answered_by_a_server_with_tls(start_one_proxy, start_server, pki):
    server = start_server(pki.server)
    proxy = start_one_proxy(f"grpc_addr=http://localhost:{server.port}")
    proxy.process.wait_lines("mitmflow: cannot export to")
    proxy.get("/a")
    assert proxy.set(grpc_ca=str(pki.ca.cert)) is None
    assert proxy.set(grpc_addr=url_of(server)) is None
    wait_paths(server, proxy, "/a")
    proxy.stop()


def test_the_second_server_may_be_one_in_clear(start_one_proxy, recorder, pki):
    away = sockets.free_port()
    proxy = start_one_proxy(f"grpc_addr=https://localhost:{away},{recorder.url}")
    proxy.process.wait_lines(f"mitmflow: exporting to {recorder.url}")
    proxy.get("/p")
    recorder.wait(lambda: recorder.messages)
    proxy.stop()
