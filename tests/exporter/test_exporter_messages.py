"""What the exporter makes of mitmproxy's objects, in each mitmproxy."""

import pytest
from harness.schema import proxy
from inside import Inside, differences, from_b64, plain
from parts import CONNECTION, PART, WHOLE, put_together
from recorder import flow_of

ENDS = {
    "response",
    "error",
    "http_connected",
    "http_connect_error",
    "dns_response",
    "dns_error",
    "tcp_end",
    "tcp_error",
    "udp_end",
    "udp_error",
    "websocket_end",
}


@pytest.fixture(scope="module")
def inside(kind):
    """Results of the scenarios, which ran together."""
    results = Inside(kind).run("messages")
    return results.__getitem__


def read(text):
    return proxy.ExportFlowRequest.FromString(from_b64(text))


def test_a_message_holds_what_mitmproxys_objects_say(inside):
    cases = inside("encode")
    assert len(cases) >= 11
    for name, case in cases.items():
        message = read(case["bytes"])
        assert message.flow.WhichOneof("flow") == case["kind"], name
        fields = plain(flow_of(message))
        fields.pop("live", None)
        fields.pop("duration_ms", None)
        assert differences(fields, case["fields"]) == [], name
        assert differences(plain(message.flow.meta), case["meta"]) == [], name
        assert message.flow.HasField("meta") == bool(case["meta"]), name
        number = proxy.EventType.Value(f"EVENT_TYPE_{case['event'].upper()}")
        assert message.event_type == number, name


def test_durations_are_filled(inside):
    cases = inside("encode")
    for name in ("plain http", "websocket", "tcp", "dns error"):
        assert flow_of(read(cases[name]["bytes"])).duration_ms > 0, name
    flow = flow_of(read(cases["plain http"]["bytes"]))
    assert flow.duration_ms == pytest.approx(3000)


def test_urls_are_those_of_mitmproxys_properties(inside):
    cases = inside("urls")
    assert len(cases) > 4000
    for case in cases:
        request = read(case["bytes"]).flow.http_flow.request
        assert (request.url, request.pretty_url) == (case["url"], case["pretty_url"])


def test_bad_objects_do_not_raise_and_are_told_once(inside):
    result = inside("bad")
    assert result["stats"]["failures"] > 100
    assert len(result["lines"]) == 1
    assert "told once" in result["lines"][0]


def test_long_bodies_are_cut_and_marked(inside):
    cases = {
        name: read(text).flow.http_flow.response
        for name, text in inside("bodies").items()
        if name != "long talk"
    }
    for size in (0, 1, 8191, 8192, 10000, 10001, 50000):
        response = cases[str(size)]
        whole = bytes(index % 251 for index in range(size))
        assert response.content == whole[:10000]
        assert response.content_truncated == (size > 10000)
        assert response.content_size == (size if size > 10000 else 0)
    assert cases["encoded"].raw_content == b"x" * 10000
    assert not cases["encoded"].content
    assert cases["encoded"].content_truncated
    assert cases["encoded"].content_size == 20000
    assert cases["streamed"].content_truncated
    assert cases["streamed"].content_size == 123456789
    assert cases["missing"].content_truncated
    assert not cases["not yet"].content_truncated


def test_a_long_talk_keeps_its_beginning(inside):
    flow = read(inside("bodies")["long talk"]).flow.tcp_flow
    assert 15 <= len(flow.messages) <= 20
    for number, message in enumerate(flow.messages):
        assert message.content == b"%05d" % number * 100


def test_a_content_that_is_gone_at_once_was_held(inside):
    flow = read(inside("bodies")["fresh"]).flow.tcp_flow
    assert [message.content for message in flow.messages] == [b"a" * 9000]


def test_only_the_event_that_ends_a_flow_says_that_it_is_not_live(inside):
    cases = inside("live")
    assert len(cases) >= 20
    for event, text in cases:
        message = read(text)
        assert flow_of(message).live == (event not in ENDS), event


def follow(steps):
    """Put together what was told of a flow; after each event it has to be the
    flow as it then was. Returns the kinds of what was told."""
    known, kinds = None, []
    for step in steps:
        assert len(step["told"]) == 1, step["event"]
        kind, data, number, is_end, grows, flow_id = step["told"][0]
        message, whole = read(data), read(step["whole"])
        assert message.event_type == whole.event_type == number
        assert is_end == (not flow_of(whole).live)
        assert flow_id == flow_of(whole).id
        known = put_together(known, kind, message)
        assert differences(plain(known), plain_whole(whole.flow)) == [], step["event"]
        kinds.append(kind)
        if is_end:
            known = None
    return kinds


def plain_whole(flow):
    fields = plain(flow)
    return {name: value for name, value in fields.items() if value != {}}


def test_parts_put_together_are_the_flow_whatever_changed_between_events(kind):
    result = Inside(kind).run("parts", "1", "400")
    kinds = [told for flow in result["flows"] for told in follow(flow["steps"])]
    # A flow that did not end, and only that, is still known.
    live = [flow for flow in result["flows"] if flow["steps"] and not flow["steps"][-1]["told"][0][3]]
    assert result["followed"] == len(live)
    assert kinds.count(PART) > 400 and kinds.count(WHOLE) > 400


def test_parts_of_dns_flows_put_together_are_the_flow(kind):
    result = Inside(kind).run("dns_parts", "2", "200")
    kinds = [told for flow in result["flows"] for told in follow(flow["steps"])]
    assert result["followed"] == 0
    assert kinds.count(PART) > 250


def test_an_exchange_is_told_once_and_each_body_once(kind):
    result = Inside(kind).run("plain_exchange")
    steps = result["steps"]
    assert follow(steps) == [WHOLE, PART, PART, PART]
    head, request, response_head, response = (read(step["told"][0][1]) for step in steps)
    assert head.flow.http_flow.request.header_fields and head.flow.http_flow.HasField("client")
    part = request.part.flow.http_flow
    assert [field.name for field, _ in part.request.ListFields()] == ["content", "timestamp_end"]
    assert not part.HasField("client") and not part.HasField("server")
    part = response_head.part.flow.http_flow
    assert not part.HasField("request") and part.response.header_fields
    part = response.part.flow.http_flow
    assert [field.name for field, _ in part.response.ListFields()] == ["content", "timestamp_end"]
    assert not part.HasField("request") and not part.live
    assert result["followed"] == 0


def test_what_was_told_is_held_while_a_flow_lives_and_within_bounds(one_kind):
    result = Inside(one_kind).run("references")
    # One is the flow's own.
    assert (result["told"], result["ended"]) == (2, 1)
    # 4,096 flows are known at most, and bodies of 16 MiB.
    assert result["followed"] == 16 * 1024 * 1024 // 5000
    assert result["kept"] == result["followed"] and result["left"] == 0


@pytest.fixture(scope="module")
def streamed(kind):
    return Inside(kind).run("stream")


def test_a_tap_leaves_the_traffic_and_the_flow_as_they_are(streamed):
    assert len(streamed) == 120
    for name, case in streamed.items():
        assert case["same"], (name, case["ways"])
        assert case["sent"] or case["raised"], name


def half_of(case, name):
    known = None
    for kind, data, *_ in case["told"]:
        known = put_together(known, kind, read(data))
    return getattr(known.http_flow, name)


def test_streamed_bodies_are_counted_and_marked(streamed):
    for chunked in ("", "chunked "):
        for name in ("request", "response"):
            half = half_of(streamed[f"long {chunked}{name}, 1k, False"], name)
            assert (half.content_size, half.content) == (4500, b"")
            assert half.content_truncated and half.streamed
            # What another addon made of it is what counts.
            half = half_of(streamed[f"long {chunked}{name}, generator, False"], name)
            assert half.content_size == 4500 + len("the end")
    other = half_of(streamed["long response, 1k, False"], "request")
    assert other.content == b"tiny" and not other.streamed and not other.content_size


def test_the_beginning_of_streamed_bodies_is_captured_when_asked_for(streamed):
    body = b"a" * 100 + b"b" * 1500 + b"c" * 900 + b"d" * 2000
    for chunked in ("", "chunked "):
        for name in ("request", "response"):
            half = half_of(streamed[f"long {chunked}{name}, 1k, True"], name)
            assert half.content == body[:3000]
            assert half.content_truncated and half.streamed and half.content_size == 4500
    half = half_of(streamed["small, list, True"], "response")
    assert half.content == b"tiny" and half.streamed
    assert not half.content_truncated and not half.content_size


def test_what_becomes_of_connections_is_told_with_the_reason(kind):
    result = Inside(kind).run("connections")
    messages = {}
    for name, told in result["told"].items():
        ((kind_number, data, number, is_end, grows, flow_id),) = told
        assert (kind_number, is_end, grows, flow_id) == (CONNECTION, False, False, "")
        messages[name] = message = read(data)
        assert message.event_type == number == proxy.EventType.Value(f"EVENT_TYPE_{name.upper()}")
        at = message.connection.at.seconds + message.connection.at.nanos / 1e9
        assert result["between"][0] - 1e-3 <= at <= result["between"][1] + 1e-3
        assert not message.HasField("flow")
    for name in ("client_connected", "client_disconnected"):
        event = messages[name].connection
        assert event.client.id == result["client"]["id"]
        assert [event.client.peername_host, event.client.peername_port] == result["client"]["peername"]
        assert event.client.HasField("timestamp_start") and not event.HasField("server")
        assert not event.error
    for name in ("server_connected", "server_disconnected", "server_connect_error"):
        event = messages[name].connection
        assert event.client.id == result["client"]["id"]
        assert [event.client.peername_host, event.client.peername_port] == result["client"]["peername"]
        assert [event.server.peername_host, event.server.peername_port] == result["server"]["peername"]
        assert event.server.address_host == "b\u00fccher.example"
        assert event.error == ("connection refused" if name.endswith("error") else "")
    event = messages["tls_failed_client"].connection
    assert event.error.startswith("the client does not trust")
    assert differences(plain(event.client), result["failed"]) == []
    event = messages["tls_failed_server"].connection
    assert event.error == "connection refused"
    assert event.client.id == result["client"]["id"]
    assert differences(plain(event.server), result["broken"]) == []


def test_metadata_is_told_in_texts_and_as_it_is_within_bounds(kind):
    result = Inside(kind).run("metadata")
    meta = read(result["entries"]).flow.meta
    assert {entry.key: entry.value for entry in meta.metadata} == {
        "text": "caf\u00e9 \ufffd",
        "number": "-5",
        "large": "<int>",
        "huge": "<int>",
        "float": "1.5",
        "yes": "True",
        "none": "None",
        "list": "<list>",
        "dict": "<MyDict>",
        "proxyauth": "<tuple>",
        "hostile": "<Hostile>",
        "hidden": "<list>",
        "endless": "<list>",
        "deep": "<list>",
        "too long": "<list>",
        "long": "x" * 1024,
        "k" * 128: "",
    }
    assert {entry.key: entry.typed_value for entry in meta.metadata if entry.typed_value} == {
        "number": b"2:-5#",
        "large": b"22:%d#" % 2**70,
        "float": b"3:1.5^",
        "yes": b"4:true!",
        "none": b"0:~",
        "list": b"22:5:caf\xc3\xa9;2:\x00\xff,3:4.5^0:]]",
        "dict": b"8:1:a;1:7#}",
        "long": b"5000:" + b"x" * 5000 + b";",
    }
    many = read(result["many"]).flow.meta.metadata
    assert len(many) == 64
    assert sum(len(entry.typed_value) for entry in many) < 1 << 15


def test_a_websocket_is_told_in_parts_until_it_talks(kind):
    result = Inside(kind).run("upgrade")
    told = [step["told"][0] for step in result["steps"]]
    assert [item[0] for item in told] == [WHOLE, PART, PART, PART, PART, WHOLE, WHOLE]
    assert [item[3] for item in told] == [False] * 6 + [True]
    # From then on only hooks can tell it whole.
    assert [item[4] for item in told] == [False] * 3 + [True] * 4
    assert follow(result["steps"]) and result["stats"]["followed"] == 0
    first = read(told[5][1]).flow.http_flow
    assert first.is_websocket and len(first.websocket_messages) == 1
    assert read(told[6][1]).flow.http_flow.HasField("websocket_close")


def test_an_event_in_the_midst_of_another_does_no_harm(one_kind):
    result = Inside(one_kind).run("reentered")
    ((_, data),) = result["told"]
    assert read(data).flow.http_flow.request.pretty_url == "http://its.own/"
    assert result["stats"]["failures"] == 1
