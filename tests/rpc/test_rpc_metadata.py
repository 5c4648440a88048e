"""Metadata, details of errors, and what handlers know of a request, as each
protocol writes them, over both versions of HTTP."""

import functools

import pytest

import caller
import wire
from caller import STREAM_KINDS, UNARY_KINDS
from wire import message

ASKED = [
    ("x-header", "x-one 1"),
    ("x-header", "x-two a, b"),
    ("x-header", "x-one 2"),
    ("x-trailer", "x-end first"),
    ("x-trailer", "x-end-bin AP8"),
    ("x-trailer", "x-end second"),
]
DETAILS = [("a.B", b"\x08\x96\x01"), ("c.D", b"")]
DETAIL_HEADERS = [("x-detail", f"{kind} {wire.unpadded(v)}") for kind, v in DETAILS]

@pytest.fixture
def call(server):
    return functools.partial(caller.call, server)


def assert_metadata(answer):
    assert answer.of("x-one") == ["1", "2"]
    assert answer.of("x-two") == ["a, b"]
    assert answer.of("x-end", "trailers") == ["first", "second"]
    assert answer.of("x-end-bin", "trailers") == ["AP8"]
    assert answer.of("x-end") == answer.of("x-one", "trailers") == []


KINDS = [(kind, "Unary") for kind in UNARY_KINDS] + [
    (kind, "ServerStream") for kind in STREAM_KINDS
]


@pytest.mark.parametrize("kind, path", KINDS)
def test_metadata_goes_with_an_answer(call, kind, path):
    answer = call(kind, path, message("hi"), ASKED)
    assert answer.code is None and len(answer.messages) == 1
    assert_metadata(answer)


@pytest.mark.parametrize("kind, path", KINDS)
def test_metadata_and_details_go_with_an_error(call, kind, path):
    answer = call(kind, path, message("fail 9 no"), ASKED + DETAIL_HEADERS)
    assert answer.code in (9, "failed_precondition")
    assert (answer.text, answer.details) == ("no", DETAILS)
    assert_metadata(answer)


@pytest.mark.parametrize("kind, path", KINDS)
def test_an_error_without_details_has_none(call, kind, path):
    answer = call(kind, path, message("fail 5 no"))
    assert (answer.text, answer.details) == ("no", None)
    if kind == "grpc2":
        assert answer.is_trailers_only


@pytest.mark.parametrize("kind, path", KINDS)
@pytest.mark.parametrize("name", ["x-header", "x-trailer"])
def test_an_error_with_metadata_is_not_trailers_only(call, kind, path, name):
    answer = call(kind, path, message("fail 5 no"), [(name, "x-a b")])
    assert answer.of("x-a", name[2:] + "s") == ["b"]
    if kind == "grpc2":
        assert not answer.is_trailers_only


@pytest.mark.parametrize("kind, path", KINDS)
def test_too_much_metadata_fails_the_call(call, kind, path):
    much = [("x-trailer", "x-a " + "b" * 6000)] * 3
    answer = call(kind, path, message("hi"), much)
    assert answer.code in (8, "resource_exhausted")
    assert answer.text == "too much metadata"


@pytest.mark.parametrize("kind", UNARY_KINDS)
def test_details_of_any_size_leave_an_answer(call, kind):
    big = [("x-detail", "a.B " + "A" * 12000)] * 4
    answer = call(kind, "Unary", message("fail 5 no"), big)
    assert answer.code in (5, "not_found") and answer.text == "no"


@pytest.mark.parametrize("kind", UNARY_KINDS)
def test_a_handler_sees_all_request_headers_in_order(call, kind):
    asked = [("x-b", "1"), ("x-a", ""), ("x-b", "2"), ("x-c-bin", "AP8=")]
    answer = call(kind, "Unary", message("info"), asked)
    (data,) = answer.messages
    data = data if kind.startswith("unary") else data[1]
    lines = wire.text_field(data, 3).splitlines()
    assert [line for line in lines if line.startswith("x-")] == [
        "x-b: 1",
        "x-a: ",
        "x-b: 2",
        "x-c-bin: AP8=",
    ]
    assert not any(line.startswith(("left", "query")) for line in lines)


@pytest.mark.parametrize("kind", UNARY_KINDS)
def test_a_handler_is_told_the_time_that_is_left(call, kind):
    name, value = (
        ("connect-timeout-ms", "60000")
        if kind.startswith("unary")
        else ("grpc-timeout", "1M")
    )
    answer = call(kind, "Unary", message("info"), [(name, value)])
    (data,) = answer.messages
    lines = wire.text_field(data if kind.startswith("unary") else data[1], 3).splitlines()
    left = int(lines[0].removeprefix("left "))
    assert 0 < left <= 60000


@pytest.mark.parametrize("value", ["9999999999", "0009999999"])
def test_a_long_time_out_is_taken(call, value):
    answer = call("unary1", "Unary", message("info"), [("connect-timeout-ms", value)])
    lines = wire.text_field(answer.messages[0], 3).splitlines()
    assert 0 < int(lines[0].removeprefix("left ")) <= int(value)


def test_a_grpc_time_out_of_ages_is_taken(call):
    answer = call("grpc2", "Unary", message("info"), [("grpc-timeout", "99999999H")])
    assert answer.code is None


def test_a_handler_sees_the_query_of_a_get(server):
    query = "connect=v1&encoding=proto&base64=1&message=" + wire.unpadded(message("info"))
    status, _, data = wire.request(
        server, "/test.Echo/Unary?" + query, b"", method="GET"
    )
    assert status == 200
    assert wire.text_field(data, 3).splitlines()[0] == "query " + query
