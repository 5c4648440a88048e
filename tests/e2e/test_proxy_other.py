"""WebSocket, raw TCP, UDP and DNS through a real mitmdump."""

import socket
import uuid

import pytest
import websockets.sync.client
from harness import compare, schema
from harness.process import DEADLINE_S

ALL_BYTES = bytes(range(256))
TEXT, BINARY = 1, 2


def test_a_websocket_is_kept_with_types_and_its_end(chain):
    path = f"/{uuid.uuid4()}"
    port = chain.origin.websocket_port
    uri = f"ws://127.0.0.1:{port}{path}"
    sent = ["first \N{SNOWMAN}", ALL_BYTES, "", "last"]
    with compare.Span() as span:
        sock = chain.mitmdump.tunnel("127.0.0.1", port)
        with websockets.sync.client.connect(
            uri, sock=sock, compression=None, proxy=None
        ) as connection:
            local = connection.local_address
            for message in sent:
                connection.send(message)
                assert connection.recv(DEADLINE_S) == message
            connection.close(4001, "done \N{SNOWMAN}")
        flow = chain.server.wait_ended(f"http://127.0.0.1:{port}{path}").http_flow
    assert flow.is_websocket
    assert flow.response.status_code == 101
    compare.is_client(flow.client, local, chain.mitmdump.port, chain.kind)
    expected = []
    for message in sent:
        content = message.encode() if isinstance(message, str) else message
        opcode = TEXT if isinstance(message, str) else BINARY
        expected += [(True, opcode, content), (False, opcode, content)]
    told = [(m.from_client, m.opcode, m.content) for m in flow.websocket_messages]
    assert told == expected
    span.holds_in_order(*(m.timestamp for m in flow.websocket_messages))
    close = flow.websocket_close
    assert (close.by_client, close.code, close.reason) == (True, 4001, "done \N{SNOWMAN}")


def test_a_long_websocket_is_kept_message_by_message(chain):
    """Long enough that it grows by appends, to its end."""
    path = f"/{uuid.uuid4()}"
    port = chain.origin.websocket_port
    uri = f"ws://127.0.0.1:{port}{path}"
    batch, batches = 50, 20
    sent = [f"{number:06} " * 30 for number in range(batch * batches)]
    sock = chain.mitmdump.tunnel("127.0.0.1", port)
    with websockets.sync.client.connect(
        uri, sock=sock, compression=None, proxy=None
    ) as connection:
        for begin in range(0, len(sent), batch):
            for message in sent[begin : begin + batch]:
                connection.send(message)
            for message in sent[begin : begin + batch]:
                assert connection.recv(DEADLINE_S) == message
    flow = chain.server.wait_ended(f"http://127.0.0.1:{port}{path}").http_flow
    for from_client in (True, False):
        told = [m.content.decode() for m in flow.websocket_messages if m.from_client == from_client]
        assert told == sent
    assert flow.websocket_close.code == 1000
    assert flow.duration_ms > 0


def ended(kind):
    """Fits a summary of this type that has ended."""
    return lambda flow: flow.type == kind and flow.state == schema.view.FLOW_STATE_ENDED


def from_port(kind, port, state):
    def fits(flow):
        summary = getattr(flow, kind)
        return (
            flow.type == kind and flow.state == state and summary.client_peername_port == port
        )

    return fits


def receive(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, f"{len(data)} of {size} bytes"
        data += more
    return data


def test_raw_tcp_is_kept_message_by_message(chain):
    # Letters first would be taken for HTTP by older versions.
    sent = [b"\x01\x02hello", ALL_BYTES * 40, b"\x00", b"bye"]
    with compare.Span() as span:
        sock, port = chain.mitmdump.raw_tcp()
        with sock:
            address = sock.getsockname()
            for message in sent:
                sock.sendall(message)
                assert receive(sock, len(message)) == message
        summary = chain.server.wait_flow(
            from_port("tcp", address[1], schema.view.FLOW_STATE_ENDED)
        )
        flow = chain.server.flow(summary).tcp_flow
    compare.is_client(flow.client, address, port, chain.kind)
    compare.is_server(flow.server, "127.0.0.1", chain.origin.tcp_port)
    total = b"".join(sent)
    for from_client in (True, False):
        messages = [m.content for m in flow.messages if m.from_client == from_client]
        assert b"".join(messages) == total
    assert flow.messages[0].from_client
    assert flow.messages[0].content == sent[0]
    assert flow.messages[1].content == sent[0]
    span.holds_in_order(*(m.timestamp for m in flow.messages))
    assert summary.client_bytes == summary.server_bytes == len(total)
    assert summary.message_count == len(flow.messages)


def test_udp_is_kept_datagram_by_datagram(chain):
    if not chain.kind.has_modes:
        pytest.skip("mitmproxy has UDP flows from 9.0 on")
    sent = [b"one", ALL_BYTES, b"\x00"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(("127.0.0.1", chain.mitmdump.udp_port))
        address = sock.getsockname()
        for message in sent:
            sock.send(message)
            assert sock.recv(65536) == message
    summary = chain.server.wait_flow(
        lambda flow: from_port("udp", address[1], schema.view.FLOW_STATE_LIVE)(flow)
        and flow.message_count == 2 * len(sent)
    )
    flow = chain.server.flow(summary).udp_flow
    expected = [(who, message) for message in sent for who in (True, False)]
    assert [(m.from_client, m.content) for m in flow.messages] == expected
    compare.is_client(flow.client, address, chain.mitmdump.udp_port, chain.kind)
    assert (flow.server.address_host, flow.server.address_port) == (
        "127.0.0.1",
        chain.origin.udp_port,
    )


def dns_query(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def test_a_dns_question_and_its_answer_are_kept(chain):
    name = f"{uuid.uuid4()}.example"
    query = dns_query(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(DEADLINE_S)
        sock.connect(("127.0.0.1", chain.mitmdump.dns_port))
        address = sock.getsockname()
        sock.send(query)
        answer = sock.recv(4096)
    assert answer.endswith(b"\xc0\x00\x02\x07")
    summary = chain.server.wait_flow(
        lambda flow: ended("dns")(flow) and flow.dns.question_name == name
    )
    assert list(summary.dns.answers) == ["192.0.2.7"]
    assert summary.dns.question_type == "A"
    flow = chain.server.flow(summary).dns_flow
    compare.is_client(flow.client, address, chain.mitmdump.dns_port, chain.kind)
    [question] = flow.request.questions
    assert (question.name, question.type, getattr(question, "class")) == (name, "A", "IN")
    assert flow.request.id == flow.response.id == 0x1234
    assert flow.request.query
    assert flow.request.recursion_desired
    assert flow.request.packed == query
    assert not flow.response.query
    assert flow.response.authoritative_answer
    assert flow.response.response_code == 0
    [record] = flow.response.answers
    assert (record.name, record.type, getattr(record, "class")) == (name, "A", "IN")
    assert (record.ttl, record.data) == (300, bytes([192, 0, 2, 7]))
    assert flow.response.packed
