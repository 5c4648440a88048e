"""WatchFlows: from a cursor on nothing is missed and nothing told twice."""

import threading

import grpc
import pytest
from harness import build
from harness.process import DEADLINE_S
from harness.schema import view
from harness.watch import Watch


def export(server, messages):
    return server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


def numbers(server):
    return {flow.number for flow in server.flows()}


def test_a_watch_begins_with_a_reset_and_what_there_is(server):
    export(server, [build.http(f"http://{n}/") for n in range(20)])
    watch = Watch(server).catch_up()
    assert watch.resets == 1
    assert watch.flows == {flow.number: flow for flow in server.flows()}


def test_a_watch_of_an_empty_server_catches_up(server):
    watch = Watch(server).catch_up()
    assert (watch.flows, watch.resets) == ({}, 1)
    assert watch.cursor


def test_changes_between_two_watches_are_told_once(server):
    messages = [build.http(f"http://{n}/") for n in range(6)]
    export(server, messages)
    watch = Watch(server).catch_up()
    before = set(watch.flows)
    by_url = {flow.http.url: number for number, flow in watch.flows.items()}

    export(server, [build.http("http://new/")])
    changed = server.viewer.UpdateFlow(
        view.UpdateFlowRequest(number=by_url["http://1/"], pinned=True), timeout=DEADLINE_S
    ).flow
    server.viewer.DeleteFlows(
        view.DeleteFlowsRequest(numbers=[by_url["http://2/"], by_url["http://3/"]]),
        timeout=DEADLINE_S,
    )
    watch.told.clear()
    watch.catch_up()

    assert watch.resets == 1
    [new] = set(watch.flows) - before
    assert watch.told == [(new, watch.flows[new].change), (changed.number, changed.change)]
    assert sorted(watch.gone) == sorted([by_url["http://2/"], by_url["http://3/"]])
    assert watch.flows[changed.number].pinned
    assert set(watch.flows) == numbers(server)


def test_live_changes_come_without_asking_again(server):
    watch = Watch(server)
    call = watch.messages()
    watch.take(next(call))
    export(server, [build.started(url="http://live/", flow_id="live")])
    while not watch.flows:
        watch.take(next(call))
    [number] = watch.flows
    export(server, [build.http("http://live/", flow_id="live")])
    while watch.flows[number].state != view.FLOW_STATE_ENDED:
        watch.take(next(call))
    server.viewer.DeleteFlows(view.DeleteFlowsRequest(all=True), timeout=DEADLINE_S)
    while not watch.gone:
        watch.take(next(call))
    assert watch.gone == [number]
    call.cancel()


def test_reconnecting_after_every_message_misses_and_doubles_nothing(server):
    total = 400
    failures = []

    def send():
        try:
            for n in range(0, total, 4):
                export(server, [build.http(f"http://{n + i}/") for i in range(4)])
        except grpc.RpcError as error:
            failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    watch = Watch(server)
    reconnects = 0
    while len(watch.flows) < total and not failures:
        call = watch.messages()
        watch.take(next(call))
        call.cancel()
        reconnects += 1
    sender.join()
    assert not failures
    assert watch.resets == 1
    assert reconnects > 2
    assert len(set(watch.told)) == len(watch.told) == total
    assert {flow.http.url for flow in watch.flows.values()} == {
        f"http://{n}/" for n in range(total)
    }


def test_a_cursor_lasts_over_a_restart(start_server, tmp_path):
    server = start_server()
    export(server, [build.http("http://before/")])
    watch = Watch(server).catch_up()
    server.stop()
    server = start_server()
    export(server, [build.http("http://after/")])
    watch.server = server
    watch.catch_up()
    assert watch.resets == 1
    assert [flow.http.url for flow in watch.flows.values()] == ["http://before/", "http://after/"]
    assert len(watch.told) == 2


@pytest.mark.parametrize("cursor", ["nonsense", "\0", "x" * 10000, "0.0", "a.18446744073709551616"])
def test_a_cursor_that_means_nothing_begins_with_a_reset(server, cursor):
    export(server, [build.http()])
    watch = Watch(server)
    watch.cursor = cursor
    watch.catch_up()
    assert watch.resets == 1
    assert set(watch.flows) == numbers(server)


def test_a_cursor_from_the_future_begins_with_a_reset(server):
    watch = Watch(server).catch_up()
    watch.cursor = watch.cursor.rpartition(".")[0] + ".999999"
    watch.resets = 0
    watch.catch_up()
    assert watch.resets == 1


def test_a_flow_that_no_longer_matches_is_told_as_gone(server):
    export(server, [build.http()])
    [number] = numbers(server)

    def pin(pinned):
        request = view.UpdateFlowRequest(number=number, pinned=pinned)
        server.viewer.UpdateFlow(request, timeout=DEADLINE_S)

    watch = Watch(server, pinned=True).catch_up()
    assert watch.flows == {}
    pin(True)
    watch.catch_up()
    assert set(watch.flows) == {number}
    pin(False)
    watch.catch_up()
    assert (watch.flows, watch.gone) == ({}, [number])


def test_a_viewer_that_does_not_read_holds_nobody_up(server):
    """Its call stays open, unread, while flows go in and another watches."""
    stuck = Watch(server).messages()
    next(stuck)
    note = "n" * 60000
    for _ in range(10):
        export(server, [build.http(body=b"x" * 100) for _ in range(50)])
    for number in sorted(numbers(server))[:200]:
        server.viewer.UpdateFlow(
            view.UpdateFlowRequest(number=number, note=note), timeout=DEADLINE_S
        )
    other = Watch(server).catch_up()
    assert len(other.flows) == 500
    stuck.cancel()


def test_changes_that_fill_many_messages_are_all_told(start_server):
    """More than one message may hold, and none of it in memory."""
    server = start_server()
    export(server, [build.http(f"http://{n}/") for n in range(300)])
    watch = Watch(server).catch_up()
    note = "n" * (64 << 10)
    updates = [
        server.viewer.UpdateFlow.future(
            view.UpdateFlowRequest(number=number, note=note), timeout=DEADLINE_S
        )
        for number in watch.flows
    ]
    for update in updates:
        update.result(DEADLINE_S)
    server.stop()

    watch.server = start_server()
    watch.told.clear()
    before = watch.cursor
    call = watch.messages()
    watch.take(next(call))
    call.cancel()
    assert watch.cursor == before  # some of a read is told; from there again
    watch.told.clear()
    watch.catch_up()
    assert watch.resets == 1
    assert len(watch.told) == len(watch.flows) == 300
    assert all(flow.note == note for flow in watch.flows.values())


def test_live_changes_are_told_by_a_filter_that_reads_bodies(server):
    watch = Watch(server, filter_text="NEEDLE")
    call = watch.messages()
    watch.take(next(call))

    def take_until(enough):
        while not enough():
            watch.take(next(call))

    def update(number, note):
        server.viewer.UpdateFlow(
            view.UpdateFlowRequest(number=number, note=note), timeout=DEADLINE_S
        )

    export(server, [build.http(f"http://{n}/", body=b"hay") for n in range(100)])
    export(server, [build.http("http://found/", body=b"a needle")])
    take_until(lambda: watch.flows)
    [found] = watch.flows
    assert watch.gone == []  # of what was never told nothing is told
    other = min(numbers(server))

    update(other, "needle")
    take_until(lambda: other in watch.flows)
    for note in ("", "needle", "", "needle", "", "needle too"):
        update(other, note)
    take_until(lambda: watch.flows.get(other) and watch.flows[other].note == "needle too")
    update(other, "")
    take_until(lambda: other not in watch.flows)
    assert set(watch.flows) == {found}
    server.viewer.DeleteFlows(view.DeleteFlowsRequest(all=True), timeout=DEADLINE_S)
    take_until(lambda: not watch.flows)
    call.cancel()


def test_changes_of_one_flow_at_once_leave_a_filtered_watch_with_the_last(server):
    """Many changes come while a watch still matches the ones before."""
    watch = Watch(server, filter_text="needle")
    call = watch.messages()
    watch.take(next(call))
    export(server, [build.http(f"http://{n}/") for n in range(10)])
    flows = sorted(numbers(server))
    updates = [
        server.viewer.UpdateFlow.future(
            view.UpdateFlowRequest(number=number, note=note), timeout=DEADLINE_S
        )
        for round in range(20)
        for number in flows
        for note in [f"{'needle' if (round + number) % 2 else 'hay'} {round}"]
    ]
    for update in updates:
        update.result(DEADLINE_S)
    export(server, [build.http("http://needle/")])
    [last] = numbers(server) - set(flows)
    while last not in watch.flows:
        watch.take(next(call))
    call.cancel()
    assert watch.flows == {
        flow.number: flow for flow in server.flows(filter_text="needle")
    }
