"""TLS as net serves it, under both versions of HTTP."""

import os
import signal
import socket
import ssl
import subprocess
import warnings

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

import wire
from certs import CLIENT, SERVER, Cert, name, rsa_key
from echo import address_of
from h2client import Client
from h2frames import read_frames
from tlsclient import TlsSocket
from wire import answer, chunk, closed, envelope, message

GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
WHO = GET.replace(b"/healthz", b"/who")
STREAM = "application/connect+proto"
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["1.2", "1.3"])
HTTP = pytest.mark.parametrize("http", ["http/1.1", "h2"])
# What a Python client sees of an alert, by its number.
ALERTS = {
    "handshake failure": "HANDSHAKE_FAILURE",
    "bad certificate": "BAD_CERTIFICATE",
    "decrypt error": "DECRYPT_ERROR",
    "expired": "CERTIFICATE_EXPIRED",
    "unknown ca": "UNKNOWN_CA",
    "protocol version": "PROTOCOL_VERSION",
    "certificate required": "CERTIFICATE_REQUIRED",
    "unsupported": "UNSUPPORTED_CERTIFICATE",
}


class Pki:
    """Who signs whom, as files in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = Cert("our CA", is_ca=True)
        self.ca_file = self.ca.write(folder, "ca")[0]
        self.server = Cert("localhost", self.ca, use=SERVER).write(folder, "server")
        self.exporter = Cert("exporter 1", self.ca, use=CLIENT).write(folder, "exporter")
        self.count = 0

    def client(self, *arguments, chain=(), **options):
        """Files of a client's certificate."""
        self.count += 1
        cert = Cert(*arguments, **options)
        return cert.write(self.folder, f"client{self.count}", *chain)

    def context(self, alpn=(), cert=None, version=None, ca_file=None):
        context = ssl.create_default_context(cafile=ca_file or self.ca_file)
        if alpn:
            context.set_alpn_protocols([alpn] if isinstance(alpn, str) else alpn)
        if cert:
            context.load_cert_chain(*cert)
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def options(self, server=None):
        cert, key = server or self.server
        return ["--tls-cert", cert, "--tls-key", key]


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def secure(start, pki):
    """A server that asks for a client's certificate and needs none."""
    return start_secure(start, pki, "--tls-client-ca", pki.ca_file)


def start_secure(start, pki, *options):
    server = start(*pki.options(), *options)
    server.tls = pki.context()
    return server


def connect(server, context, session=None):
    return TlsSocket(server.connect(), context, session)


class Over:
    """Where h2client.Client connects to."""

    def __init__(self, server, context):
        self.connect = lambda: connect(server, context)


def h2_client(server, pki, **options):
    return Client(Over(server, pki.context("h2", **options)))


def ask_who(sock):
    sock.sendall(WHO)
    status, body = answer(sock)
    assert status == 200
    return body.decode().splitlines()


def who_by(server, pki, http, **options):
    """What the server takes the client for."""
    if http == "h2":
        client = h2_client(server, pki, **options)
        stream = client.wait(client.begin("/who", end=True))
        client.close()
        return stream.data.decode().splitlines()
    with connect(server, pki.context(http, **options)) as sock:
        return ask_who(sock)


def refusal(server, context):
    """Which alert the server sends, at the latest instead of its answer."""
    with pytest.raises(ssl.SSLError) as caught:
        with connect(server, context) as sock:
            sock.sendall(WHO)
            sock.recv(1)
    return caught.value.reason


# ---- Which version of what ----


def test_the_url_says_https(secure):
    assert secure.url.startswith("https://127.0.0.1:")


@VERSIONS
def test_alpn_chooses_http_2_first(secure, pki, version):
    for offered in ["h2"], ["http/1.1", "h2"], ["foo", "h2", "http/1.1"]:
        context = pki.context(offered, version=version)
        with connect(secure, context) as sock:
            assert sock.tls.selected_alpn_protocol() == "h2"
            assert sock.tls.version() == {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}[version]
        client = Client(Over(secure, context))
        stream = client.wait(client.begin("/healthz", end=True, method="GET"))
        assert stream.data == b"healthy\n"
        client.close()


@VERSIONS
@pytest.mark.parametrize("offered", ["http/1.1", ()], ids=["http/1.1", "none"])
def test_http_1_1_is_served_by_alpn_and_without(secure, pki, version, offered):
    with connect(secure, pki.context(offered, version=version)) as sock:
        assert sock.tls.selected_alpn_protocol() == (offered or None)
        for _ in range(3):
            sock.sendall(GET)
            assert answer(sock) == (200, b"healthy\n")


def test_http_2_is_served_without_alpn_to_whom_begins_it(secure, pki):
    client = Client(Over(secure, pki.context()))
    assert client.sock.tls.selected_alpn_protocol() is None
    stream = client.wait(client.begin("/who", end=True))
    assert stream.data.decode().splitlines()[1] == "tls"
    client.close()


def test_a_client_that_offers_only_other_protocols_is_refused(secure, pki):
    with pytest.raises(ssl.SSLError) as caught:
        connect(secure, pki.context("spdy/3"))
    assert "alert no application protocol" in str(caught.value)


def test_tls_1_1_is_refused(secure, pki):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = pki.context(version=ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    assert refusal(secure, context).endswith(ALERTS["protocol version"])


def test_ciphers_that_http_2_forbids_are_refused(secure, pki):
    for ciphers in "ECDHE+AES+SHA256:ECDHE+AES+SHA384:ECDHE+AES+SHA1", "kRSA", "DHE":
        context = pki.context("h2", version=TLS_1_2)
        context.set_ciphers(ciphers)
        assert refusal(secure, context).endswith(ALERTS["handshake failure"])


def test_a_server_with_an_rsa_key_serves_both_versions(start, pki):
    files = Cert("localhost", pki.ca, key=rsa_key()).write(pki.folder, "rsa")
    server = start(*pki.options(files))
    for version in TLS_1_2, TLS_1_3:
        assert who_by(server, pki, "h2", version=version)[1] == "tls"


def test_the_chain_of_the_server_is_sent(start, pki):
    middle = Cert("middle", pki.ca, is_ca=True)
    files = Cert("localhost", middle, use=SERVER).write(pki.folder, "chained", middle)
    server = start(*pki.options(files))
    assert who_by(server, pki, "h2")[1] == "tls"


@HTTP
def test_an_exchange_knows_its_peer(secure, pki, http):
    context = pki.context(http)
    if http == "h2":
        client = Client(Over(secure, context))
        raw = client.sock.raw
        got = client.wait(client.begin("/who", end=True)).data.decode().splitlines()
        client.close()
    else:
        with connect(secure, context) as sock:
            raw = sock.raw
            local = raw.getsockname()
            got = ask_who(sock)
    if http == "h2":
        local = None
    assert got[1:] == ["tls", "-"]
    assert got[0].startswith("127.0.0.1:")
    if local:
        assert got[0] == "%s:%d" % local


def test_a_unix_socket_is_in_clear(start, pki, tmp_path):
    path = tmp_path / "socket"
    server = start(*pki.options(), "--addr", f"unix:{path}")
    assert server.url == f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        assert ask_who(sock) == ["unix", "clear", "-"]


# ---- Clients' certificates ----


@HTTP
@VERSIONS
@pytest.mark.parametrize("needs", ["0", "1"], ids=["asks", "needs"])
def test_a_client_with_a_good_certificate_is_known(start, pki, http, version, needs):
    options = ["--tls-client-ca", pki.ca_file, "--needs-client-cert", needs]
    server = start(*pki.options(), *options)
    got = who_by(server, pki, http, version=version, cert=pki.exporter)
    assert got[2] == "CN=exporter 1"


@VERSIONS
def test_a_client_without_a_certificate_is_refused_where_one_is_needed(start, pki, version):
    server = start(*pki.options(), "--tls-client-ca", pki.ca_file, "--needs-client-cert", "1")
    for alpn in "h2", "http/1.1":
        alert = "certificate required" if version == TLS_1_3 else "handshake failure"
        assert refusal(server, pki.context(alpn, version=version)).endswith(ALERTS[alert])


@VERSIONS
@pytest.mark.parametrize("needs", ["0", "1"], ids=["asks", "needs"])
def test_a_wrong_certificate_is_refused(start, pki, version, needs):
    options = ["--tls-client-ca", pki.ca_file, "--needs-client-cert", needs]
    server = start(*pki.options(), *options)
    other = Cert("our CA", is_ca=True)
    wrong = {
        # Signed by another CA, also one of the same name.
        pki.client("exporter 1", other, use=CLIENT): "decrypt error",
        pki.client("exporter 1", Cert("who", is_ca=True)): "unknown ca",
        pki.client("exporter 1"): "unknown ca",
        pki.client("exporter 1", pki.ca, days=(-3, -2)): "expired",
        pki.client("exporter 1", pki.ca, use=SERVER): "unsupported",
    }
    for cert, alert in wrong.items():
        reason = refusal(server, pki.context(cert=cert, version=version))
        assert alert in reason.lower().replace("_", " ") or reason.endswith(ALERTS[alert])


def test_a_client_may_send_the_chain_of_its_certificate(start, pki):
    server = start(*pki.options(), "--tls-client-ca", pki.ca_file, "--needs-client-cert", "1")
    middle = Cert("middle", pki.ca, is_ca=True)
    cert = pki.client("leaf", middle, use=CLIENT, chain=[middle])
    assert who_by(server, pki, "h2", cert=cert)[2] == "CN=leaf"


def test_several_client_cas_are_trusted_and_an_intermediate_one_alone(start, pki):
    one = Cert("one", is_ca=True)
    middle = Cert("middle", Cert("unknown root", is_ca=True), is_ca=True)
    ca_file = pki.folder / "several.pem"
    ca_file.write_text(one.pem + "text between\n" + middle.pem)
    server = start(*pki.options(), "--tls-client-ca", str(ca_file), "--needs-client-cert", "1")
    for issuer in one, middle:
        cert = pki.client("x", issuer)
        assert who_by(server, pki, "http/1.1", cert=cert)[2] == "CN=x"
    assert refusal(server, pki.context(cert=pki.exporter)).endswith(ALERTS["unknown ca"])


@pytest.mark.parametrize(
    "subject",
    [
        name("a", x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme, Inc. + \"x\" <y>; z\\")),
        name("Zoë Ωmega 漢字"),
        name(" #leading and trailing "),
        name("#hash"),
        x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "unit"),
                x509.NameAttribute(NameOID.COMMON_NAME, "deep"),
            ]
        ),
    ],
    ids=["escapes", "utf-8", "spaces", "hash", "order"],
)
def test_a_subject_is_told_as_rfc_4514_has_it(secure, pki, subject):
    cert = pki.client(subject, pki.ca)
    got = who_by(secure, pki, "h2", cert=cert)[2]
    assert x509.Name.from_rfc4514_string(got) == subject


def test_a_line_break_in_a_subject_is_escaped(secure, pki):
    cert = pki.client(name("two\nlines"), pki.ca)
    assert who_by(secure, pki, "h2", cert=cert)[2:] == ["CN=two\\0Alines"]


def test_needing_certificates_without_a_ca_is_an_error(pki):
    build = wire_build()
    run = subprocess.run(
        [build, *pki.options(), "--needs-client-cert", "1"], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "no CA" in run.stderr


def wire_build():
    from echo import BUILD

    return BUILD / "tests/rpc/rpc_echo_server"


# ---- Sessions ----


@VERSIONS
def test_a_resumed_session_keeps_the_clients_certificate(start, pki, version):
    server = start(*pki.options(), "--tls-client-ca", pki.ca_file, "--needs-client-cert", "1")
    context = pki.context("http/1.1", cert=pki.exporter, version=version)
    with connect(server, context) as sock:
        assert ask_who(sock)[2] == "CN=exporter 1"
        session = sock.tls.session
    for _ in range(2):
        with connect(server, context, session) as sock:
            assert sock.tls.session_reused
            assert ask_who(sock)[2] == "CN=exporter 1"


@VERSIONS
def test_a_session_without_a_certificate_does_not_open_a_stricter_listener(start, pki, version):
    server = start(
        *pki.options(),
        *["--tls-client-ca", pki.ca_file, "--needs-client-cert", "1"],
        *["--open-addr", "127.0.0.1:0"],
    )
    strict = server.address
    server.address = address_of(server.process.stdout.readline().strip())
    context = pki.context("http/1.1", version=version)
    with connect(server, context) as sock:
        assert ask_who(sock)[2] == "-"
        session = sock.tls.session
    with connect(server, context, session) as sock:
        assert sock.tls.session_reused
    server.address = strict
    alert = "certificate required" if version == TLS_1_3 else "handshake failure"
    with pytest.raises(ssl.SSLError) as caught:
        with connect(server, context, session) as sock:
            sock.sendall(WHO)
            sock.recv(1)
    assert caught.value.reason.endswith(ALERTS[alert])


# ---- Reload ----


def reload(server):
    server.process.send_signal(signal.SIGHUP)
    return server.process.stdout.readline().strip()


def subject_of(sock):
    der = sock.tls.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).subject


def test_a_reload_is_for_new_connections(start, pki):
    folder = pki.folder
    Cert("localhost", pki.ca).write(folder, "changing")
    files = str(folder / "changing.pem"), str(folder / "changing.key")
    client_ca = folder / "changing-ca.pem"
    client_ca.write_text(pki.ca.pem)
    server = start(*pki.options(files), "--tls-client-ca", str(client_ca))
    context = pki.context("http/1.1", cert=pki.exporter)
    client = h2_client(server, pki, cert=pki.exporter)
    with connect(server, context) as old:
        ask_who(old)
        session = old.tls.session
        # In mid-request, too.
        wire.begin_post(old, "/test.Echo/ClientStream", STREAM)
        other = Cert("localhost", pki.ca, key=rsa_key())
        other.write(folder, "changing")
        client_ca.write_text(Cert("new", is_ca=True).pem)
        assert reload(server) == "reloaded"
        old.sendall(chunk(envelope(message("m"))) + b"0\r\n\r\n")
        assert answer(old)[0] == 200
        assert client.wait(client.begin("/who", end=True)).data.endswith(b"CN=exporter 1\n")
        # Neither the old trust nor sessions that rest on it are left.
        with pytest.raises(ssl.SSLError) as caught:
            with connect(server, context, session) as sock:
                sock.recv(1)
        assert caught.value.reason.endswith(ALERTS["unknown ca"])
        with connect(server, pki.context()) as new:
            der = new.tls.getpeercert(binary_form=True)
            assert x509.load_der_x509_certificate(der) == other.cert
        assert ask_who(old)[2] == "CN=exporter 1"
    client.close()


def test_a_reload_that_fails_changes_nothing(start, pki):
    files = Cert("localhost", pki.ca).write(pki.folder, "breaking")
    server = start(*pki.options(files))
    with open(files[1], "w") as key:
        key.write(Cert("x").key_pem())
    assert "another certificate" in reload(server)
    assert who_by(server, pki, "h2")[1] == "tls"
    with open(files[0], "w") as cert:
        cert.write("nothing")
    assert "certificate" in reload(server)
    assert who_by(server, pki, "http/1.1")[1] == "tls"


# ---- Bodies ----


@HTTP
@VERSIONS
def test_large_bodies_come_whole_both_ways(secure, pki, http, version):
    note = os.urandom(25000).hex()
    up = envelope(message("m", note)) * 400
    down = envelope(message("repeat 400", note))
    context = pki.context(http, version=version)
    if http == "h2":
        client = Client(Over(secure, context))
        counted = client.call("/test.Echo/ClientStream", STREAM, up).data
        repeated = client.call("/test.Echo/ServerStream", STREAM, down).data
        client.close()
    else:
        with connect(secure, context) as sock:
            wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
            sock.sendall(chunk(up) + b"0\r\n\r\n")
            counted = answer(sock)[1]
            wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
            sock.sendall(chunk(down) + b"0\r\n\r\n")
            repeated = answer(sock)[1]
    assert wire.text_field(wire.envelopes(counted)[0][1], 1).startswith("400 messages")
    messages = wire.envelopes(repeated)
    assert len(messages) == 401
    assert {data for _, data in messages[:-1]} == {message("repeat 400", note)}


@HTTP
def test_single_bytes_come_whole(secure, pki, http):
    """Each byte of the request in a record of its own, and records of the
    answer arrive byte by byte."""
    context = pki.context(http)
    body = message("echo", "n" * 3000)
    if http == "h2":
        client = Client(Over(secure, context))
        sock = client.sock
    else:
        sock = connect(secure, context)
    sendall, sock.read_len = sock.sendall, 1
    sock.sendall = lambda data: [sendall(bytes([byte])) for byte in data]
    if http == "h2":
        stream = client.call("/test.Echo/Unary", "application/proto", body)
        assert stream.data == body
    else:
        wire.begin_post(sock, "/test.Echo/Unary", "application/proto")
        sock.sendall(chunk(body) + b"0\r\n\r\n")
        assert answer(sock) == (200, body)
    sock.close()


def test_requests_in_one_record_are_answered_in_order(secure, pki):
    with connect(secure, pki.context()) as sock:
        sock.sendall(GET * 3 + GET.replace(b"/healthz", b"/nothing") + WHO)
        sock.end()
        data = b""
        while part := sock.recv(65536):
            data += part
    statuses = [part[:3] for part in data.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"200", b"404", b"200"]


def test_a_paused_call_stops_its_client(secure, pki):
    with connect(secure, pki.context()) as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("pause 3600000"))))
        data = chunk(envelope(message("m", "n" * 50000)))
        messages = secure.stats()[1]
        sock.raw.settimeout(1)
        taken = 0
        with pytest.raises(TimeoutError):
            while taken < 64 << 20:
                sock.sendall(data)
                taken += len(data)
        assert taken < 32 << 20
        assert secure.stats()[1] == messages


@HTTP
def test_a_client_that_does_not_read_bounds_what_is_queued(secure, pki, http):
    body = envelope(message("repeat 2000", "n" * 50000))
    context = pki.context(http)
    before = resident_kb(secure)
    if http == "h2":
        client = Client(Over(secure, context))
        number = client.begin("/test.Echo/ServerStream", [("content-type", STREAM)])
        client.send(number, body, end=True)
    else:
        sock = connect(secure, context)
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        sock.sendall(chunk(body) + b"0\r\n\r\n")
    # The server goes on for others, and for this one when it reads.
    for _ in range(20):
        secure.stats()
    assert resident_kb(secure) - before < 160 * 1024
    data = client.wait(number).data if http == "h2" else answer(sock)[1]
    assert len(wire.envelopes(data)) == 2001


def resident_kb(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_an_answer_that_ends_its_connection_comes_whole_and_with_its_end(secure, pki):
    for _ in range(20):
        with connect(secure, pki.context()) as sock:
            sock.sendall(WHO.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            data = b""
            while part := sock.recv(65536):
                data += part
            assert data.startswith(b"HTTP/1.1 200") and data.endswith(b"tls\n-\n")


def test_keys_may_be_updated(secure, pki):
    """By OpenSSL's own client, whose command "K" asks for the server's new
    key too."""
    with subprocess.Popen(
        ["openssl", "s_client", "-connect", "%s:%d" % secure.address, "-CAfile", pki.ca_file]
        + ["-servername", "localhost", "-tls1_3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as client:
        read_until(client, b"Verify return code: 0 (ok)")
        for _ in range(3):
            client.stdin.write(b"K\n")
            client.stdin.flush()
            read_until(client, b"KEYUPDATE")
            client.stdin.write(GET)
            client.stdin.flush()
            read_until(client, b"healthy\n")
        client.stdin.close()


def read_until(process, end):
    data = b""
    while end not in data:
        part = os.read(process.stdout.fileno(), 65536)
        assert part, data
        data += part
    return data


# ---- Ends and breaks ----


@pytest.mark.parametrize("end", ["end", "truncate"])
def test_a_half_closed_client_gets_its_answer(secure, pki, end):
    with connect(secure, pki.context("http/1.1")) as sock:
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        sock.sendall(chunk(envelope(message("repeat 100", "n" * 50000))) + b"0\r\n\r\n")
        getattr(sock, end)()
        assert len(wire.envelopes(answer(sock)[1])) == 101
        assert sock.recv(1) == b""


@pytest.mark.parametrize("end", ["end", "truncate", "reset"])
def test_a_body_that_is_cut_is_no_whole_one(secure, pki, end):
    opens, _, half_closes, closes = secure.stats()
    with connect(secure, pki.context("http/1.1")) as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("m"))))
        while secure.stats()[0] == opens:
            pass
        getattr(sock, end)()
        while secure.stats()[3] == closes:
            pass
    assert secure.stats()[2] == half_closes


@HTTP
@pytest.mark.parametrize("end", ["end", "truncate", "reset", "close"])
def test_a_client_that_leaves_in_mid_answer_is_noticed(secure, pki, http, end):
    opens, _, _, closes = secure.stats()
    body = envelope(message("head"))
    if http == "h2":
        client = h2_client(secure, pki)
        number = client.begin("/test.Echo/ServerStream", [("content-type", STREAM)])
        client.send(number, body, end=True)
        client.wait(number, lambda s: s.headers)
        sock = client.sock
    else:
        sock = connect(secure, pki.context(http))
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        sock.sendall(chunk(body) + b"0\r\n\r\n")
        assert wire.read_response(sock).status == 200
    assert secure.stats()[0] == opens + 1
    getattr(sock, end)()
    while secure.stats()[3] == closes:
        pass
    sock.close()


def test_a_client_that_leaves_while_much_is_pending_is_noticed(secure, pki):
    _, _, _, closes = secure.stats()
    with connect(secure, pki.context("http/1.1")) as sock:
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        sock.sendall(chunk(envelope(message("repeat 2000", "n" * 50000))) + b"0\r\n\r\n")
        assert wire.read_response(sock).status == 200
        sock.reset()
    while secure.stats()[3] == closes:
        pass


def test_an_aborted_call_ends_the_connection(secure, pki):
    with connect(secure, pki.context("http/1.1")) as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("abort"))))
        assert sock.recv(1) == b""


# ---- What is not TLS, or not at once ----


@pytest.mark.parametrize("begin", [GET, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST / HT", b"G"])
def test_http_in_clear_is_told_so(secure, begin):
    with secure.connect() as sock:
        sock.sendall(begin)
        data = b""
        while part := sock.recv(65536):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
    assert b"TLS" in body


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 100,
        b"\x80\x2e\1\3\1" + b"\0" * 60,  # SSL 2
        b"\x17\3\3\0\5hello",
        b"\x16\3\1\0\5hello",
        b"\x16\3\1\xff\xff" + b"\xff" * 70000,
        b"\x16HTTP/1.1",
        b"\x15\3\1\0\2\1\0",
        b"hello\r\n",
        "ünï".encode(),
    ],
)
def test_garbage_is_closed(secure, pki, garbage):
    with secure.connect() as sock:
        try:
            sock.sendall(garbage)
            while sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert secure.stats()


@VERSIONS
def test_garbage_after_the_handshake_is_closed(secure, pki, version):
    for alpn in "h2", "http/1.1":
        with connect(secure, pki.context(alpn, version=version)) as sock:
            sock.raw.sendall(b"\x17\3\3\0\x20" + b"x" * 32)
            with pytest.raises(ssl.SSLError) as caught:
                while sock.recv(65536):
                    pass
            assert caught.value.reason.endswith("BAD_RECORD_MAC")


def test_garbage_inside_tls_is_closed(secure, pki):
    for alpn in "h2", "http/1.1", ():
        for garbage in b"\0" * 64, b"hello\r\n\r\n", b"\x16\3\1\0\5hello":
            with connect(secure, pki.context(alpn)) as sock:
                sock.sendall(garbage * 2)
                data = b""
                while part := sock.recv(65536):
                    data += part
            assert b" 200 " not in data


def client_hello(pki):
    outgoing = ssl.MemoryBIO()
    tls = pki.context("h2").wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_a_handshake_that_stalls_is_closed(start, pki):
    server = start_secure(start, pki, "--first-timeout-ms", "200")
    hello = client_hello(pki)
    for begin in b"", hello[:1], hello[:50], hello:
        with server.connect() as sock:
            sock.sendall(begin)
            assert closed(sock)


def test_a_handshake_may_come_byte_by_byte(secure, pki):
    hello = client_hello(pki)
    with secure.connect() as sock:
        for byte in hello:
            sock.sendall(bytes([byte]))
        assert sock.recv(3) == b"\x16\3\3"


def test_connections_in_their_handshake_count(start, pki):
    server = start_secure(start, pki, "--max-connections", "3")
    stalled = [server.connect() for _ in range(3)]
    with server.connect() as waiting:
        waiting.sendall(client_hello(pki))
        waiting.settimeout(0.3)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        stalled.pop().close()
        waiting.settimeout(30)
        assert waiting.recv(1) == b"\x16"
    for sock in stalled:
        sock.close()


def test_each_connection_counts_once(start, pki):
    server = start_secure(start, pki, "--max-connections", "3")
    open_ones = [connect(server, pki.context("http/1.1")) for _ in range(3)]
    for sock in open_ones:
        assert ask_who(sock)[1] == "tls"
    with server.connect() as waiting:
        waiting.sendall(GET)
        waiting.settimeout(0.3)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        open_ones.pop().close()
        waiting.settimeout(30)
        assert waiting.recv(12) == b"HTTP/1.1 400"
    for sock in open_ones:
        sock.close()


# ---- Time, and the end ----


@HTTP
def test_an_idle_connection_is_closed_with_its_end(start, pki, http):
    server = start_secure(start, pki, "--idle-timeout-ms", "200")
    if http == "h2":
        client = h2_client(server, pki)
        client.wait(client.begin("/who", end=True))
        sock = client.sock
    else:
        sock = connect(server, pki.context(http))
        ask_who(sock)
    while sock.recv(65536):
        pass
    sock.close()


def test_a_stopping_server_ends_every_connection(start, pki):
    server = start_secure(start, pki, "--grace-ms", "60000")
    over_1 = [connect(server, pki.context("http/1.1")) for _ in range(20)]
    over_2 = [h2_client(server, pki) for _ in range(20)]
    for sock in over_1:
        ask_who(sock)
    for client in over_2:
        client.wait(client.begin("/who", end=True))
    shaking, silent = server.connect(), connect(server, pki.context("http/1.1"))
    shaking.sendall(client_hello(pki)[:50])
    call = connect(server, pki.context("http/1.1"))
    wire.begin_post(call, "/test.Echo/ClientStream", STREAM)
    call.sendall(chunk(envelope(message("m"))))
    while server.stats()[0] == 0:
        pass
    server.process.terminate()
    assert closed(shaking)
    for sock in [*over_1, silent]:
        assert sock.recv(1) == b""
    for client in over_2:
        # By frames: the library takes no more after a GOAWAY.
        *_, (kind, _, _, payload) = read_frames(client.sock)
        assert (kind, payload[4:]) == (7, bytes(4))
    call.sendall(chunk(envelope(message("m"))) + b"0\r\n\r\n")
    response = wire.read_response(call)
    assert wire.text_field(wire.envelopes(response.read())[0][1], 1).startswith("2 messages")
    assert call.recv(1) == b""
    assert server.process.wait(30) == 0
    for sock in [*over_1, shaking, silent, call, *over_2]:
        sock.close()


@HTTP
def test_a_stopping_server_cuts_who_does_not_read(start, pki, http):
    server = start_secure(start, pki, "--grace-ms", "100")
    body = envelope(message("repeat 2000", "n" * 50000))
    if http == "h2":
        client = Client(Over(server, pki.context("h2")), auto_window=False)
        number = client.begin("/test.Echo/ServerStream", [("content-type", STREAM)])
        client.send(number, body, end=True)
        client.wait(number, lambda s: s.headers)
        sock = client.sock
    else:
        sock = connect(server, pki.context(http))
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        sock.sendall(chunk(body) + b"0\r\n\r\n")
        assert wire.read_response(sock).status == 200
    server.process.terminate()
    assert server.process.wait(30) == 0
    sock.close()
