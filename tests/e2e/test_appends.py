"""Flows that grow by messages alone."""

import grpc
import pytest
from harness import build, connect
from harness.process import DEADLINE_S
from harness.schema import proxy, view

KINDS = ["tcp", "udp", "websocket"]
STARTS = {
    "tcp": proxy.EVENT_TYPE_TCP_START,
    "udp": proxy.EVENT_TYPE_UDP_START,
    "websocket": proxy.EVENT_TYPE_WEBSOCKET_START,
}
ENDS = {
    "tcp": proxy.EVENT_TYPE_TCP_END,
    "udp": proxy.EVENT_TYPE_UDP_END,
    "websocket": proxy.EVENT_TYPE_WEBSOCKET_END,
}
FIELDS = {"tcp": "tcp_flow", "udp": "udp_flow", "websocket": "http_flow"}


def export(server, *messages):
    """Of a session, so that what has not ended stays live after the call."""
    return server.ingest.ExportFlow(
        iter(messages), metadata=[("mitmflow-session", "test")], timeout=DEADLINE_S
    )


def start(kind, flow_id="grows"):
    if kind != "websocket":
        return build.request(kind, event=STARTS[kind], flow_id=flow_id)
    message = build.http("http://ws/", status=101, event=STARTS[kind], flow_id=flow_id)
    message.flow.http_flow.is_websocket = True
    return message


def texts(*numbers):
    return [f"message {n}".encode() for n in numbers]


def get_messages(server, **request):
    """(the messages' contents, their first index, how many there are)."""
    contents, first, total = [], None, 0
    for part in server.viewer.GetMessages(
        view.GetMessagesRequest(**request), timeout=DEADLINE_S
    ):
        first = part.first_index if first is None else first
        assert part.first_index == first + len(contents)
        total = part.message_count
        for message in (*part.websocket_messages, *part.tcp_messages, *part.udp_messages):
            contents.append(message.content)
    return contents, first, total


def all_messages(server, flow_id="grows"):
    return get_messages(server, flow_id=flow_id, limit=100000)[0]


def messages_of(flow):
    kind = flow.WhichOneof("flow")
    whole = getattr(flow, kind)
    return whole.websocket_messages if kind == "http_flow" else whole.messages


def test_hello_says_that_messages_may_come_by_themselves(server):
    answer = server.ingest.Hello(proxy.HelloRequest(source="lab"), timeout=DEADLINE_S)
    assert answer.takes.appended_messages


@pytest.mark.parametrize("kind", KINDS)
def test_appended_messages_are_part_of_their_flow(server, kind):
    answer = export(
        server,
        start(kind),
        build.append(kind, "grows", 0, texts(0, 1)),
        build.append(kind, "grows", 2, texts(2), from_client=False),
        build.append(kind, "grows", 3, texts(3), event=ENDS[kind]),
    )
    assert (answer.flows_processed, answer.rejected, list(answer.missing)) == (4, 0, [])
    [summary] = server.flows()
    assert summary.message_count == 4
    assert summary.state == view.FLOW_STATE_ENDED
    assert summary.client_bytes == 27 and summary.server_bytes == 9
    flow = server.flow(summary)
    assert flow.WhichOneof("flow") == FIELDS[kind]
    assert [message.content for message in messages_of(flow)] == texts(0, 1, 2, 3)
    assert flow.summary == summary


@pytest.mark.parametrize("kind", KINDS)
def test_a_repeat_changes_nothing(server, kind):
    export(server, start(kind), build.append(kind, "grows", 0, texts(0, 1, 2)))
    [before] = server.flows()
    answer = export(
        server,
        build.append(kind, "grows", 0, texts(0, 1, 2)),
        build.append(kind, "grows", 1, texts(1)),
    )
    assert (answer.flows_processed, list(answer.missing)) == (2, [])
    assert server.flows() == [before]
    export(server, build.append(kind, "grows", 1, texts(1, 2, 3)))
    assert all_messages(server) == texts(0, 1, 2, 3)


def test_a_flow_that_is_not_there_must_be_sent_whole(server):
    answer = export(
        server,
        build.append("tcp", "unknown", 0, texts(0)),
        build.http("http://between/"),
        build.append("tcp", "unknown", 1, texts(1)),
        build.append("udp", "stranger", 0, texts(0)),
    )
    assert answer.flows_processed == 4
    assert list(answer.missing) == ["unknown", "stranger"]
    assert [flow.http.url for flow in server.flows()] == ["http://between/"]

    whole = start("tcp", "unknown")
    for text in texts(0, 1):
        whole.flow.tcp_flow.messages.add(content=text)
    answer = export(server, whole, build.append("tcp", "unknown", 2, texts(2)))
    assert list(answer.missing) == []
    assert all_messages(server, "unknown") == texts(0, 1, 2)


def test_a_gap_is_seen_and_nothing_of_it_kept(server):
    answer = export(
        server,
        start("tcp"),
        build.append("tcp", "grows", 0, texts(0)),
        build.append("tcp", "grows", 2, texts(2)),
        build.append("tcp", "grows", 3, texts(3)),
    )
    assert list(answer.missing) == ["grows"]
    assert answer.flows_processed == 4
    assert all_messages(server) == texts(0)


def test_a_flow_of_another_source_is_another_flow(server):
    export(server, start("tcp"))
    answer = server.ingest.ExportFlow(
        iter([build.append("tcp", "grows", 0, texts(0))]),
        metadata=[("mitmflow-session", "test"), ("mitmflow-source-bin", b"elsewhere")],
        timeout=DEADLINE_S,
    )
    assert list(answer.missing) == ["grows"]


def test_more_missing_flows_than_can_be_told_are_left_to_the_next_call(server):
    total = 5000
    rest = [build.append("tcp", f"unknown {n}", 0, texts(0)) for n in range(total)]
    missing, calls = [], 0
    while rest:
        answer = export(server, *rest)
        assert 0 < answer.flows_processed <= len(rest)
        rest = rest[answer.flows_processed :]
        missing += answer.missing
        calls += 1
    assert missing == [f"unknown {n}" for n in range(total)]
    assert calls == 2


def test_a_deleted_flow_stays_deleted_while_it_grows(server):
    export(server, start("tcp"), build.append("tcp", "grows", 0, texts(0)))
    server.viewer.DeleteFlows(view.DeleteFlowsRequest(flow_ids=["grows"]), timeout=DEADLINE_S)
    answer = export(
        server,
        build.append("tcp", "grows", 1, texts(1)),
        build.append("tcp", "grows", 2, texts(2), event=ENDS["tcp"]),
    )
    assert (answer.flows_processed, list(answer.missing)) == (2, [])
    assert server.flows() == []


def test_an_append_without_an_id_is_rejected_alone(server):
    answer = export(
        server,
        build.append("tcp", "", 0, texts(0)),
        build.http("http://fine/"),
    )
    assert (answer.flows_processed, answer.rejected, list(answer.missing)) == (2, 1, [])
    assert len(server.flows()) == 1


def test_appended_messages_survive_kill_9(start_server):
    server = start_server()
    export(server, start("tcp"), build.append("tcp", "grows", 0, texts(*range(50))))
    server.kill()
    server = start_server()
    [summary] = server.flows()
    assert summary.state == view.FLOW_STATE_CUT_OFF
    assert all_messages(server) == texts(*range(50))
    # It goes on where it was.
    answer = export(server, build.append("tcp", "grows", 49, texts(49, 50)))
    assert list(answer.missing) == []
    assert all_messages(server) == texts(*range(51))
    assert server.flows()[0].state == view.FLOW_STATE_LIVE


@pytest.mark.parametrize("kind", KINDS)
def test_messages_are_read_by_range(server, kind):
    total = 3000
    export(
        server,
        start(kind),
        *(
            build.append(kind, "grows", n, texts(*range(n, n + 100)))
            for n in range(0, total, 100)
        ),
    )
    [flow] = server.flows()
    for first, limit in [(0, 1), (0, 100000), (1234, 777), (2999, 5)]:
        contents, index, count = get_messages(
            server, number=flow.number, first_index=first, limit=limit
        )
        assert contents == texts(*range(first, min(first + limit, total)))
        assert (index, count) == (first, total)
    contents, _, _ = get_messages(server, number=flow.number)
    assert len(contents) == 500
    contents, _, count = get_messages(server, number=flow.number, first_index=total)
    assert (contents, count) == ([], total)


def test_messages_of_no_flow_are_not_found(server):
    with pytest.raises(grpc.RpcError) as missing:
        get_messages(server, flow_id="none")
    assert missing.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_flow_without_messages_has_none(server):
    export(server, build.http(flow_id="plain"))
    assert get_messages(server, flow_id="plain") == ([], 0, 0)


def test_messages_by_json(server):
    export(server, start("tcp"), build.append("tcp", "grows", 0, texts(0, 1)))
    call = connect.ServerStream(
        server, "/mitmflow.v1.Service/GetMessages", {"flowId": "grows", "firstIndex": "1"}
    )
    [part] = list(call)
    assert (part["firstIndex"], part["messageCount"]) == ("1", "2")
    [message] = part["tcpMessages"]
    assert message["content"] == "bWVzc2FnZSAx"
    assert call.end == {}


def test_a_flow_comes_with_as_many_messages_as_asked_for(server):
    export(server, start("tcp"), build.append("tcp", "grows", 0, texts(*range(50))))

    def get(limit):
        request = view.GetFlowRequest(flow_id="grows", message_limit=limit)
        return server.viewer.GetFlow(request, timeout=DEADLINE_S).flow

    for limit, count in [(0, 50), (7, 7), (50, 50), (1000, 50)]:
        flow = get(limit)
        assert [m.content for m in messages_of(flow)] == texts(*range(count))
        assert flow.summary.message_count == 50


def test_ten_thousand_messages_one_by_one(server):
    total = 10000
    answer = export(
        server,
        start("tcp"),
        *(build.append("tcp", "grows", n, [b"%d" % n]) for n in range(total)),
    )
    assert (answer.flows_processed, list(answer.missing)) == (total + 1, [])
    assert all_messages(server) == [b"%d" % n for n in range(total)]
