"""Rules in a real mitmdump: what they name is nowhere but with the client."""

import gzip
import http.client
import json
import pathlib
import re
import sqlite3
import ssl
import time
import urllib.parse

import brotli
import pytest
import websockets.sync.client
from harness import certificate, schema
from harness.mitmdump import DEADLINE_S
from harness.origin import Origin
from harness.server import Server
from proxies import starter
from zstd_frames import unpack

SECRET = b"s3cr3t"
SAME = "s3cr3t-same"
MARK = re.compile(rb"REDACTED-[0-9a-f]{16}")
QUERY = urllib.parse.urlencode({"token": SAME, "a": "kept"})
PATHS = ["/json", "/gzip", "/br", "/form", "/multipart", "/broken"]

RULES = [
    "header authorization, cookie, set-cookie, x-api-*",
    "query token",
    "form password",
    "json $..token, $.items[*].key",
    "regex /s3cr3t-by-regex-[a-z]+/",
    "skip-body type=application/x-skipped",
    "skip-flow host=localhost",
]


@pytest.fixture
def origin(tmp_path):
    origin = Origin(certificate.make(tmp_path))
    document = json.dumps({"token": SAME, "items": [{"key": "s3cr3t-key", "kept": "kept"}]})
    for path, encoding, encode in [
        ("/json", None, bytes),
        ("/gzip", b"gzip", gzip.compress),
        ("/br", b"br", brotli.compress),
        ("/broken", b"gzip", lambda body: gzip.compress(body)[:-9]),
    ]:
        headers = [(b"Content-Type", b"application/json"), (b"Set-Cookie", b"id=s3cr3t-set; Path=/")]
        headers += [(b"Content-Encoding", encoding)] if encoding else []
        origin.reply(f"{path}?{QUERY}", headers=headers, body=encode(document.encode()))
    for path in ("/form", "/multipart"):
        origin.reply(f"{path}?{QUERY}", body=b"s3cr3t-by-regex-body", reason=b"s3cr3t-by-regex-reason")
    headers = [(b"Content-Type", b"application/x-skipped")]
    origin.reply(f"/skipped?{QUERY}", headers=headers, body=b"s3cr3t-skipped")
    yield origin
    origin.close()


def multipart():
    head = b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n'
    return head + SAME.encode() + b"\r\n--b--\r\n"


def request(connection, path, prefix=""):
    body, kind = b"", ""
    if path == "/form":
        body, kind = b"a=kept&password=" + SAME.encode(), "application/x-www-form-urlencoded"
    elif path == "/multipart":
        body, kind = multipart(), "multipart/form-data; boundary=b"
    headers = {
        "Authorization": f"Bearer {SAME}",
        "Cookie": f"a={SAME}; b=s3cr3t-b",
        "X-Api-Key": "s3cr3t-api",
        "X-Other": "s3cr3t-by-regex-header",
        "Referer": f"http://kept/?token={SAME}",
        "Content-Type": kind,
    }
    connection.request("POST", f"{prefix}{path}?{QUERY}", body, headers)
    connection.getresponse().read()


def visit(proxy, origin):
    """Each path by HTTP and HTTPS, and a WebSocket. Returns how many flows."""
    plain = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=DEADLINE_S)
    context = ssl._create_unverified_context()
    tls = http.client.HTTPSConnection(
        "127.0.0.1", proxy.port, timeout=DEADLINE_S, context=context
    )
    tls.set_tunnel("127.0.0.1", origin.https_port)
    for path in [*PATHS, "/skipped"]:
        request(plain, path, f"http://127.0.0.1:{origin.http_port}")
        request(tls, path)
    request(plain, "/json", f"http://localhost:{origin.http_port}")
    plain.close()
    tls.close()
    with websockets.sync.client.connect(
        f"ws://127.0.0.1:{origin.websocket_port}/ws?token={SAME}",
        proxy=f"http://127.0.0.1:{proxy.port}",
    ) as socket:
        for _ in range(50):
            socket.send(json.dumps({"token": SAME, "a": "kept"}))
            socket.recv()
            socket.send("s3cr3t-by-regex-message kept")
            socket.recv()
    return 2 * len([*PATHS, "/skipped"]) + 1


def wait_flows(server, count):
    """All HTTP flows but CONNECT, whole, once so many have ended."""
    until = time.monotonic() + DEADLINE_S
    while True:
        flows = [flow for flow in server.flows() if flow.http.method != "CONNECT"]
        done = [flow for flow in flows if flow.state == schema.view.FLOW_STATE_ENDED]
        if len(done) >= count:
            assert len(flows) == count
            return [server.flow(flow).http_flow for flow in flows]
        assert time.monotonic() < until, flows
        time.sleep(0.05)


def stored(folder):
    """All that is in files of a folder, and in what is packed in them."""
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            yield data
            yield from unpack(data)
            if data.startswith(b"SQLite format 3"):
                yield from rows(path)


def rows(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as base:
        tables = base.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for row in base.execute(f'select * from "{table}"'):
                for value in row:
                    if isinstance(value, (bytes, str)):
                        data = value if isinstance(value, bytes) else value.encode()
                        yield data
                        yield from unpack(data)


def check_stored(folder):
    all_of_it = list(stored(folder))
    assert not [data for data in all_of_it if SECRET in data]
    # It would have been found.
    assert any(b"kept" in data for data in all_of_it)


def by_path(flows):
    return {urllib.parse.urlsplit(flow.request.url).path: flow for flow in flows}


def mark_of(data):
    return MARK.search(data).group()


def options(url):
    return [f"grpc_addr={url}", "ssl_insecure=true", *(f"grpc_redact={rule}" for rule in RULES)]


def test_secrets_are_nowhere_and_equal_ones_have_equal_marks(start_proxy, origin, tmp_path):
    server = Server(tmp_path / "data")
    try:
        proxy = start_proxy(*options(server.url))
        proxy.process.wait_lines("exporting to")
        flows = wait_flows(server, visit(proxy, origin))
        assert not [flow for flow in flows if SECRET in flow.SerializeToString()]
        path = by_path(flows)
        assert set(path) == {*PATHS, "/skipped", "/ws"}
        mark = mark_of(path["/form"].request.content)
        for name in ("/json", "/gzip", "/br"):
            response = path[name].response
            assert mark_of(response.content) == mark
            assert json.loads(response.content)["items"][0]["kept"] == "kept"
            assert response.content_changed and not response.raw_content
        assert mark_of(path["/multipart"].request.content) == mark
        assert path["/form"].request.content == b"a=kept&password=" + mark
        assert mark in path["/json"].request.url.encode()
        headers = {f.name: f.value for f in path["/json"].request.header_fields}
        assert headers[b"Authorization"] == b"Bearer " + mark
        assert headers[b"Cookie"].startswith(b"a=" + mark + b"; b=REDACTED-")
        assert "breaks off" in path["/broken"].response.content_left_out
        assert path["/skipped"].response.content_left_out == RULES[5]
        messages = [m.content for m in path["/ws"].websocket_messages]
        assert json.loads(messages[0]) == {"token": mark.decode(), "a": "kept"}
        assert len(messages) == 200 and messages[2].endswith(b" kept")
        proxy.stop()
    finally:
        server.stop()
    check_stored(tmp_path / "data")


def test_secrets_are_not_on_disk_while_the_server_is_away(
    one_kind, start_one_proxy, origin, tmp_path
):
    proxy = start_one_proxy(*options("http://127.0.0.1:1"))
    proxy.process.wait_lines("mitmflow: ")
    count = visit(proxy, origin)
    proxy.stop()
    check_stored(tmp_path / "mitmflow-spool")
    other = tmp_path / "other"
    other.mkdir()
    server = Server(tmp_path / "data")
    try:
        # The next start of the same proxy sends what it has, and another
        # proxy with a key of its own makes other marks.
        for start in (starter(one_kind, tmp_path), starter(one_kind, other)):
            proxy = next(start)(*options(server.url))
            proxy.process.wait_lines("exporting to")
            if proxy.folder == other:
                visit(proxy, origin)
            flows = wait_flows(server, count * (2 if proxy.folder == other else 1))
            proxy.stop()
            start.close()
        assert not [flow for flow in flows if SECRET in flow.SerializeToString()]
        marks = {
            mark_of(flow.request.content)
            for flow in flows
            if urllib.parse.urlsplit(flow.request.url).path == "/form"
        }
        assert len(marks) == 2
    finally:
        server.stop()


def test_a_wrong_rule_is_told_by_its_place_and_text(start_one_proxy, recorder):
    proxy = start_one_proxy(
        f"grpc_addr={recorder.url}", "grpc_redact=header a", "grpc_redact=heder b"
    )
    [line] = proxy.process.wait_lines("mitmflow: ")
    assert 'rule 2, "heder b": it begins with header' in line
    proxy.wait_listening()
    proxy.get("/p")
    proxy.stop()
    assert recorder.messages == []
