"""The published exporter's recorded streams, fed to a running server."""

import collections
import gzip
import io
import socket

import pytest
from harness import connect, http1, schema
from harness.process import DEADLINE_S
from harness.schema import proxy, view

GOLDEN = schema.ROOT / "tests" / "golden"

HTTP = ["REQUESTHEADERS", "RESPONSEHEADERS", "RESPONSE"]
# name: what its README says, as events in order and each flow's end.
STREAMS = {
    "http-get": (HTTP, ["ENDED"]),
    "http-post-json": (HTTP, ["ENDED"]),
    "https-get": (["HTTP_CONNECT", "HTTP_CONNECTED", *HTTP], ["ENDED", "ENDED"]),
    "http-odd": (HTTP * 3, ["ENDED"] * 3),
    "http-error": (["REQUESTHEADERS", "ERROR"], ["ENDED"]),
    "websocket": (
        [*HTTP, "WEBSOCKET_START", *["WEBSOCKET_MESSAGE"] * 8, "WEBSOCKET_END"],
        ["ENDED"],
    ),
    "tcp": (["TCP_START", *["TCP_MESSAGE"] * 6, "TCP_END"], ["ENDED"]),
    "udp": (["UDP_START", *["UDP_MESSAGE"] * 4], ["CUT_OFF"]),
    "dns": (["DNS_REQUEST", "DNS_RESPONSE"], ["ENDED"]),
}


def read(name):
    return (GOLDEN / f"{name}.bin").read_bytes()


def decode(raw):
    """The messages in a recorded stream."""
    request = http1.read_message(io.BytesIO(raw))
    body = io.BytesIO(request.body)
    messages = []
    while envelope := connect.read_envelope(body):
        messages.append(proxy.ExportFlowRequest.FromString(envelope[1]))
    return messages


def kind_and_flow(container):
    kind = container.WhichOneof("flow")
    return kind, getattr(container, kind)


def last_snapshots(messages):
    """Flow id -> its last snapshot, in order of first arrival."""
    flows = collections.OrderedDict()
    for message in messages:
        flow = kind_and_flow(message.flow)
        flows[flow[1].id] = flow
    return flows


def feed(server, pieces):
    """Send the pieces and read the whole answer."""
    with socket.create_connection((server.host, server.port), DEADLINE_S) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            sock.sendall(piece)
        return http1.read_message(sock.makefile("rb"), until_close=True)


def check(server, name, answer):
    messages = decode(read(name))
    assert answer.first_line.startswith(b"HTTP/1.1 200")
    assert answer.get(b"content-type") == b"application/connect+proto"
    [response], end = connect.read_stream(io.BytesIO(answer.body))
    response = proxy.ExportFlowResponse.FromString(response)
    assert response.received
    assert response.flows_processed == len(messages)
    assert response.rejected == 0
    assert "error" not in end

    expected = last_snapshots(messages)
    summaries = server.flows()[::-1]
    told = [view.FlowState.Name(s.state).removeprefix("FLOW_STATE_") for s in summaries]
    if "CUT_OFF" in STREAMS[name][1]:
        # It is marked when the stream is over, which is after the answer.
        server.wait_flow(lambda flow: flow.state == view.FLOW_STATE_CUT_OFF)
        told = [view.FlowState.Name(s.state).removeprefix("FLOW_STATE_") for s in server.flows()]
    assert told == STREAMS[name][1]
    assert [s.id for s in summaries] == list(expected)
    for summary in summaries:
        stored = server.flow(summary)
        assert kind_and_flow(stored) == expected[summary.id]


@pytest.mark.parametrize("name", STREAMS)
def test_the_recording_is_what_its_readme_says(name):
    events = [
        proxy.EventType.Name(m.event_type).removeprefix("EVENT_TYPE_") for m in decode(read(name))
    ]
    assert events == STREAMS[name][0]


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_stream_is_kept_with_every_field(server, name):
    check(server, name, feed(server, [read(name)]))


@pytest.mark.parametrize("name", ["http-odd", "websocket"])
def test_a_stream_fed_byte_by_byte_is_kept_the_same(server, name):
    raw = read(name)
    check(server, name, feed(server, (raw[at : at + 1] for at in range(len(raw)))))


def test_all_streams_at_once_are_kept(server):
    """Each connection gets a piece in turn."""
    raws = [read(name) for name in STREAMS]
    sockets = [
        socket.create_connection((server.host, server.port), DEADLINE_S) for _ in raws
    ]
    size = 97
    for at in range(0, max(map(len, raws)), size):
        for sock, raw in zip(sockets, raws, strict=True):
            sock.sendall(raw[at : at + size])
    processed = 0
    for sock in sockets:
        with sock:
            answer = http1.read_message(sock.makefile("rb"), until_close=True)
        [response], _ = connect.read_stream(io.BytesIO(answer.body))
        processed += proxy.ExportFlowResponse.FromString(response).flows_processed
    messages = [message for raw in raws for message in decode(raw)]
    assert processed == len(messages)
    assert {flow.id for flow in server.flows()} == set(last_snapshots(messages))


def test_what_the_recordings_hold(server):
    """The facts of the README by themselves, against a decoder gone wrong."""
    for name in STREAMS:
        feed(server, [read(name)])
    flows = {}
    for summary in server.flows():
        flows.setdefault(summary.type, []).append(server.flow(summary))
    assert {kind: len(found) for kind, found in flows.items()} == {
        "http": 9,
        "tcp": 1,
        "udp": 1,
        "dns": 1,
    }
    bodies = [flow.http_flow.response.content for flow in flows["http"]]
    assert any(set(body) == set(range(256)) for body in bodies)
    assert not any(body.startswith(gzip.compress(b"")[:3]) for body in bodies)
    cookies = [
        value
        for flow in flows["http"]
        for name, value in flow.http_flow.response.headers.items()
        if name.lower() == "set-cookie"
    ]
    assert any(", " in cookie for cookie in cookies)
    [socket_flow] = [flow.http_flow for flow in flows["http"] if flow.http_flow.is_websocket]
    assert len(socket_flow.websocket_messages) == 8
    assert len(flows["tcp"][0].tcp_flow.messages) == 6
    assert len(flows["udp"][0].udp_flow.messages) == 4
    [answer] = flows["dns"][0].dns_flow.response.answers
    assert answer.data == bytes([192, 0, 2, 7])
    assert any(flow.http_flow.error for flow in flows["http"])
