"""What every protocol demands of a server, over both versions of HTTP."""

import functools
import gzip

import pytest

import caller
import h2client
import wire
from caller import STREAM_KINDS, TYPES, UNARY_KINDS
from wire import PACK, chunk, envelope, message

WORDS = {
    3: "invalid_argument",
    4: "deadline_exceeded",
    8: "resource_exhausted",
    12: "unimplemented",
    13: "internal",
    14: "unavailable",
}
ENVELOPED = [kind for kind in STREAM_KINDS if not kind.startswith("stream")]
LIMIT = 1 << 20


@pytest.fixture
def call(server):
    return functools.partial(caller.call, server)


@pytest.fixture
def call_raw(server):
    return functools.partial(caller.call_raw, server)


def assert_failed(answer, code):
    assert answer.code in (code, WORDS[code])
    assert answer.details is None


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize(
    "kind, path",
    [(k, "Unary") for k in ENVELOPED] + [(k, "ServerStream") for k in STREAM_KINDS],
)
def test_one_message_is_not_none_and_not_two(call_raw, kind, path, count):
    answer = call_raw(kind, path, envelope(message("m")) * count)
    assert_failed(answer, 12)
    assert answer.messages == []


@pytest.mark.parametrize("kind", STREAM_KINDS)
@pytest.mark.parametrize("path", ["ServerStream", "ClientStream", "Bidi"])
def test_a_packed_message_where_no_packing_was_named_is_internal(call_raw, kind, path):
    packed = envelope(gzip.compress(message("m")), 1)
    assert_failed(call_raw(kind, path, packed), 13)
    name = "connect-content-encoding" if kind.startswith("stream") else "grpc-encoding"
    assert_failed(call_raw(kind, path, packed, [(name, "identity")]), 13)


@pytest.mark.parametrize("kind", STREAM_KINDS)
@pytest.mark.parametrize("path", ["ServerStream", "ClientStream", "Bidi"])
@pytest.mark.parametrize("cut", [1, 4, 5, 7])
def test_a_message_that_is_cut_is_refused(call_raw, kind, path, cut):
    answer = call_raw(kind, path, envelope(message("m"))[:cut])
    assert_failed(answer, 3)


@pytest.mark.parametrize("kind", STREAM_KINDS)
@pytest.mark.parametrize("flags", [2, 0x80, 0x40, 3])
def test_flags_that_no_request_has_are_refused(call_raw, kind, flags):
    answer = call_raw(kind, "ClientStream", envelope(message("m"), flags))
    assert_failed(answer, 3)


@pytest.mark.parametrize("kind", UNARY_KINDS)
def test_nothing_at_all_is_a_message(call, kind):
    answer = call(kind, "Unary", b"")
    assert answer.code is None
    assert answer.messages == [b"" if kind.startswith("unary") else (0, b"")]


@pytest.mark.parametrize("kind", STREAM_KINDS)
def test_an_empty_client_stream_is_answered(call_raw, kind):
    answer = call_raw(kind, "ClientStream", b"")
    assert answer.code is None
    assert wire.text_field(answer.messages[0][1], 1) == "0 messages, 0 bytes"
    assert call_raw(kind, "Bidi", b"").messages == []


@pytest.mark.parametrize("kind", UNARY_KINDS)
@pytest.mark.parametrize("extra, packing", [(0, None), (1, None), (0, "gzip"), (1, "gzip")])
def test_the_limit_of_a_message_counts_what_it_is_unpacked(call_raw, kind, extra, packing):
    sent = wire.field(3, b"x" * (LIMIT - 4 + extra))
    assert len(sent) == LIMIT + extra
    body, headers = sent, []
    if packing:
        body = PACK[packing](sent)
        name = "content-encoding" if kind.startswith("unary") else "grpc-encoding"
        headers = [(name, packing)]
    if not kind.startswith("unary"):
        body = envelope(body, 1 if packing else 0)
    answer = call_raw(kind, "Unary", body, headers)
    if extra:
        assert_failed(answer, 8)
    else:
        assert answer.code is None


@pytest.mark.parametrize("kind", STREAM_KINDS)
def test_the_limit_is_not_one_of_the_stream(call_raw, kind):
    sent = envelope(wire.field(3, b"x" * (LIMIT - 4)))
    answer = call_raw(kind, "ClientStream", sent * 4)
    assert wire.text_field(answer.messages[0][1], 1).startswith("4 messages")


@pytest.mark.parametrize("kind", UNARY_KINDS + STREAM_KINDS)
def test_texts_of_errors_come_whole(call, kind):
    path = "Unary" if kind in UNARY_KINDS else "ServerStream"
    text = 'tab\t "100%"\r\n\\ ünï\U0001f600\x7f end'
    answer = call(kind, path, message("fail 14 " + text))
    assert_failed(answer, 14)
    if kind[:-1] in ("web", "grpc"):
        assert all(0x20 <= ord(c) <= 0x7E for c in answer.text)
        assert "%25%22" not in answer.text and "100%25" in answer.text
        answer.text = caller.unquote(answer.text)
    assert answer.text == text


@pytest.mark.parametrize("kind", STREAM_KINDS)
def test_an_error_after_messages_comes_after_them(call_raw, kind):
    body = envelope(message("m")) * 2 + envelope(message("fail 14 enough"))
    answer = call_raw(kind, "Bidi", body)
    assert_failed(answer, 14)
    assert len(answer.messages) == 2


@pytest.mark.parametrize("kind", UNARY_KINDS + STREAM_KINDS)
def test_a_deadline_ends_the_call(server, call, kind):
    path = "Unary" if kind in UNARY_KINDS else "ServerStream"
    name, value = ("grpc-timeout", "100m")
    if kind[:-1] in ("unary", "stream"):
        name, value = "connect-timeout-ms", "100"
    assert_failed(call(kind, path, message("never"), [(name, value)]), 4)
    opens, _, _, closes = server.stats()
    assert opens == closes


@pytest.mark.parametrize("kind", ["stream2", "web2", "grpc2"])
def test_a_deadline_in_mid_upload_is_told_at_once_over_http_2(server, kind):
    timeout = ("connect-timeout-ms", "20") if kind == "stream2" else ("grpc-timeout", "20m")
    client = h2client.Client(server)
    number = client.begin(
        "/test.Echo/ClientStream", [("content-type", TYPES[kind[:-1]]), timeout]
    )
    client.send(number, envelope(message("m")))
    stream = client.wait(number)
    answer = caller.Answer(
        kind[:-1], int(stream.header(":status")), stream.headers, stream.trailers, stream.data
    )
    assert_failed(answer, 4)
    # The rest is not wanted (RFC 9113, section 8.1).
    assert client.wait(number, lambda s: s.reset is not None).reset == 0
    client.close()


@pytest.mark.parametrize("value", ["x", "", "-1", "1.5", "123456789S", "1s"])
def test_a_malformed_grpc_time_out_is_refused(call, value):
    assert_failed(call("grpc2", "Unary", message("hi"), [("grpc-timeout", value)]), 3)


@pytest.mark.parametrize("kind", ["unary2", "stream2", "web2", "grpc2"])
def test_too_long_a_message_is_told_in_mid_upload_over_http_2(server, kind):
    path = "Unary" if kind == "unary2" else "ClientStream"
    client = h2client.Client(server)
    number = client.begin("/test.Echo/" + path, [("content-type", TYPES[kind[:-1]])])
    if kind == "unary2":
        client.send(number, b"x" * (LIMIT + (1 << 17)))
    else:
        client.send(number, envelope(b"x" * (LIMIT + (1 << 17)))[:50])
    stream = client.wait(number)
    answer = caller.Answer(
        kind[:-1], int(stream.header(":status")), stream.headers, stream.trailers, stream.data
    )
    assert_failed(answer, 8)
    assert client.wait(number, lambda s: s.reset is not None).reset == 0
    # The connection lives on.
    assert client.call("/test.Echo/Unary", "application/proto", b"").data == b""
    client.close()


@pytest.mark.parametrize("kind", ["unary", "stream", "web"])
def test_too_long_a_message_is_told_after_the_upload_over_http_1(server, kind):
    path = "Unary" if kind == "unary" else "ClientStream"
    sent = b"x" * (4 << 20)
    sent = sent if kind == "unary" else envelope(sent)
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/" + path, TYPES[kind])
        for at in range(0, len(sent), 1 << 16):
            sock.sendall(chunk(sent[at : at + (1 << 16)]))
        sock.sendall(b"0\r\n\r\n")
        got = wire.read_response(sock)
        answer = caller.Answer(kind, got.status, got.getheaders(), [], got.read())
        assert_failed(answer, 8)
        sock.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert wire.read_response(sock).status == 200


def request(server, version, method, path, kind, body=b""):
    headers = [("content-type", kind)] if kind else []
    if version == 1:
        return wire.request(server, path, body, headers, method)[0]
    client = h2client.Client(server)
    number = client.begin(path, headers, method=method)
    client.send(number, body, end=True)
    status = int(client.wait(number).header(":status"))
    client.close()
    return status


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    "kind",
    [
        None,
        "image/jpeg",
        "text/plain",
        "application/xml",
        "application/grpc+thrift",
        "application/grpcx",
        "application/grpc-web+x",
        "application/grpc-web-text+json",
        "application/connect+x",
        "application/connect",
        "application/connect+proto",
    ],
)
def test_an_unknown_codec_is_no_content_type_of_a_unary_method(server, version, kind):
    assert request(server, version, "POST", "/test.Echo/Unary", kind) == 415


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["application/proto", "application/json", "image/jpeg", None])
def test_streams_are_not_spoken_in_types_of_unary_methods(server, version, kind):
    for path in "ServerStream", "ClientStream", "Bidi":
        assert request(server, version, "POST", "/test.Echo/" + path, kind) == 415


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("method", ["DELETE", "PUT", "GET", "HEAD", "OPTIONS", "PATCH"])
def test_other_verbs_are_not_allowed(server, version, method):
    path = "/test.Echo/Stats"
    assert request(server, version, method, path, "application/proto") == 405


@pytest.mark.parametrize("version", [1, 2])
def test_an_unknown_path_is_unimplemented(server, version):
    for kind in "application/proto", "application/connect+proto", "application/connect+json":
        assert request(server, version, "POST", "/test.Echo/No", kind) == 404
    answer = caller.call(server, f"web{version}", "No", b"")
    assert_failed(answer, 12)


def test_an_unknown_path_is_unimplemented_in_grpc(call):
    answer = call("grpc2", "No", b"")
    assert_failed(answer, 12)
    assert answer.is_trailers_only


@pytest.mark.parametrize("path", ["Unary", "Bidi", "No"])
@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc+json"])
def test_grpc_over_http_1_is_another_version(server, path, kind):
    path = "/test.Echo/" + path
    assert request(server, 1, "POST", path, kind, envelope(b"")) == 505


def test_a_client_stream_may_be_answered_before_its_end(server):
    client = h2client.Client(server)
    number = client.begin("/test.Echo/ClientStream", [("content-type", "application/grpc")])
    client.send(number, envelope(message("enough")))
    stream = client.wait(number)
    assert stream.header("grpc-status") == "0"
    (part,) = wire.envelopes(stream.data)
    assert wire.text_field(part[1], 1).startswith("1 messages")
    client.close()


def test_calls_go_on_in_the_order_of_their_resumption(start):
    server = start()
    client = h2client.Client(server)
    grpc = [("content-type", "application/grpc")]
    for name, first in ("a", envelope(message("mark a1"))), ("b", b""):
        messages = server.stats()[1]
        number = client.begin("/test.Echo/ClientStream", grpc)
        # What comes with the "hold" is held by the call, and the rest by net.
        client.send(number, envelope(message("hold")) + first)
        while server.stats()[1] == messages:
            pass
        client.send(number, envelope(message(f"mark {name}2")), end=True)
    # In order on the connection: all of the above has come.
    client.call("/test.Echo/Unary", "application/proto", message("release"))
    for number in 1, 3:
        assert client.wait(number).header("grpc-status") == "0"
    answer = client.call("/test.Echo/Unary", "application/proto", message("marks"))
    assert wire.text_field(answer.data, 1).split() == ["a1", "a2", "b2"]
    client.close()


def test_te_is_not_needed_and_names_of_any_case_are_taken(server):
    status, _, data = wire.request(
        server,
        "/test.Echo/Unary",
        message("hi"),
        [("Content-Type", "Application/PROTO; charset=utf-8"), ("Connect-Protocol-Version", "1")],
    )
    assert (status, data) == (200, message("hi"))
