"""Flows that come as what changed in them."""

import pytest
from harness import build
from harness.process import DEADLINE_S
from harness.schema import proxy, view


def export(server, *messages, source=None):
    metadata = [("mitmflow-session", "test")]
    if source:
        metadata.append(("mitmflow-source-bin", source))
    return server.ingest.ExportFlow(iter(messages), metadata=metadata, timeout=DEADLINE_S)


def head(flow_id="one"):
    message = build.started(flow_id=flow_id, url="http://one.example/path")
    request = message.flow.http_flow.request
    request.header_fields.add(name=b"accept", value=b"*/*")
    request.header_fields.add(name=b"x-first", value=b"1")
    return message


def part(event, flow_id="one"):
    """An empty part of an HTTP flow, and the HTTPFlow in it."""
    message = proxy.ExportFlowRequest(event_type=event)
    message.part.flow_id = flow_id
    message.part.flow.http_flow.live = event != proxy.EVENT_TYPE_RESPONSE
    return message, message.part.flow.http_flow


def request_end(flow_id="one"):
    message, flow = part(proxy.EVENT_TYPE_REQUEST, flow_id)
    flow.request.content = b"sent"
    return message


def response_head(flow_id="one", status=200):
    message, flow = part(proxy.EVENT_TYPE_RESPONSEHEADERS, flow_id)
    flow.response.status_code = status
    flow.response.header_fields.add(name=b"content-type", value=b"text/plain")
    flow.server.peername_host = "192.0.2.1"
    return message


def response_end(flow_id="one", content=b"received needle"):
    message, flow = part(proxy.EVENT_TYPE_RESPONSE, flow_id)
    flow.response.content = content
    message.part.flow.meta.comment = "a comment"
    return message


def whole_of(server, summary):
    return server.flow(summary).http_flow


def test_hello_says_that_parts_are_taken(server):
    answer = server.ingest.Hello(proxy.HelloRequest(source="lab"), timeout=DEADLINE_S)
    assert answer.takes.parts


def test_parts_make_the_whole_flow(server):
    answer = export(server, head(), request_end(), response_head(), response_end())
    assert (answer.flows_processed, answer.rejected, list(answer.missing)) == (4, 0, [])
    [summary] = server.flows()
    assert summary.state == view.FLOW_STATE_ENDED
    assert (summary.http.status_code, summary.http.content_type) == (200, "text/plain")
    assert (summary.client_bytes, summary.server_bytes) == (4, 15)
    flow = whole_of(server, summary)
    assert flow.id == "one"
    assert flow.request.method == "GET"
    assert [field.name for field in flow.request.header_fields] == [b"accept", b"x-first"]
    assert (flow.request.content, flow.response.content) == (b"sent", b"received needle")
    assert flow.server.peername_host == "192.0.2.1"
    assert flow.client.peername_host == "127.0.0.1"
    assert not flow.live
    assert server.flow(summary).meta.comment == "a comment"


def test_a_part_finds_its_flow_after_it_was_committed(server):
    for message in (head(), request_end(), response_head(), response_end()):
        answer = export(server, message)
        assert list(answer.missing) == []
    [summary] = server.flows()
    flow = whole_of(server, summary)
    assert (flow.request.content, flow.response.content) == (b"sent", b"received needle")


def test_a_repeated_part_changes_nothing(server):
    export(server, head(), request_end(), response_head())
    [before] = server.flows()
    flow = whole_of(server, before)
    export(server, request_end(), response_head(), request_end(), response_head())
    [after] = server.flows()
    assert whole_of(server, after) == flow


def test_what_parts_brought_is_searched(server):
    export(server, head(), request_end(), response_head(), response_end())
    found = server.flows(expression='~b "received needle"')
    assert [flow.id for flow in found] == ["one"]


def test_a_part_of_no_flow_must_be_sent_whole(server):
    answer = export(server, response_end("unknown"), build.http("http://between/"))
    assert (answer.flows_processed, list(answer.missing)) == (2, ["unknown"])
    assert [flow.http.url for flow in server.flows()] == ["http://between/"]


def test_a_part_of_another_source_is_of_another_flow(server):
    export(server, head())
    answer = export(server, response_end(), source=b"elsewhere")
    assert list(answer.missing) == ["one"]
    assert [flow.state for flow in server.flows()] == [view.FLOW_STATE_LIVE]


def test_a_part_after_a_restart_is_asked_for_whole(start_server):
    server = start_server()
    export(server, head(), request_end())
    server.kill()
    server = start_server()
    answer = export(server, response_end())
    assert list(answer.missing) == ["one"]
    whole = head()
    whole.event_type = proxy.EVENT_TYPE_RESPONSE
    whole.flow.http_flow.response.content = b"all of it"
    export(server, whole)
    [summary] = server.flows()
    assert summary.state == view.FLOW_STATE_ENDED
    assert whole_of(server, summary).response.content == b"all of it"


def test_a_deleted_flow_stays_deleted_whatever_comes_of_it(server):
    export(server, head())
    server.viewer.DeleteFlows(view.DeleteFlowsRequest(flow_ids=["one"]), timeout=DEADLINE_S)
    answer = export(server, response_head())
    whole = head()
    answer = export(server, whole)
    assert list(answer.missing) == []
    assert server.flows() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda message: message.part.ClearField("flow_id"),
        lambda message: message.part.ClearField("flow"),
        lambda message: message.part.flow.dns_flow.SetInParent(),
    ],
    ids=["no id", "no flow", "another type"],
)
def test_a_part_without_sense_is_rejected_alone(server, spoil):
    message = response_head()
    spoil(message)
    answer = export(server, head(), message, response_end())
    assert (answer.flows_processed, answer.rejected) == (3, 1)
    [summary] = server.flows()
    assert summary.state == view.FLOW_STATE_ENDED


def test_a_long_flow_is_asked_for_whole(server):
    long = head()
    long.flow.http_flow.request.content = bytes(2 << 20)
    answer = export(server, long)
    answer = export(server, response_end())
    assert list(answer.missing) == ["one"]


def test_more_live_flows_than_are_held_are_asked_for_whole(server):
    """What is held is bounded: the flows that were told of last are there."""
    total = 40
    for number in range(total):
        long = head(f"flow {number}")
        long.flow.http_flow.request.content = bytes(1 << 19)
        export(server, long)
    answer = export(server, *(response_head(f"flow {number}") for number in range(total)))
    missing = list(answer.missing)
    assert "flow 0" in missing
    assert f"flow {total - 1}" not in missing
    assert answer.flows_processed == total
