"""A proxy tells the server of its flows and saves them itself, too: what the
server then writes as a .mitm file is what mitmproxy wrote."""

import json
import socket
import struct
import subprocess

import pytest
import websockets.sync.client
from files import DEADLINE_S, convert, in_mitmproxy
from harness import certificate, http1, http2
from harness.mitmdump import EXPORTER, Mitmdump
from harness.origin import Origin
from harness.server import BINARY, Server

ALL_BYTES = bytes(range(256))


@pytest.fixture(scope="session")
def origin_certificate(tmp_path_factory):
    return certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def origin(origin_certificate):
    origin = Origin(origin_certificate)
    yield origin
    origin.close()


def get(host, path, url, *fields):
    lines = [b"GET %s HTTP/1.1" % url, b"Host: %s" % host, *fields, b"Connection: close", b"", b""]
    return b"\r\n".join(lines)


def plain(proxy, origin, server):
    host = b"127.0.0.1:%d" % origin.http_port
    for path, reply in (
        ("/plain?a=1", {"headers": [(b"a", b"\xff"), (b"A", b"2")], "body": ALL_BYTES}),
        ("/nothing", {"status": 204}),
        ("/cut", {"cut": True}),
    ):
        origin.reply(path, **reply)
        url = f"http://{host.decode()}{path}"
        proxy.http1(get(host, path, url.encode(), b"X-Odd: \xfe"))
        server.wait_ended(url)


def secure(proxy, origin, server):
    port = origin.https_port
    origin.reply("/one", headers=[(b"a", b"1")], body=ALL_BYTES)
    with proxy.tls("localhost", port, ["http/1.1"]) as sock:
        sock.sendall(get(b"localhost:%d" % port, "/one", b"/one"))
        http1.read_message(sock.makefile("rb"))
    server.wait_ended(f"https://localhost:{port}/one")
    origin.reply("/two", headers=[(b"b", b"2")], body=b"x", trailers=[(b"t", b"1")])
    head = [
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":authority", b"localhost:%d" % port),
        (b":path", b"/two"),
    ]
    with proxy.tls("localhost", port, ["h2"]) as sock:
        http2.request(sock, http2.Message(head, ALL_BYTES, [(b"x-sent", b"all")]))
    server.wait_ended(f"https://localhost:{port}/two")


def websocket(proxy, origin, server):
    port = origin.websocket_port
    with websockets.sync.client.connect(
        f"ws://127.0.0.1:{port}/echo", proxy=f"http://127.0.0.1:{proxy.port}"
    ) as sock:
        for message in ("text \u2028", ALL_BYTES, ""):
            sock.send(message)
            assert sock.recv(DEADLINE_S) == message
    server.wait_flow(lambda flow: flow.http.is_websocket and flow.state == 2)


def stream(proxy, server):
    with proxy.raw_tcp()[0] as sock:
        sock.sendall(b"\x01\x02hello")
        assert sock.recv(100) == b"\x01\x02hello"
    server.wait_flow(lambda flow: flow.type == "tcp" and flow.state == 2)


def dns(proxy, server):
    name = b"\x04name\x07example\x00"
    query = struct.pack("!6H", 77, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(("127.0.0.1", proxy.dns_port))
        sock.send(query)
        sock.recv(4096)
    server.wait_flow(lambda flow: flow.type == "dns" and flow.state == 2)


def write_mitm(kind, server, path):
    """What the server has, as a file of the version that this mitmproxy writes."""
    version = in_mitmproxy(kind, "version").stdout.strip()
    done = subprocess.run(
        [BINARY, "export", "--server", server.url, "--format", "mitm"]
        + ["--mitm-version", version, "-o", path],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr


def differences(kind, one, two):
    """(how many flows, lines about what differs)"""
    run = in_mitmproxy(kind, "compare", one, two)
    assert run.returncode == 0, run.stderr
    first, *lines = run.stdout.splitlines()
    return int(first.split()[0]), lines


def certificates(lines, members=None):
    """By a flow's id: the certificates of both connections, in order, with
    these members or all."""
    found = {}
    for line in map(json.loads, lines.splitlines()):
        flow = line.get("httpFlow", {})
        certs = [
            flow.get("client", {}).get("mitmcert"),
            *flow.get("client", {}).get("certificateList", []),
            *flow.get("server", {}).get("certificateList", []),
        ]
        if any(certs):
            found[flow["id"]] = [
                {key: cert[key] for key in cert if members is None or key in members}
                for cert in certs
                if cert
            ]
    return found


def as_lines(server):
    done = subprocess.run(
        [BINARY, "export", "--server", server.url, "--format", "jsonl"],
        capture_output=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_certificates_of_a_file_are_told_as_the_exporter_tells_them(kind, tmp_path):
    saved = tmp_path / "saved.mitm"
    server = Server(tmp_path / "data")
    try:
        fed = in_mitmproxy(kind, "feed", saved, EXPORTER, server.url)
        assert fed.returncode == 0, fed.stderr
        told = certificates(as_lines(server))
    finally:
        server.stop()
    status, read, _ = convert(saved, "jsonl")
    assert status == 0
    assert len(told) >= 10
    # Older mitmproxies do not know all members, and of names URLs and mail
    # addresses not.
    members = {key for certs in told.values() for cert in certs for key in cert}
    assert members >= {"content", "fingerprintBase64", "issuers", "hasexpired", "keyinfo", "altnames"}
    found = certificates(read, members)
    names = {name for certs in told.values() for cert in certs for name in cert.get("altnames", [])}
    assert names >= {"*.example.com", "192.0.2.7", "2001:db8::1"}
    for cert in (cert for certs in found.values() for cert in certs if "altnames" in cert):
        if not names & {"a@example.com"}:
            cert["altnames"] = [name for name in cert["altnames"] if not {*"@/"} & {*name}]
    assert found == told


def test_flows_with_all_that_their_type_can_have_come_back_equal(kind, tmp_path):
    saved, ours = tmp_path / "saved.mitm", tmp_path / "ours.mitm"
    server = Server(tmp_path / "data")
    try:
        fed = in_mitmproxy(kind, "feed", saved, EXPORTER, server.url)
        assert fed.returncode == 0, fed.stderr
        write_mitm(kind, server, ours)
        count, lines = differences(kind, saved, ours)
        assert count > 50
        assert lines == []
    finally:
        server.stop()


def test_a_file_of_the_store_is_the_file_of_the_proxy(kind, origin, origin_certificate, tmp_path):
    saved, ours = tmp_path / "saved.mitm", tmp_path / "ours.mitm"
    server = Server(tmp_path / "data")
    proxy = Mitmdump(
        kind, origin, origin_certificate, server.url, tmp_path / "conf", save_stream_file=saved
    )
    try:
        plain(proxy, origin, server)
        secure(proxy, origin, server)
        websocket(proxy, origin, server)
        stream(proxy, server)
        dns(proxy, server)
        proxy.stop()
        write_mitm(kind, server, ours)
        # mitmproxy saves a flow when it ends; later it has learnt more, as
        # that a connection was closed: both files have what was told at the end.
        count, lines = differences(kind, saved, ours)
        assert count >= 8
        assert lines == []
    finally:
        proxy.end()
        server.stop()
