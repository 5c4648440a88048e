"""Viewers are told of a change before the disk has it; exporters only then."""

import contextlib
import subprocess

import grpc
import pytest
from harness import build, held
from harness.process import DEADLINE_S
from harness.schema import view
from harness.watch import Watch


def export(server, messages):
    return server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


def export_later(server, messages):
    return server.ingest.ExportFlow.future(iter(messages), timeout=DEADLINE_S)


def by_url(url):
    return lambda flow: flow.http.url == url


@pytest.mark.parametrize(
    "filters",
    [{}, {"flow_types": ["http"]}, {"filter_text": "NEEDLE"}, {"expression": "~u liv[e] & needle"}],
    ids=["all", "columns", "text", "expression"],
)
def test_a_viewer_is_told_before_the_exporter(server, filters):
    watch = Watch(server, **filters).start()
    with held.commits(server):
        answer = export_later(server, [build.http("http://live/", body=b"a needle")])
        watch.until_holds(by_url("http://live/"))
        assert not answer.done()
    assert answer.result(DEADLINE_S).flows_processed == 1
    assert server.flows()[0].http.url == "http://live/"
    watch.stop()


def test_a_stream_is_told_before_the_exporter(server):
    stream = server.viewer.StreamFlows(view.StreamFlowsRequest(), timeout=DEADLINE_S)
    stream.initial_metadata()
    with held.commits(server):
        answer = export_later(server, [build.http("http://live/")])
        assert next(stream).flow.http.url == "http://live/"
        assert not answer.done()
    assert answer.result(DEADLINE_S).flows_processed == 1
    stream.cancel()


def test_changes_of_one_flow_are_told_each_before_any_commit(server):
    watch = Watch(server).start()
    with held.commits(server):
        messages = [
            build.started(url="http://live/", flow_id="live"),
            build.http("http://live/", flow_id="live"),
        ]
        answer = export_later(server, messages)
        flow = watch.until_holds(lambda flow: flow.state == view.FLOW_STATE_ENDED)
        assert not answer.done()
    answer.result(DEADLINE_S)
    assert server.flows() == [flow]
    watch.catch_up()
    assert len({number for number, _ in watch.told}) == 1
    assert watch.flows[flow.number] == flow
    watch.stop()


def test_who_comes_while_commits_are_held_up_gets_the_rest_later(server):
    export(server, [build.http("http://before/")])
    early = Watch(server).start()
    with held.commits(server):
        answer = export_later(server, [build.http("http://between/")])
        early.until_holds(by_url("http://between/"))
        late = Watch(server)
        call = late.messages()
        while not late.flows:
            late.take(next(call))
        assert {flow.http.url for flow in late.flows.values()} == {"http://before/"}
    while len(late.flows) < 2:
        late.take(next(call))
    answer.result(DEADLINE_S)
    assert late.flows == early.flows
    call.cancel()
    early.stop()


def test_a_text_filter_waits_for_the_commit_of_what_has_no_flow_with_it(server):
    export(
        server,
        [build.request("tcp", event=build.proxy.EVENT_TYPE_TCP_START, flow_id="grows")],
    )
    everything = Watch(server).start()
    watch = Watch(server, filter_text="needle").start()
    with held.commits(server):
        answer = export_later(server, [build.append("tcp", "grows", 0, [b"a needle"])])
        everything.until_holds(lambda flow: flow.message_count == 1)
        assert not answer.done()
    answer.result(DEADLINE_S)

    def is_last(flow):
        return flow.message_count == 1 and flow.state == view.FLOW_STATE_CUT_OFF

    flow = watch.until_holds(is_last)
    everything.until_holds(is_last)
    assert everything.flows == {flow.number: flow}
    watch.stop()
    everything.stop()


def test_what_a_crash_took_back_is_taken_back_from_viewers(start_server):
    server = start_server()
    export(server, [build.http("http://kept/")])
    watch = Watch(server).start()
    kept = set(watch.flows)
    with held.commits(server):
        answer = export_later(server, [build.http("http://lost/")])
        watch.until_holds(by_url("http://lost/"))
        server.kill()
    with pytest.raises(grpc.RpcError):
        answer.result(DEADLINE_S)

    watch.server = start_server()
    watch.catch_up()
    assert watch.resets == 2
    assert set(watch.flows) == kept


def test_a_cursor_of_before_a_crash_is_answered_with_a_reset(start_server):
    server = start_server()
    export(server, [build.http("http://kept/")])
    watch = Watch(server).catch_up()
    server.kill()
    watch.server = start_server()
    watch.catch_up()
    assert watch.resets == 2
    assert [flow.http.url for flow in watch.flows.values()] == ["http://kept/"]


def test_flows_that_the_limits_took_are_told_and_counted(start_server):
    server = start_server("--max-flows", "5")
    watch = Watch(server).start()
    export(server, [build.http(f"http://{n}/") for n in range(20)])
    watch.take_until(lambda message: message.evicted == 15)
    assert len(watch.gone) == 15
    assert len(watch.flows) == 5
    # Lists are what was committed.
    while (kept := {flow.number for flow in server.flows()}) != set(watch.flows):
        assert kept > set(watch.flows)
    watch.stop()


def test_many_viewers_miss_nothing_and_hear_nothing_twice(server):
    watches = [Watch(server).start() for _ in range(10)]
    watches += [Watch(server, expression="~u 7").start() for _ in range(2)]
    for _ in range(5):
        export(server, [build.http(f"http://{n}/", body=b"x" * 3000) for n in range(400)])
    sevens = {flow.number for flow in server.flows(expression="~u 7")}
    assert 0 < len(sevens) < 2000
    for watch in watches[:10]:
        while len(watch.flows) < 2000:
            watch.take_until(lambda _: True)
        assert len(watch.told) == 2000
        watch.stop()
    for watch in watches[10:]:
        while len(watch.flows) < len(sevens):
            watch.take_until(lambda _: True)
        assert set(watch.flows) == sevens
        watch.stop()


def test_a_viewer_that_pauses_misses_nothing(server):
    """It falls behind what is held in memory, and reads on from the store."""
    watch = Watch(server).start()
    note = "n" * 60000
    for _ in range(4):
        export(server, [build.http(body=b"x" * 100) for _ in range(100)])
    updates = [
        server.viewer.UpdateFlow.future(
            view.UpdateFlowRequest(number=flow.number, note=note), timeout=DEADLINE_S
        )
        for flow in server.flows()
    ]
    for update in updates:
        update.result(DEADLINE_S)
    while not (
        len(watch.flows) == 400 and all(flow.note == note for flow in watch.flows.values())
    ):
        watch.take_until(lambda _: True)
    assert watch.resets == 1
    watch.stop()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a few MB, or no such test: it takes root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_refuses_flows_until_there_is_room(start_server, small_disk):
    server = start_server(data_dir=small_disk / "data")
    export(server, [build.http("http://before/")])
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 65536)

    body = bytes(range(256)) * 256
    with pytest.raises(grpc.RpcError) as refused:
        for n in range(1000):
            export(server, [build.http(f"http://{n}/", body=body)])
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, server.process.output
    assert "disk is full" in refused.value.details()
    server.process.wait_lines("the disk is full")
    assert "http://before/" in {flow.http.url for flow in server.flows()}

    filler.unlink()
    server.process.wait_lines("flows are written again")
    assert export(server, [build.http("http://after/")]).flows_processed == 1
    assert server.flows()[0].http.url == "http://after/"
