"""Flows that grow: told by their new messages alone to a server that takes
them so, and whole to one that has lost them."""

import pytest
from inside import Talk, differences, plain
from recorder import Recorder, talk_of

KINDS = ("tcp", "udp", "websocket")


@pytest.fixture
def start_talk(one):
    talks = []

    def start(url, *arguments):
        talks.append(Talk(one.start, url, *arguments))
        return talks[-1]

    yield start
    for talk in talks:
        talk.process.kill()


@pytest.fixture
def appending(start_recorder):
    return start_recorder(takes_appends=True)


def contents(flow):
    return [message.content for message in talk_of(flow)]


def numbers(flow):
    """The number that each message of `talk` begins with."""
    return [int(content[:8]) for content in contents(flow)]


def wholes(recorder):
    return [message for message in recorder.messages if not message.HasField("append")]


def test_a_flow_grows_by_its_new_messages_alone(start_talk, appending):
    talk = start_talk(appending.url)
    talk("server", "start", "say 10000 200", "end")
    result = talk.stop()
    assert result["left"] == 0
    flow = appending.wait_kept(result["id"], lambda flow: not flow.live)
    assert numbers(flow) == list(range(10000))
    sent = sum(message.ByteSize() for message in appending.messages)
    assert sent < 1.2 * 10000 * 230
    # Its start, and its first message: apart, or as one.
    assert len(wholes(appending)) in (1, 2)
    assert result["stats"]["wanted"] == 0
    assert result["stats"]["memory"] == 0


@pytest.mark.parametrize("talk_kind", KINDS)
def test_what_was_put_together_is_what_mitmproxy_has(start_talk, appending, talk_kind):
    talk = start_talk(appending.url, talk_kind)
    talk("server", "start", "say 3 100", "wait", "say 100 500", "wait", "end")
    result = talk.stop()
    flow = appending.wait_kept(result["id"], lambda flow: not flow.live)
    wanted = result["fields"]
    got = plain(flow)
    assert got.pop("duration_ms") > 0
    assert not differences(got, wanted)
    assert len(wholes(appending)) in (1, 2)


def test_an_error_ends_a_flow_that_grew(start_talk, appending):
    talk = start_talk(appending.url)
    talk("server", "say 100 500", "error")
    result = talk.stop()
    flow = appending.wait_kept(result["id"], lambda flow: not flow.live)
    assert flow.error == "it broke"
    assert len(contents(flow)) == 100
    assert appending.messages[-1].append.error_at.seconds > 0


def test_a_short_flow_is_sent_whole_at_its_end(start_talk, appending):
    talk = start_talk(appending.url)
    talk("server", "start", "say 10 100", "end")
    result = talk.stop()
    assert not appending.messages[-1].HasField("append")
    assert numbers(appending.kept[result["id"]]) == list(range(10))


def test_a_live_flow_that_the_server_has_lost_is_sent_whole(start_talk, appending):
    talk = start_talk(appending.url)
    talk("server", "say 50 1000", "wait")
    appending.kept.clear()
    while talk("say 1 1000", "wait") == 0:
        pass
    flow_id = appending.messages[0].flow.tcp_flow.id
    whole = appending.wait_kept(flow_id, lambda flow: len(flow.messages) > 50)
    assert whole.live
    talk("say 50 1000", "end")
    said = talk.stop()["said"]
    flow = appending.wait_kept(flow_id, lambda flow: not flow.live)
    assert numbers(flow) == list(range(said))


def test_a_flow_that_ended_meanwhile_is_sent_whole(start_talk, appending):
    """mitmproxy has forgotten it when the server says that it has not got it."""
    talk = start_talk(appending.url)
    talk("server", "say 50 1000", "wait")
    appending.kept.clear()
    talk("say 50 1000", "end", "drop")
    result = talk.stop()
    assert result["left"] == 0
    assert result["stats"]["wanted"] == 1
    assert result["stats"]["memory"] == 0
    flow = appending.kept[result["id"]]
    assert not flow.live
    assert numbers(flow) == list(range(100))


def test_a_server_that_takes_no_appends_gets_what_waits_for_it_whole(start_talk, start_recorder):
    first = start_recorder(takes_appends=True)
    talk = start_talk(first.url)
    talk("server", "say 50 1000", "wait")
    first.stop()
    talk("say 50 1000", "end", "drop")
    second = Recorder(port=first.port)
    try:
        talk("server without", "wait")
        result = talk.stop()
        assert result["left"] == 0
        assert not any(message.HasField("append") for message in second.messages)
        flow = second.kept[result["id"]]
        assert not flow.live
        assert numbers(flow) == list(range(100))
    finally:
        second.stop()


def test_a_server_that_dies_loses_nothing_of_a_growing_flow(start_talk, start_recorder):
    """Another takes its place and has not got the flow."""
    first = start_recorder(takes_appends=True)
    talk = start_talk(first.url)
    talk("server", "say 50 1000", "wait", "say 20 1000")
    first.stop()
    talk("say 30 1000")
    second = Recorder(port=first.port, takes_appends=True)
    try:
        while talk("say 1 1000", "wait") == 0:
            pass
        talk("end")
        result = talk.stop()
        assert result["left"] == 0
        flow = second.kept[result["id"]]
        assert not flow.live
        assert numbers(flow) == list(range(result["said"]))
    finally:
        second.stop()


def test_a_server_that_loses_a_flow_again_and_again_costs_no_more_than_snapshots(
    start_talk, appending
):
    appending.is_missing = lambda flow_id: True
    talk = start_talk(appending.url)
    talk("server")
    for _ in range(100):
        talk("say 10 200", "wait")
    talk("end")
    result = talk.stop()
    counts = [len(message.flow.tcp_flow.messages) for message in wholes(appending)]
    assert len(counts) < 60
    # The last word is a whole flow, which cannot be missing.
    assert not appending.kept[result["id"]].live
    assert numbers(appending.kept[result["id"]]) == list(range(1000))
    assert result["left"] == 0


@pytest.mark.parametrize("length", (300, 30000))
def test_a_flow_longer_than_the_server_keeps_comes_in_parts(start_talk, start_recorder, length):
    recorder = start_recorder(takes_appends=True, max_message=20000)
    talk = start_talk(recorder.url)
    talk("server", "say 100 %d" % length, "wait")
    recorder.kept.clear()
    talk("say 2 300", "end")
    result = talk.stop()
    assert all(message.ByteSize() <= 20000 for message in recorder.messages)
    flow = recorder.kept[result["id"]]
    assert not flow.live
    assert numbers(flow) == list(range(102))
