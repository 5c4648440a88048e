"""A real gRPC client: sends flows and reads, watches, changes, deletes."""

import threading

import grpc
import pytest
from harness import build
from harness.process import DEADLINE_S
from harness.schema import proxy, view

BODY = bytes(range(256)) * 4


def export(server, messages, metadata=()):
    return server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S, metadata=metadata)


def every_kind():
    messages = [
        build.http("http://a.example/x?y=1", method="POST", status=201, body=BODY),
        build.request("dns", proxy.EVENT_TYPE_DNS_RESPONSE),
        build.request("tcp", proxy.EVENT_TYPE_TCP_END),
        build.request("udp", proxy.EVENT_TYPE_UDP_END),
    ]
    dns, tcp, udp = (message.flow for message in messages[1:])
    dns.dns_flow.request.questions.add(name="a.example", type="A", **{"class": "IN"})
    tcp.tcp_flow.messages.add(content=BODY, from_client=True)
    tcp.tcp_flow.server.address_host = "b.example"
    udp.udp_flow.messages.add(content=b"\0", from_client=False)
    return messages


def test_every_kind_of_flow_is_acknowledged_and_read_back(server):
    messages = every_kind()
    answer = export(server, messages)
    assert (answer.received, answer.flows_processed, answer.rejected) == (True, 4, 0)
    summaries = server.flows()
    assert [s.type for s in summaries] == ["udp", "tcp", "dns", "http"]
    for summary, message in zip(summaries[::-1], messages, strict=True):
        kind = message.flow.WhichOneof("flow")
        stored = server.flow(summary)
        assert getattr(stored, kind) == getattr(message.flow, kind)
        assert summary.state == view.FLOW_STATE_ENDED
        by_id = server.viewer.GetFlow(
            view.GetFlowRequest(flow_id=build.flow_id(message)), timeout=DEADLINE_S
        )
        assert by_id.flow == stored


def test_the_latest_snapshot_wins_and_counts_as_a_message(server):
    first = build.started(url="http://a.example/")
    last = build.http("http://a.example/", status=404, flow_id=build.flow_id(first))
    answer = export(server, [first, last])
    assert answer.flows_processed == 2
    [summary] = server.flows()
    assert summary.http.status_code == 404
    assert server.flow(summary).http_flow == last.flow.http_flow


def test_a_pin_and_a_note_survive_later_snapshots(server):
    first = build.started()
    flow_id = build.flow_id(first)
    export(server, [first])
    updated = server.viewer.UpdateFlow(
        view.UpdateFlowRequest(flow_id=flow_id, pinned=True, note="look\nhere"),
        timeout=DEADLINE_S,
    ).flow
    assert (updated.pinned, updated.note) == (True, "look\nhere")
    export(server, [build.http(flow_id=flow_id)])
    [summary] = server.flows()
    assert (summary.pinned, summary.note) == (True, "look\nhere")
    assert summary.state == view.FLOW_STATE_ENDED
    flow = server.flow(summary)
    assert (flow.pinned, flow.note) == (True, "look\nhere")


def test_an_update_leaves_alone_what_it_does_not_name(server):
    message = build.http()
    export(server, [message])
    [summary] = server.flows()
    for change, expected in (
        ({"note": "n"}, (False, "n")),
        ({"pinned": True}, (True, "n")),
        ({"note": ""}, (True, "")),
        ({"pinned": False}, (False, "")),
    ):
        request = view.UpdateFlowRequest(number=summary.number, **change)
        flow = server.viewer.UpdateFlow(request, timeout=DEADLINE_S).flow
        assert (flow.pinned, flow.note) == expected


def test_a_list_is_newest_first_limited_and_filtered(server):
    messages = [build.http(f"http://host{n}.example/", status=200 + n) for n in range(10)]
    export(server, [*messages, build.request("tcp", proxy.EVENT_TYPE_TCP_END)])
    urls = [flow.http.url for flow in server.flows(limit=3, flow_types=["http"])]
    assert urls == [f"http://host{n}.example/" for n in (9, 8, 7)]
    assert [flow.type for flow in server.flows(flow_types=["tcp"])] == ["tcp"]
    assert [flow.http.url for flow in server.flows(filter_text="HOST4")] == [
        "http://host4.example/"
    ]
    chosen = server.flows(http=view.HttpFilter(status_codes=["203-204"]))
    assert [flow.http.status_code for flow in chosen] == [204, 203]
    ids = [build.flow_id(messages[n]) for n in (2, 5)]
    assert {flow.id for flow in server.flows(flow_ids=ids)} == set(ids)


def test_deleted_flows_are_gone_and_counted(server):
    messages = [build.http() for _ in range(5)]
    export(server, messages)
    ids = [build.flow_id(message) for message in messages]
    deleted = server.viewer.DeleteFlows(
        view.DeleteFlowsRequest(flow_ids=[ids[0], ids[1], "unknown"]), timeout=DEADLINE_S
    )
    assert deleted.count == 2
    assert {flow.id for flow in server.flows()} == set(ids[2:])
    with pytest.raises(grpc.RpcError) as error:
        server.viewer.GetFlow(view.GetFlowRequest(flow_id=ids[0]), timeout=DEADLINE_S)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    deleted = server.viewer.DeleteFlows(view.DeleteFlowsRequest(all=True), timeout=DEADLINE_S)
    assert deleted.count == 3
    assert server.flows() == []


def test_hello_tells_what_the_server_takes(server):
    answer = server.ingest.Hello(
        proxy.HelloRequest(source="here", session="a-1"), timeout=DEADLINE_S
    )
    assert answer.server_version
    assert answer.takes.raw_bodies
    assert answer.max_message_bytes > 200 << 20


def test_the_source_in_the_metadata_is_kept(server):
    name = "proxy of caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    export(server, [build.http()], metadata=[("mitmflow-source-bin", name.encode())])
    [summary] = server.flows()
    assert summary.source == name


def test_the_same_id_from_two_sources_is_two_flows(server):
    for source in ("one", "two"):
        message = build.http(f"http://{source}.example/", flow_id="same")
        export(server, [message], metadata=[("mitmflow-source-bin", source.encode())])
    assert sorted(flow.source for flow in server.flows()) == ["one", "two"]


def test_a_message_of_40_mb_is_kept(server):
    body = bytes(range(256)) * (40 * 4096)
    export(server, [build.http(body=body)])
    [summary] = server.flows()
    assert server.flow(summary).http_flow.response.content == body


class Export:
    """An ExportFlow call that stays open."""

    def __init__(self, server, metadata=()):
        self._go_on = threading.Condition()
        self._queue = []
        self._is_done = False
        self.call = server.ingest.ExportFlow.future(self._messages(), metadata=metadata)

    def _messages(self):
        while True:
            with self._go_on:
                self._go_on.wait_for(lambda: self._queue or self._is_done)
                if not self._queue:
                    return
                message = self._queue.pop(0)
            yield message

    def send(self, message):
        with self._go_on:
            self._queue.append(message)
            self._go_on.notify()

    def half_close(self):
        with self._go_on:
            self._is_done = True
            self._go_on.notify()
        return self.call.result(DEADLINE_S)


def test_a_flow_is_live_until_its_end_and_cut_off_without_one(server):
    stream = Export(server)
    ends, breaks = build.started(url="http://ends/"), build.started(url="http://breaks/")
    stream.send(ends)
    stream.send(breaks)
    for url in ("http://ends/", "http://breaks/"):
        summary = server.wait_flow(lambda flow, url=url: flow.http.url == url)
        assert summary.state == view.FLOW_STATE_LIVE
    stream.send(build.http("http://ends/", flow_id=build.flow_id(ends)))
    server.wait_flow(lambda flow: flow.state == view.FLOW_STATE_ENDED)
    stream.half_close()
    summary = server.wait_flow(lambda flow: flow.state == view.FLOW_STATE_CUT_OFF)
    assert summary.http.url == "http://breaks/"
    export(server, [build.http("http://breaks/", flow_id=build.flow_id(breaks))])
    assert {flow.state for flow in server.flows()} == {view.FLOW_STATE_ENDED}


def test_a_session_that_comes_back_keeps_its_flows_live(server):
    metadata = [("mitmflow-session", "run-1")]
    message = build.started()
    first = Export(server, metadata)
    first.send(message)
    server.wait_flow(lambda flow: flow.state == view.FLOW_STATE_LIVE)
    second = Export(server, metadata)
    other = build.started(url="http://second/")
    second.send(other)
    server.wait_flow(lambda flow: flow.http.url == "http://second/")
    assert first.half_close().flows_processed == 1
    [state] = [flow.state for flow in server.flows() if flow.id == build.flow_id(message)]
    assert state == view.FLOW_STATE_LIVE
    second.half_close()


def test_stream_flows_tells_old_and_new_flows(server):
    export(server, [build.http("http://old/", start_ns=1_000), build.http("http://kept/")])
    calls = server.viewer.StreamFlows(
        view.StreamFlowsRequest(since_timestamp_ns=2_000), timeout=DEADLINE_S
    )
    assert next(calls).flow.http.url == "http://kept/"
    export(server, [build.http("http://new/")])
    assert next(calls).flow.http.url == "http://new/"
    calls.cancel()


def test_stream_flows_without_a_time_tells_new_flows_only(server):
    export(server, [build.http("http://old/")])
    calls = server.viewer.StreamFlows(view.StreamFlowsRequest(), timeout=DEADLINE_S)
    calls.initial_metadata()
    export(server, [build.http("http://new/")])
    assert next(calls).flow.http.url == "http://new/"
    calls.cancel()


def test_an_unknown_method_is_unimplemented(server):
    call = server.channel.unary_unary("/mitmflow.v1.Service/Nothing")
    with pytest.raises(grpc.RpcError) as error:
        call(b"", timeout=DEADLINE_S)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_gzip_messages_are_taken(server):
    answer = server.ingest.ExportFlow(
        iter([build.http(body=b"text " * 1000)]),
        timeout=DEADLINE_S,
        compression=grpc.Compression.Gzip,
    )
    assert answer.flows_processed == 1
    [summary] = server.flows()
    assert server.flow(summary).http_flow.response.content == b"text " * 1000
