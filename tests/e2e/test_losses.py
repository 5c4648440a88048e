"""Reports of flows that exporters had to give up."""

from harness import build
from harness.process import DEADLINE_S
from harness.schema import proxy
from harness.watch import Watch

SECOND = 10**9


def export(server, *messages, source=b"laptop"):
    return server.ingest.ExportFlow(
        iter(messages), metadata=[("mitmflow-source-bin", source)], timeout=DEADLINE_S
    )


def losses(server, **filters):
    watch = Watch(server, **filters).catch_up()
    return [watch.losses[number] for number in sorted(watch.losses)]


def test_hello_says_that_losses_are_taken(server):
    answer = server.ingest.Hello(proxy.HelloRequest(source="lab"), timeout=DEADLINE_S)
    assert answer.takes.losses


def test_a_loss_is_told_with_its_times_source_and_reason(server):
    answer = export(server, build.loss(count=12, from_ns=7 * SECOND, to_ns=9 * SECOND))
    assert (answer.flows_processed, answer.rejected) == (1, 0)
    [loss] = losses(server)
    assert (loss.source, loss.count, loss.reason) == ("laptop", 12, "the spool is full")
    assert getattr(loss, "from").ToNanoseconds() == 7 * SECOND
    assert loss.to.ToNanoseconds() == 9 * SECOND
    assert server.flows() == []
    [line] = server.process.wait_lines("12 flows lost")
    assert "laptop" in line and "1970-01-01T00:00:07Z" in line and "the spool is full" in line


def test_a_report_that_is_sent_twice_counts_once(server):
    report = build.loss("same")
    assert export(server, report, report).flows_processed == 2
    assert export(server, report).flows_processed == 1
    export(server, report, source=b"desktop")
    assert [loss.source for loss in losses(server)] == ["laptop", "desktop"]


def test_losses_are_there_after_a_crash_of_the_server(start_server):
    server = start_server()
    export(server, build.loss("first", count=1), build.loss("second", count=2))
    server.kill()
    server = start_server()
    assert [loss.count for loss in losses(server)] == [1, 2]
    export(server, build.loss("first", count=1), build.loss("third", count=3))
    assert [loss.count for loss in losses(server)] == [1, 2, 3]
    assert len({loss.number for loss in losses(server)}) == 3


def test_a_viewer_is_told_while_it_watches_whatever_its_filter(server):
    watch = Watch(server, expression="~m PUT").start()
    assert watch.losses == {}
    export(server, build.loss("live"))
    watch.take_until(lambda message: message.losses)
    assert [loss.count for loss in watch.losses.values()] == [12]
    export(server, build.loss("more", count=1))
    watch.take_until(lambda message: message.losses)
    assert sorted(loss.count for loss in watch.losses.values()) == [1, 12]
    watch.stop()


def test_a_watch_that_goes_on_from_its_cursor_is_told_too(server):
    export(server, build.http("http://one/"), build.loss("before", count=1))
    watch = Watch(server).catch_up()
    export(server, build.loss("between", count=2))
    watch.catch_up()
    assert watch.resets == 1
    assert sorted(loss.count for loss in watch.losses.values()) == [1, 2]


def test_what_is_no_loss_is_rejected_with_a_reason(server):
    answer = export(
        server,
        build.loss("none", count=0),
        build.loss("", count=1),
        build.loss("x" * 300, count=1),
        build.loss("good", count=1),
    )
    assert (answer.flows_processed, answer.rejected) == (4, 3)
    assert [told.index for told in answer.rejections] == [0, 1, 2]
    assert "no number of flows" in answer.rejections[0].reason
    assert "id of 0 bytes" in answer.rejections[1].reason
    assert "id of 300 bytes" in answer.rejections[2].reason
    assert [loss.count for loss in losses(server)] == [1]


def test_times_that_make_no_sense_do_not_hide_a_loss(server):
    backwards = build.loss("backwards", from_ns=9 * SECOND, to_ns=7 * SECOND)
    half = build.loss("half", from_ns=5 * SECOND)
    half.loss.ClearField("to")
    never = build.loss("never")
    never.loss.ClearField("from")
    never.loss.ClearField("to")
    export(server, backwards, half, never)
    times = [(getattr(x, "from").ToNanoseconds(), x.to.ToNanoseconds()) for x in losses(server)]
    assert times[:2] == [(7 * SECOND, 7 * SECOND), (5 * SECOND, 5 * SECOND)]
    assert times[2][0] == times[2][1] > 10**18


def test_the_last_thousand_reports_are_kept(start_server):
    server = start_server()
    export(server, *(build.loss(f"loss {n}", count=n) for n in range(1, 1501)))
    assert [loss.count for loss in losses(server)] == list(range(501, 1501))
    server.stop()
    server = start_server()
    assert [loss.count for loss in losses(server)] == list(range(501, 1501))


def test_a_long_reason_is_cut_between_characters(server):
    export(server, build.loss(reason="ä" * 2000))
    [loss] = losses(server)
    assert loss.reason == "ä" * 512
