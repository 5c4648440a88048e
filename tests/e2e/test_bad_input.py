"""What bad input gets, and that nothing else is touched by it."""

import gzip
import http.client
import io
import socket

import grpc
import pytest
from harness import build, connect, raw_grpc
from harness.process import DEADLINE_S
from harness.schema import proxy, view

INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 3, 8, 12, 13

SECRET = "captured-text-that-no-log-may-hold"


def encode(**more):
    return build.http(**more).SerializeToString()


# name: (bytes after one good message, statuses that fit)
BROKEN_STREAMS = {
    "cut in a message": (raw_grpc.frame(b"x" * 10, size=100), {INVALID_ARGUMENT, INTERNAL}),
    "cut in a head": (b"\0\0\0", {INVALID_ARGUMENT, INTERNAL}),
    "unknown flags": (raw_grpc.frame(encode(), flags=0x7E), {INVALID_ARGUMENT, INTERNAL}),
    "not protobuf": (raw_grpc.frame(b"\xff" * 20), {INVALID_ARGUMENT}),
    "cut protobuf": (raw_grpc.frame(encode()[:-3]), {INVALID_ARGUMENT}),
    "compressed without a name": (
        raw_grpc.frame(encode(), flags=1),
        {INVALID_ARGUMENT, INTERNAL, UNIMPLEMENTED},
    ),
    "too long": (raw_grpc.frame(b"x", size=1 << 30), {RESOURCE_EXHAUSTED}),
    "longest length": (raw_grpc.frame(b"x", size=0xFFFFFFFF), {RESOURCE_EXHAUSTED}),
}


@pytest.mark.parametrize("name", BROKEN_STREAMS)
def test_a_broken_stream_ends_alone(server, name):
    bad, statuses = BROKEN_STREAMS[name]
    with raw_grpc.Connection(server) as connection:
        other, broken = connection.open(), connection.open()
        connection.send(other, raw_grpc.frame(encode(url="http://other-1/")))
        connection.send(broken, raw_grpc.frame(encode(url="http://whole/")))
        connection.send(broken, bad, end=True)
        assert connection.wait(broken).status in statuses
        connection.send(other, raw_grpc.frame(encode(url="http://other-2/")), end=True)
        answer = connection.wait(other)
        assert answer.status == 0
        assert proxy.ExportFlowResponse.FromString(answer.message).flows_processed == 2
    server.wait_flow(lambda flow: flow.http.url == "http://whole/")
    assert {flow.http.url for flow in server.flows()} == {
        "http://other-1/",
        "http://other-2/",
        "http://whole/",
    }


def test_a_stream_that_the_client_breaks_off_ends_alone(server):
    with raw_grpc.Connection(server) as connection:
        other, broken = connection.open(), connection.open()
        connection.send(broken, raw_grpc.frame(encode(url="http://whole/")) + b"\0\0")
        connection.cancel(broken)
        connection.send(other, raw_grpc.frame(encode(url="http://other/")), end=True)
        assert connection.wait(other).status == 0
    server.wait_flow(lambda flow: flow.http.url == "http://whole/")


def test_a_connection_that_is_cut_keeps_what_came_whole(server):
    with raw_grpc.Connection(server) as connection:
        stream = connection.open()
        connection.send(stream, raw_grpc.frame(encode(url="http://whole/")) + b"\0\0")
        connection.cut()
    server.wait_flow(lambda flow: flow.http.url == "http://whole/")
    assert len(server.flows()) == 1


def test_a_cut_connect_stream_over_http1_is_an_error_and_keeps_the_rest(server):
    body = connect.envelope(encode(url="http://whole/")) + b"\0\0\0\1\0only"
    answer = connect.http_request(
        server,
        "POST",
        "/mitmproxy.v1.Service/ExportFlow",
        body,
        {"content-type": "application/connect+proto"},
    )
    assert answer.status == 200
    messages, end = connect.read_stream(io.BytesIO(answer.body))
    assert messages == []
    assert end["error"]["code"] in {"invalid_argument", "internal"}
    server.wait_flow(lambda flow: flow.http.url == "http://whole/")


def not_utf8():
    """A message whose URL is SECRET and a byte that is not UTF-8."""
    whole = build.http(f"http://{SECRET}/~").SerializeToString()
    return whole.replace(b"/~", b"/\xff")


UNUSABLE = {
    "no flow": proxy.ExportFlowRequest(event_type=proxy.EVENT_TYPE_RESPONSE).SerializeToString(),
    "empty": b"",
    "no id": build.http(f"http://{SECRET}/", flow_id="").SerializeToString(),
    "not UTF-8": not_utf8(),
}


def test_unusable_messages_are_counted_told_and_logged_alone(server):
    bodies = [encode(url="http://first/"), *UNUSABLE.values(), encode(url="http://last/")]
    with raw_grpc.Connection(server) as connection:
        stream = connection.open()
        connection.send(stream, b"".join(map(raw_grpc.frame, bodies)), end=True)
        ended = connection.wait(stream)
    assert ended.status == 0
    answer = proxy.ExportFlowResponse.FromString(ended.message)
    assert answer.flows_processed == len(bodies)
    assert answer.rejected == len(UNUSABLE)
    assert [rejection.index for rejection in answer.rejections] == [1, 2, 3, 4]
    assert all(rejection.reason for rejection in answer.rejections)
    assert {flow.http.url for flow in server.flows()} == {"http://first/", "http://last/"}
    server.process.wait_lines("left out", count=len(UNUSABLE))
    assert SECRET not in server.process.output
    assert SECRET not in str(answer)


ODD_IDS = [
    "../../../etc/passwd",
    "/",
    "..",
    "a\0b",
    "\0",
    "x" * 4096,
    " ",
    "%2e%2e%2f",
    "'; drop table flow; --",
    "\N{SNOWMAN}\N{COMBINING ACUTE ACCENT}\u202e",
    "con\r\n: injected",
]


def test_odd_ids_are_data(server, tmp_path):
    messages = [build.http(flow_id=flow_id) for flow_id in ODD_IDS]
    server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)
    before = sorted(path for path in tmp_path.rglob("*"))
    assert [flow.id for flow in server.flows()][::-1] == ODD_IDS
    for flow_id in ODD_IDS:
        request = view.GetFlowRequest(flow_id=flow_id)
        flow = server.viewer.GetFlow(request, timeout=DEADLINE_S).flow
        assert flow.http_flow.id == flow_id
        update = view.UpdateFlowRequest(flow_id=flow_id, pinned=True)
        updated = server.viewer.UpdateFlow(update, timeout=DEADLINE_S).flow
        assert (updated.id, updated.pinned) == (flow_id, True)
    for flow_id in ODD_IDS:
        request = view.DeleteFlowsRequest(flow_ids=[flow_id])
        assert server.viewer.DeleteFlows(request, timeout=DEADLINE_S).count == 1
    assert server.flows() == []
    assert sorted(path for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "metadata",
    [
        ("mitmflow-session", "no spaces"),
        ("mitmflow-session", "x" * 65),
        ("mitmflow-source-bin", b"\xff"),
        ("mitmflow-source-bin", b"x" * 256),
    ],
)
def test_metadata_that_cannot_be_is_refused(server, metadata):
    with pytest.raises(grpc.RpcError) as error:
        server.ingest.ExportFlow(iter([build.http()]), timeout=DEADLINE_S, metadata=[metadata])
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert server.flows() == []


@pytest.mark.parametrize(
    "filters",
    [
        {"http": view.HttpFilter(status_codes=["9x9"])},
        {"http": view.HttpFilter(status_codes=["300-200-100"])},
        {"flow_types": ["smtp"]},
    ],
)
def test_a_filter_that_means_nothing_is_refused(server, filters):
    with pytest.raises(grpc.RpcError) as error:
        server.flows(**filters)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("note", ["x" * 70000, "before\0after"], ids=["too long", "NUL"])
def test_a_note_that_cannot_be_kept_whole_is_refused(server, note):
    server.ingest.ExportFlow(iter([build.http(flow_id="one")]), timeout=DEADLINE_S)
    request = view.UpdateFlowRequest(flow_id="one", note=note)
    with pytest.raises(grpc.RpcError) as error:
        server.viewer.UpdateFlow(request, timeout=DEADLINE_S)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert [flow.note for flow in server.flows()] == [""]


def test_long_json_is_refused_where_long_binary_is_not(server):
    """It is read where all others wait."""
    text = b"{" + b" " * (33 << 20) + b"}"
    answer = connect.http_request(
        server,
        "POST",
        "/mitmproxy.v1.Service/ExportFlow",
        raw_grpc.frame(gzip.compress(text), flags=1),
        {"content-type": "application/connect+json", "connect-content-encoding": "gzip"},
    )
    messages, end = connect.read_stream(io.BytesIO(answer.body))
    assert messages == []
    assert end["error"]["code"] == "resource_exhausted"


# ---- Host and Origin ----


def ask(server, host, origin=None, method="POST"):
    """Status of a call with that Host (None: without one) and Origin."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=DEADLINE_S)
    connection.putrequest(method, "/mitmflow.v1.Service/GetFlow", skip_host=True)
    if host is not None:
        connection.putheader("Host", host)
    if origin is not None:
        connection.putheader("Origin", origin)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"{}")
    status = connection.getresponse().status
    connection.close()
    return status


ANSWERED = 404  # no flow of that id


def test_hosts_that_are_addresses_or_localhost_or_given_are_answered(start_server):
    server = start_server("--host", "flows.example", "--host=other.example")
    port = server.port
    for host in (
        f"127.0.0.1:{port}",
        f"localhost:{port}",
        f"LOCALHOST:{port}",
        f"[::1]:{port}",
        "192.0.2.1",
        f"flows.example:{port}",
        "other.example",
    ):
        assert ask(server, host) == ANSWERED, host


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:50051",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1, evil.example",
        "",
        None,
    ],
)
def test_another_host_is_refused(server, host):
    assert ask(server, host) in {400, 403, 421}


def test_another_host_is_refused_over_http2(server):
    with raw_grpc.Connection(server, authority="evil.example") as connection:
        stream = connection.open()
        connection.send(stream, raw_grpc.frame(encode()), end=True)
        answer = connection.wait(stream)
    assert answer.headers[b":status"] in {b"400", b"403", b"421"}
    assert server.flows() == []


def test_origins_of_the_page_itself_are_answered(server):
    for host in (f"127.0.0.1:{server.port}", f"localhost:{server.port}"):
        assert ask(server, host, f"http://{host}") == ANSWERED


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://localhost",
        "http://127.0.0.1:1",
        "chrome-extension://abc",
        "http://127.0.0.1:{port}.evil.example",
        "",
    ],
)
def test_another_origin_is_refused(server, origin):
    host = f"127.0.0.1:{server.port}"
    assert ask(server, host, origin.format(port=server.port)) == 403


# ---- HTTP itself ----


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64,
        b"GET\r\n\r\n",
        b"\0" * 100,
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200000 + b"\r\n\r\n",
        b"POST /mitmproxy.v1.Service/ExportFlow HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/connect+proto\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["tls", "no-target", "zeros", "bad-preface", "bad-frames", "long-head", "bad-chunk"],
)
def test_garbage_on_a_connection_harms_that_connection_only(server, raw):
    with socket.create_connection((server.host, server.port), DEADLINE_S) as sock:
        try:
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except ConnectionError:
            pass
    server.ingest.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    assert len(server.flows()) == 1
