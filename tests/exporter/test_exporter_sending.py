"""The way from the hooks to a server: acknowledged, resent, bounded, drained."""

import collections
import os
import signal
import socket
import threading
import time

import grpc
import pytest
from harness import sockets
from harness.schema import proxy
from inside import Inside, result_of
from old_server import OldServer
from recorder import Recorder, flow_of, source_of
from subject import RecorderProcess


def test_everything_arrives_and_is_acknowledged_once(inside, recorder, kind):
    result = inside("send", recorder.url, "300", "1000", "0", "source=Büro 1")
    ended = recorder.wait_flows(result["ids"])
    assert set(ended) == set(result["ids"])
    counts = collections.Counter(flow_of(m).id for m in recorder.messages)
    # Two events each, most of which came together.
    assert set(counts.values()) <= {1, 2}
    stats = result["stats"]
    assert (stats["pushed"], stats["given_up"]) == (600, 0)
    assert stats["acked"] == len(recorder.messages)
    assert stats["memory"] == 0
    assert any("exporting to" in line for line in result["lines"])
    hello = recorder.hellos[0]
    assert hello.source == "Büro 1"
    assert hello.exporter_version
    assert hello.mitmproxy_version == kind.name.split("-")[0]
    assert len(hello.session) == 32
    assert hello.can_send.raw_bodies
    assert recorder.metadata
    for metadata in recorder.metadata:
        assert metadata["mitmflow-session"] == hello.session
        assert source_of(metadata) == "Büro 1"


def test_calls_are_half_closed_so_that_flows_are_acknowledged(one, recorder):
    process = one.start("send", recorder.url, "20", "0", "10", "then=wait")
    # 20 flows in 2 s: several calls have ended before the exporter has.
    recorder.wait(lambda: recorder.calls_ended >= 3)
    assert process.poll() is None
    process.stdin.write("\n")
    result = result_of(process)
    assert set(recorder.ended()) == set(result["ids"])
    assert result["stats"]["acked"] == len(recorder.messages)


def test_an_old_server_gets_the_published_form(inside, start_recorder):
    recorder = start_recorder(takes_raw=False)
    result = inside("published", recorder.url)
    messages = {flow_of(m).id: m for m in recorder.wait_flows(result["ids"]).values()}
    gzipped = messages[result["ids"][0]].flow.http_flow
    assert gzipped.response.content == b"hello " * 100
    assert dict(gzipped.response.headers)["Set-Cookie"] == "a=1, b=2"
    assert gzipped.request.url == "http://address:22/path"
    broken = messages[result["ids"][1]].flow.http_flow
    assert dict(broken.response.headers)["content-encoding"] == "gzip"
    for message in messages.values():
        flow = message.flow.http_flow
        assert not message.flow.HasField("meta")
        for half in (flow.request, flow.response):
            assert not half.header_fields
            assert not half.raw_content
            assert dict(half.headers)


def test_a_server_that_takes_nothing_of_ours_gets_the_published_form(one, start_recorder):
    hello = proxy.HelloResponse(server_version="old")
    recorder = start_recorder(hello=hello, takes_raw=False)
    one.run("published", recorder.url)
    assert recorder.messages[0].flow.http_flow.response.headers["Set-Cookie"]


def test_a_server_without_grpc_is_spoken_to_as_an_old_one(one):
    """The original answers Hello with HTTP 404, text/plain."""
    server = OldServer()
    result = one.run("send", server.url, "3", "0", "0")
    server.close()
    assert result["stats"]["acked"] == len(server.messages)
    assert {flow_of(message).id for message in server.messages} == set(result["ids"])
    assert server.messages[0].flow.http_flow.request.headers


def test_a_message_longer_than_the_server_keeps_is_cut(one, start_recorder):
    recorder = start_recorder(max_message=20000)
    result = one.run("send", recorder.url, "2", "100000", "0")
    for message in recorder.wait_flows(result["ids"]).values():
        response = message.flow.http_flow.response
        assert message.ByteSize() <= 20000
        assert response.content_truncated
        assert response.content_size == 100000
        assert len(response.content) > 5000


def test_flows_wait_for_a_server_that_starts_later(one):
    port = sockets.free_port()
    options = ("50", "1000", "0", "then=wait", "away=1")
    process = one.start("send", f"http://127.0.0.1:{port}", *options)
    assert process.stdout.readline() == "begun\n"
    recorder = Recorder(port=port)
    try:
        recorder.wait(lambda: len(recorder.ended()) == 50)
        process.stdin.write("\n")
        result = result_of(process)
        assert set(recorder.ended()) == set(result["ids"])
        said = [line for line in result["lines"] if "mitmflow" in line]
        assert len(said) == 2, said
        assert "cannot export to" in said[0]
        assert "exporting to" in said[1]
    finally:
        recorder.stop()


def test_a_server_killed_in_the_middle_loses_nothing(outer_kind):
    """Twice, with kill -9: each flow is in what one of the servers wrote."""
    port = sockets.free_port()
    process = Inside(outer_kind).start(
        "send", f"http://127.0.0.1:{port}", "400", "2000", "200", "then=wait"
    )
    seen = set()
    for part in range(3):
        with RecorderProcess(port=port) as server:
            wanted = None if part == 2 else 60
            if wanted:
                server.wait(lambda ended: len(ended) >= wanted)
                server.kill()
                seen |= server.ended()
            else:
                server.wait(lambda ended: len(seen | ended) == 400)
                process.stdin.write("\n")
                result = result_of(process)
                seen |= server.ended()
    assert set(result["ids"]) == seen
    assert result["stats"]["given_up"] == 0
    assert result["stats"]["connects"] >= 3


def test_a_frozen_server_costs_bounded_memory_and_no_time(one):
    """SIGSTOP: it takes connections and bytes, and answers nothing."""
    with RecorderProcess() as server:
        server.popen.send_signal(signal.SIGSTOP)
        try:
            result = one.run(
                *("send", server.url, "3000", "20000", "0", "queue_max=8000000", "drain=1")
            )
        finally:
            server.popen.send_signal(signal.SIGCONT)
        assert result["peak"] <= 8_000_000
        assert result["stats"]["given_up"] > 2000
        assert result["stats"]["pushed"] == 6000


def test_a_server_that_stops_reading_in_mid_stream_is_bounded_too(one, recorder):
    stuck = threading.Event()

    def block(message, context):
        if len(recorder.messages) >= 5:
            stuck.wait()

    recorder.on_message = block
    try:
        result = one.run(
            *("send", recorder.url, "3000", "20000", "0", "queue_max=8000000", "drain=1")
        )
    finally:
        stuck.set()
    assert result["peak"] <= 8_000_000
    assert result["stats"]["given_up"] > 1000


def test_a_stream_that_fails_is_sent_again_in_order(one, recorder):
    failures = []

    def fail_some(message, context):
        if len(failures) < 3 and len(recorder.messages) % 50 == 49:
            failures.append(len(recorder.messages))
            context.abort(grpc.StatusCode.UNAVAILABLE, "for the test")

    recorder.on_message = fail_some
    result = one.run("send", recorder.url, "300", "100", "500")
    recorder.wait_flows(result["ids"])
    assert len(failures) == 3
    assert result["stats"]["given_up"] == 0
    last = [flow_of(m).id for m in recorder.messages if not flow_of(m).live]
    once = list(dict.fromkeys(reversed(last)))
    assert once[::-1] == result["ids"]


def test_a_stream_that_fails_at_the_end_is_sent_again_within_the_deadline(one, recorder):
    failures = []

    def fail_first(message, context):
        if len(failures) < 2:
            failures.append(message)
            context.abort(grpc.StatusCode.UNAVAILABLE, "for the test")

    recorder.on_message = fail_first
    result = one.run("send", recorder.url, "5", "100", "0")
    assert len(failures) == 2
    assert recorder.ended().keys() == set(result["ids"])
    assert result["stats"]["given_up"] == 0


def test_one_flow_that_a_server_will_not_take_holds_up_no_others(one, recorder):
    refused = []

    def refuse(message, context):
        flow = message.flow.http_flow
        if not refused:
            refused.append(flow.id)
        if flow.id == refused[0]:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not this one")

    recorder.on_message = refuse
    process = one.start("send", recorder.url, "20", "100", "0", "then=wait")
    recorder.wait(lambda: len(recorder.ended()) == 19)
    process.stdin.write("\n")
    result = result_of(process)
    assert set(recorder.ended()) == set(result["ids"]) - set(refused)
    assert result["stats"]["given_up"] == 1


def test_the_second_server_is_used_when_the_first_is_away(one, recorder):
    away = sockets.free_port()
    result = one.run("send", f"http://127.0.0.1:{away},{recorder.url}", "5", "0", "0")
    recorder.wait_flows(result["ids"])


def test_options_can_change_while_it_runs(inside, start_recorder):
    first, second = start_recorder(), start_recorder()
    result = inside("reconfigure", first.url, second.url)
    assert set(first.ended()) == set(result["ids"][:3])
    assert set(second.ended()) == set(result["ids"][3:])
    assert result["connects"] == 2
    assert first.hellos[0].session == second.hellos[0].session


def test_ending_does_not_wait_for_a_server_that_is_away(one):
    # Far longer than a scenario may take.
    away = f"http://127.0.0.1:{sockets.free_port()}"
    result = one.run("send", away, "5", "0", "0", "drain=1000")
    assert result["stats"]["given_up"] == 5


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", os.urandom(5000)])
def test_a_peer_that_speaks_no_grpc_is_no_danger(one, said):
    def answer(connection):
        connection.settimeout(5)
        try:
            connection.recv(100)
            connection.sendall(said)
            while connection.recv(1000):
                pass
        except socket.timeout:
            pass

    listener = sockets.Listener(answer)
    result = one.run("send", f"http://127.0.0.1:{listener.port}", "50", "100", "100", "drain=1")
    listener.close()
    assert result["stats"]["acked"] == 0
    assert len([line for line in result["lines"] if "cannot export" in line]) <= 1


def test_a_growing_flow_is_sent_at_doubling_sizes_and_at_its_end(inside, recorder):
    result = inside("growth", recorder.url)
    recorder.wait_flows([result["id"]])
    counts = [len(m.flow.tcp_flow.messages) for m in recorder.messages]
    # What a later one has, too, is not sent if it still waits.
    assert counts[-1] == 1000
    assert counts == sorted(counts)
    assert sum(counts) < 5 * 1000
    assert result["pushed"] <= 12
    assert result["stats"]["growing"] == 0


def test_messages_that_no_later_hook_tells_are_sent_when_due(one, recorder):
    process = one.start("untold", recorder.url)
    recorder.wait(lambda: recorder.messages and len(recorder.messages[-1].flow.tcp_flow.messages) == 7)
    process.stdin.write("\n")
    result_of(process)


def test_reloading_the_script_loses_and_leaks_nothing(outer_inside, recorder):
    """Flows that begin before one of the reloads end after it."""
    result = outer_inside("reload", recorder.url, "50")
    assert result["after"] <= result["before"]
    assert result["references"] == 0
    assert result["grown"] < 2_000_000
    assert len({hello.session for hello in recorder.hellos}) == 50
    *ended, last_begun = result["ids"]
    assert set(recorder.ended()) == set(ended)
    assert len(ended) == 50 * 20 + 49


def test_many_flows_leave_nothing_in_memory(outer_inside, recorder):
    recorder.on_message = lambda message, context: recorder.messages.clear()
    result = outer_inside("feed", recorder.url, "5000")
    assert result["references"] == 0
    assert result["grown"] < 3_000_000
    assert result["stats"]["memory"] == 0
    # Events of a flow that wait together are one message.
    assert 5000 <= result["stats"]["acked"] <= 15000
