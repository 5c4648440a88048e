"""grpcio, the C core that Python exporters and scripts use."""

import queue
import uuid

import grpc
import pytest
from harness import build
from harness.authority import Authority
from harness.process import DEADLINE_S
from harness.schema import proxy, view
from place import Trust, ingest_stub, view_stub
from relay import PING, Relay

Code = grpc.StatusCode


class Sending:
    """An ExportFlow call that stays open until it is ended."""

    def __init__(self, channel, **more):
        self._queue = queue.Queue()
        self.call = ingest_stub(channel).ExportFlow.future(iter(self._queue.get, None), **more)

    def send(self, message):
        self._queue.put(message)

    def end(self):
        self._queue.put(None)
        return self.call.result(DEADLINE_S)


def watch_until(channel, fits):
    """The first flow that a watch tells and that `fits`."""
    told = view_stub(channel).WatchFlows(view.WatchFlowsRequest(), timeout=DEADLINE_S)
    for message in told:
        for flow in message.flows:
            if fits(flow):
                told.cancel()
                return flow
    raise AssertionError("the watch ended")


@pytest.fixture(params=[None, grpc.Compression.Gzip], ids=["identity", "gzip"])
def channel(place, request):
    with place.open_channel(compression=request.param) as channel:
        yield channel


def test_a_unary_call_is_answered(channel, known):
    request = view.GetFlowRequest(flow_id="known")
    answer = view_stub(channel).GetFlow(request, timeout=DEADLINE_S)
    assert answer.flow.http_flow == known.flow.http_flow


def test_an_error_has_its_code_and_text(channel):
    with pytest.raises(grpc.RpcError) as error:
        view_stub(channel).GetFlow(view.GetFlowRequest(flow_id="no"), timeout=DEADLINE_S)
    assert (error.value.code(), error.value.details()) == (Code.NOT_FOUND, "no such flow")


def test_a_server_stream_comes_whole_and_in_order(channel):
    source = uuid.uuid4().hex
    messages = [build.http(f"http://{source}.example/{n}") for n in range(50)]
    ingest_stub(channel).ExportFlow(iter(messages), timeout=DEADLINE_S)
    request = view.GetFlowsRequest(filter=view.FlowFilter(filter_text=source), limit=100)
    told = list(view_stub(channel).GetFlows(request, timeout=DEADLINE_S))
    assert [one.flow.http.url for one in told] == [
        f"http://{source}.example/{n}" for n in reversed(range(50))
    ]


def test_a_client_stream_is_answered_after_its_end(channel):
    sending = Sending(channel)
    messages = [build.http(f"http://{uuid.uuid4()}/") for _ in range(3)]
    sending.send(messages[0])
    url = messages[0].flow.http_flow.request.url
    watch_until(channel, lambda flow: flow.http.url == url)
    assert not sending.call.done()
    for message in messages[1:]:
        sending.send(message)
    answer = sending.end()
    assert (answer.flows_processed, answer.rejected) == (3, 0)


def test_an_empty_client_stream_is_ok_and_counts_zero(channel):
    answer, call = ingest_stub(channel).ExportFlow.with_call(iter([]), timeout=DEADLINE_S)
    assert call.code() is Code.OK
    assert (answer.received, answer.flows_processed, answer.rejected) == (True, 0, 0)


def test_a_deadline_ends_a_stream_that_would_go_on(channel):
    told = view_stub(channel).WatchFlows(view.WatchFlowsRequest(), timeout=1)
    with pytest.raises(grpc.RpcError) as error:
        list(told)
    assert error.value.code() is Code.DEADLINE_EXCEEDED


def test_a_client_that_cancels_is_noticed_and_its_live_flow_cut_off(channel):
    sending = Sending(channel)
    started = build.started(url=f"http://{uuid.uuid4()}/")
    url = started.flow.http_flow.request.url
    sending.send(started)
    watch_until(channel, lambda flow: flow.http.url == url)
    sending.call.cancel()
    cut_off = view.FLOW_STATE_CUT_OFF
    watch_until(channel, lambda flow: flow.http.url == url and flow.state == cut_off)


def test_cancelled_streams_leave_room_for_others(place):
    """More than may be open at a time on one connection."""
    with place.open_channel() as channel:
        for _ in range(600):
            told = view_stub(channel).WatchFlows(view.WatchFlowsRequest(limit=1))
            told.initial_metadata()
            told.cancel()
        answer = ingest_stub(channel).Hello(proxy.HelloRequest(), timeout=DEADLINE_S)
        assert answer.server_version


def test_binary_and_repeated_metadata_is_taken(channel):
    name = f"proxy \N{SNOWMAN} {uuid.uuid4()}"
    message = build.http(flow_id=str(uuid.uuid4()))
    ingest_stub(channel).ExportFlow(
        iter([message]),
        timeout=DEADLINE_S,
        metadata=[("mitmflow-source-bin", name.encode()), ("x-other", "1"), ("x-other", "2")],
    )
    flow = watch_until(channel, lambda flow: flow.id == build.flow_id(message))
    assert flow.source == name


def test_an_unknown_method_is_unimplemented(channel):
    call = channel.unary_unary("/mitmflow.v1.Service/Nothing")
    with pytest.raises(grpc.RpcError) as error:
        call(b"", timeout=DEADLINE_S)
    assert error.value.code() is Code.UNIMPLEMENTED


def test_keepalive_pings_are_answered_while_a_stream_is_silent(clear_place):
    """In clear, where a relay can count them."""
    options = [
        ("grpc.keepalive_time_ms", 50),
        ("grpc.keepalive_timeout_ms", DEADLINE_S * 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    with Relay(clear_place) as relay, relay.open_channel(options) as channel:
        sending = Sending(channel)
        sending.send(build.http())
        relay.wait_frames(PING, relay.from_server, is_ack=True, count=3)
        sending.send(build.http())
        assert sending.end().flows_processed == 2


# ---- Client certificates ----


def refused(place, trust, code):
    with place.open_channel(trust) as channel, pytest.raises(grpc.RpcError) as error:
        ingest_stub(channel).ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    assert error.value.code() is code, error.value.details()


def test_an_exporter_without_a_certificate_is_refused(tls_place):
    refused(tls_place, Trust(tls_place.trust.authority, None), Code.UNAUTHENTICATED)


def test_an_exporter_with_a_wrong_certificate_is_refused(tls_place, tmp_path):
    other = Authority(tmp_path, "other").issue("exporter")
    refused(tls_place, Trust(tls_place.trust.authority, other), Code.UNAVAILABLE)


def test_a_viewer_needs_no_certificate(tls_place):
    with tls_place.open_channel(Trust(tls_place.trust.authority, None)) as channel:
        list(view_stub(channel).GetFlows(view.GetFlowsRequest(limit=1), timeout=DEADLINE_S))


def test_a_client_that_does_not_trust_the_server_sends_nothing(tls_place, tmp_path):
    trust = Trust(Authority(tmp_path, "other"), None)
    with tls_place.open_channel(trust) as channel, pytest.raises(grpc.RpcError) as error:
        view_stub(channel).GetFlow(view.GetFlowRequest(flow_id="x"), timeout=DEADLINE_S)
    assert error.value.code() is Code.UNAVAILABLE
