"""Connect and gRPC-Web, byte by byte where it matters, over HTTP/1.1."""

import gzip
import json
import socket
import struct

import pytest

import wire
from wire import chunk, envelope, gzip_envelope, message

PROTO = "application/connect+proto"
JSON = "application/connect+json"


def stream_call(server, path, body, content_type=PROTO, **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    status, got, data = wire.post(
        server, path, body, {"content-type": content_type, **headers}
    )
    assert status == 200
    assert got["content-type"] == content_type
    return wire.envelopes(data)


def end_of(envelopes):
    flags, text = envelopes[-1]
    assert flags == 2
    end = json.loads(text)
    assert set(end) <= {"error", "metadata"}
    return end.get("error")


# ---- Unary ----


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_unary_proto_is_answered(server, encoding):
    sent = message("hi", "n" * 3000)
    body = gzip.compress(sent) if encoding == "gzip" else sent
    status, headers, data = wire.post(
        server,
        "/test.Echo/Unary",
        body,
        {
            "content-type": "application/proto",
            "content-encoding": encoding,
            "accept-encoding": encoding,
        },
    )
    assert status == 200
    assert headers["content-type"] == "application/proto"
    if encoding == "gzip":
        assert headers["content-encoding"] == "gzip"
        data = gzip.decompress(data)
    assert data == sent


def test_unary_json_is_answered(server):
    status, headers, data = wire.post(
        server,
        "/test.Echo/Unary",
        json.dumps({"flowId": "hi", "unknown": 1}),
        {"content-type": "application/json; charset=utf-8"},
    )
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert json.loads(data) == {"flowId": "hi"}


def test_an_empty_unary_message_is_a_message(server):
    status, _, data = wire.post(
        server, "/test.Echo/Unary", b"", {"content-type": "application/proto"}
    )
    assert (status, data) == (200, b"")


@pytest.mark.parametrize(
    "code, word, http",
    [
        (1, "canceled", 499),
        (2, "unknown", 500),
        (3, "invalid_argument", 400),
        (4, "deadline_exceeded", 504),
        (5, "not_found", 404),
        (6, "already_exists", 409),
        (7, "permission_denied", 403),
        (8, "resource_exhausted", 429),
        (9, "failed_precondition", 400),
        (10, "aborted", 409),
        (11, "out_of_range", 400),
        (12, "unimplemented", 501),
        (13, "internal", 500),
        (14, "unavailable", 503),
        (15, "data_loss", 500),
        (16, "unauthenticated", 401),
    ],
)
def test_unary_errors_have_their_word_and_http_status(server, code, word, http):
    status, headers, data = wire.post(
        server,
        "/test.Echo/Unary",
        message(f'fail {code} "quoted"\\ \r\n\U0001f600'),
        {"content-type": "application/proto"},
    )
    assert status == http
    assert headers["content-type"] == "application/json"
    assert json.loads(data) == {
        "code": word,
        "message": '"quoted"\\ \r\n\U0001f600',
    }


@pytest.mark.parametrize(
    "body, headers, status",
    [
        (b"{", {"content-type": "application/json"}, 400),
        (b"", {"content-type": "application/json"}, 400),
        (b"x", {"content-type": "application/proto", "content-encoding": "gzip"}, 400),
        (b"x", {"content-type": "application/proto", "content-encoding": "x"}, 501),
        (b"", {"content-type": "application/proto", "connect-timeout-ms": "x"}, 400),
        (b"", {"content-type": "application/proto", "connect-protocol-version": "2"}, 400),
        (b"", {"content-type": "image/jpeg"}, 415),
        (b"", {"content-type": "application/connect+proto"}, 415),
        (b"", {}, 415),
    ],
)
def test_bad_unary_requests_get_their_status(server, body, headers, status):
    assert wire.post(server, "/test.Echo/Unary", body, headers)[0] == status


def test_unknown_paths_and_verbs_get_their_status(server):
    kind = {"content-type": "application/proto"}
    assert wire.post(server, "/test.Echo/No", b"", kind)[0] == 404
    assert wire.post(server, "/test.Echo/Unary", b"", kind, "DELETE")[0] == 405
    assert wire.post(server, "/test.Echo/Stats", b"", kind, "GET")[0] == 405
    assert wire.post(server, "/test.Echo/Bidi", b"", kind, "GET")[0] == 405


@pytest.mark.parametrize("packed", [b"x" * 1048576, b"x" * 1048570])
def test_the_limit_counts_the_bytes_before_compression(server, packed):
    sent = wire.field(3, packed)
    fits = len(sent) <= 1 << 20
    for body, encoding in (sent, "identity"), (gzip.compress(sent), "gzip"):
        status, _, data = wire.post(
            server,
            "/test.Echo/Unary",
            body,
            {"content-type": "application/proto", "content-encoding": encoding},
        )
        assert status == (200 if fits else 429)
        if fits:
            assert data == sent


# ---- GET ----


def get(server, query):
    return wire.post(server, "/test.Echo/Unary?" + query, None, {}, "GET")


def test_get_takes_json_and_base64(server):
    status, _, data = get(
        server, "connect=v1&encoding=json&message=%7B%22flowId%22:%22a%20b%22%7D"
    )
    assert (status, json.loads(data)) == (200, {"flowId": "a b"})
    # message("hi") is 0a026869
    for text in "CgJoaQ", "CgJoaQ==", "CgJoaQ%3D%3D":
        status, _, data = get(server, f"encoding=proto&base64=1&message={text}")
        assert (status, data) == (200, message("hi"))


@pytest.mark.parametrize(
    "query, status",
    [
        ("", 415),
        ("encoding=xml&message=", 415),
        ("encoding=json", 400),
        ("encoding=proto&message=a&base64=1", 400),
        ("connect=v2&encoding=proto&message=", 400),
        ("encoding=proto&message=&compression=lzw", 501),
        ("encoding=proto&message=", 200),
    ],
)
def test_bad_queries_get_their_status(server, query, status):
    assert get(server, query)[0] == status


# ---- Streams over HTTP/1.1 ----


@pytest.mark.parametrize("pack", [envelope, gzip_envelope])
def test_a_client_stream_is_counted(server, pack):
    sent = message("m", "n" * 2000)
    got = stream_call(
        server,
        "/test.Echo/ClientStream",
        pack(sent) * 50,
        connect_content_encoding="gzip",
    )
    assert end_of(got) is None
    assert wire.text_field(got[0][1], 1) == f"50 messages, {50 * len(sent)} bytes"


def test_a_json_stream_is_echoed(server):
    sent = [json.dumps({"flowId": str(i)}).encode() for i in range(5)]
    got = stream_call(
        server, "/test.Echo/Bidi", b"".join(map(envelope, sent)), JSON
    )
    assert end_of(got) is None
    assert [json.loads(m)["flowId"] for _, m in got[:-1]] == list("01234")


def test_a_server_stream_comes_whole(server):
    sent = message("repeat 300", "n" * 5000)
    got = stream_call(
        server,
        "/test.Echo/ServerStream",
        envelope(sent),
        connect_accept_encoding="gzip, br",
    )
    assert [m for _, m in got[:-1]] == [sent] * 300
    assert end_of(got) is None


@pytest.mark.parametrize("size", [1, 2, 7])
def test_messages_may_come_in_any_pieces(server, size):
    sent = message("m", "note")
    body = (envelope(sent) + gzip_envelope(sent)) * 3
    with server.connect() as sock:
        wire.begin_post(
            sock, "/test.Echo/ClientStream", PROTO, "connect-content-encoding: gzip"
        )
        for at in range(0, len(body), size):
            sock.sendall(chunk(body[at : at + size]))
        sock.sendall(b"0\r\n\r\n")
        got = wire.envelopes(wire.read_response(sock).read())
    assert wire.text_field(got[0][1], 1).startswith("6 messages")


@pytest.mark.parametrize(
    "body, code",
    [
        (envelope(message("m")) + b"\0\0", "invalid_argument"),
        (envelope(message("m")) + envelope(b"x" * 100)[:50], "invalid_argument"),
        (envelope(message("m"), 0x40), "invalid_argument"),
        (envelope(message("m"), 1), "internal"),
        (struct.pack(">BI", 0, 1 << 30), "resource_exhausted"),
        (envelope(b"\x1a\x81\x80\x40" + b"x" * (1 << 20)), "resource_exhausted"),
    ],
    ids=["cut prefix", "cut message", "flags", "not compressed", "1 GB", "long"],
)
def test_bad_frames_end_the_stream_with_their_status(server, body, code):
    got = stream_call(server, "/test.Echo/ClientStream", body)
    assert end_of(got)["code"] == code


def test_what_came_whole_before_a_bad_frame_was_delivered(server):
    before = server.stats()[1]
    got = stream_call(
        server,
        "/test.Echo/ClientStream",
        envelope(message("m")) * 3 + envelope(b"x" * 9)[:7],
    )
    assert end_of(got)
    assert server.stats()[1] - before == 3


def test_an_unknown_compression_is_unimplemented(server):
    got = stream_call(
        server,
        "/test.Echo/ClientStream",
        envelope(b""),
        connect_content_encoding="lzw",
    )
    assert end_of(got)["code"] == "unimplemented"


@pytest.mark.parametrize("count", [0, 2])
def test_a_server_stream_takes_exactly_one_message(server, count):
    got = stream_call(
        server, "/test.Echo/ServerStream", envelope(message("m")) * count
    )
    assert end_of(got)["code"] == "unimplemented"


def test_an_error_in_mid_upload_comes_after_the_upload(server):
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", PROTO)
        sock.sendall(chunk(envelope(message("fail 14 later"))))
        for _ in range(100):
            sock.sendall(chunk(envelope(message("m", "n" * 60000))))
        sock.sendall(b"0\r\n\r\n")
        got = wire.envelopes(wire.read_response(sock).read())
        assert end_of(got) == {"code": "unavailable", "message": "later"}
        # and the connection lives on
        sock.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert wire.read_response(sock).status == 200


def test_an_upload_that_does_not_end_after_an_error_is_closed(server):
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", PROTO)
        sock.sendall(chunk(envelope(message("fail 14 later"))))
        with pytest.raises(OSError):
            for _ in range(200):
                sock.sendall(chunk(b"x" * (1 << 20)))


def test_a_client_stream_that_breaks_off_is_closed(server):
    _, messages, half_closes, closes = server.stats()
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", PROTO)
        sock.sendall(chunk(envelope(message("m"))) + b"5\r\n\0")
        while server.stats()[1] == messages:
            pass
    while server.stats()[3] == closes:
        pass
    assert server.stats()[2] == half_closes


def test_a_client_that_leaves_an_idle_stream_is_noticed(server):
    opens, _, _, closes = server.stats()
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ServerStream", PROTO)
        sock.sendall(chunk(envelope(message("head"))) + b"0\r\n\r\n")
        assert wire.read_response(sock).status == 200
        assert server.stats()[3] == closes
    while server.stats()[3] == closes:
        pass


def test_a_half_closed_client_still_gets_its_answer(server):
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", PROTO)
        sock.sendall(chunk(envelope(message("pause 50"))) * 3 + b"0\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        got = wire.envelopes(wire.read_response(sock).read())
    assert wire.text_field(got[0][1], 1).startswith("3 messages")


def test_a_pause_loses_nothing(server):
    body = envelope(message("pause 1")) + envelope(message("m")) * 20
    got = stream_call(server, "/test.Echo/ClientStream", body * 5)
    assert wire.text_field(got[0][1], 1).startswith("105 messages")


def test_an_aborted_call_has_no_answer(server):
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", PROTO)
        sock.sendall(chunk(envelope(message("abort"))))
        assert sock.recv(100) == b""


@pytest.mark.parametrize("path", ["Unary", "ServerStream"])
def test_a_deadline_is_enforced(server, path):
    closes = server.stats()[3]
    unary = path == "Unary"
    status, _, data = wire.post(
        server,
        "/test.Echo/" + path,
        message("never") if unary else envelope(message("never")),
        {
            "content-type": "application/proto" if unary else PROTO,
            "connect-timeout-ms": "50",
        },
    )
    error = json.loads(data) if unary else end_of(wire.envelopes(data))
    assert status == (504 if unary else 200)
    assert error["code"] == "deadline_exceeded"
    assert server.stats()[3] == closes + 1


def test_a_deadline_in_mid_upload_closes_the_call_at_once(server):
    closes = server.stats()[3]
    with server.connect() as sock:
        wire.begin_post(
            sock, "/test.Echo/ClientStream", PROTO, "connect-timeout-ms: 50"
        )
        sock.sendall(chunk(envelope(message("m"))))
        while server.stats()[3] == closes:
            pass
        sock.sendall(chunk(envelope(message("m"))) + b"0\r\n\r\n")
        got = wire.envelopes(wire.read_response(sock).read())
    assert end_of(got)["code"] == "deadline_exceeded"


@pytest.mark.parametrize(
    "path, kind, begun",
    [
        ("ClientStream", PROTO, envelope(b"x" * 9)[:7]),
        ("ClientStream", PROTO, b"\0"),
        ("ServerStream", PROTO, envelope(message("m"))),
        ("Unary", "application/proto", b"\x0a"),
        ("Unary", "application/proto", None),
    ],
)
def test_a_message_whose_rest_does_not_come_ends_its_call(start, path, kind, begun):
    server = start("--body-timeout-ms", "50")
    with server.connect() as stalled, server.connect() as silent:
        wire.begin_post(silent, "/test.Echo/ClientStream", PROTO)
        silent.sendall(chunk(envelope(message("m"))))
        wire.begin_post(stalled, "/test.Echo/" + path, kind)
        if begun:
            stalled.sendall(chunk(begun))
        # The answer comes when the request is whole after all.
        if path == "ClientStream":
            while server.stats()[3] == 0:
                pass
        else:
            # No handler knows of it: its status tells.
            with server.connect() as clock:
                wire.begin_post(clock, "/test.Echo/ClientStream", PROTO)
                clock.sendall(chunk(b"\0"))
                while server.stats()[3] == 0:
                    pass
        stalled.sendall(b"0\r\n\r\n")
        response = wire.read_response(stalled)
        data = response.read()
        error = json.loads(data) if path == "Unary" else end_of(wire.envelopes(data))
        assert error["code"] == "deadline_exceeded"
        # Between messages a client may be silent.
        silent.sendall(chunk(envelope(message("m"))) + b"0\r\n\r\n")
        got = wire.envelopes(wire.read_response(silent).read())
        assert wire.text_field(got[0][1], 1).startswith("2 messages")


def test_a_message_of_a_hundred_megabytes_is_taken(start):
    server = start("--max-message", str(128 << 20))
    note = b"n" * (100 << 20)
    sent = wire.field(1, "m") + wire.field(3, note)
    for pack in envelope, lambda data: envelope(gzip.compress(data, 1), 1):
        got = stream_call(
            server,
            "/test.Echo/ClientStream",
            pack(sent) + pack(message("m")),
            connect_content_encoding="gzip",
        )
        assert wire.text_field(got[0][1], 1).startswith("2 messages")


# ---- gRPC-Web ----


def web_call(server, path, body, **headers):
    kind = "application/grpc-web+proto"
    status, got, data = wire.post(
        server, path, body, {"content-type": kind, **headers}
    )
    assert status == 200
    assert got["content-type"] == kind
    parts = wire.envelopes(data)
    flags, trailers = parts.pop()
    assert flags == 0x80
    assert trailers.endswith(b"\r\n")
    lines = trailers.decode().split("\r\n")[:-1]
    return parts, dict(line.split(": ", 1) for line in lines)


def test_grpc_web_is_answered(server):
    sent = message("repeat 3", "n" * 2000)
    parts, trailers = web_call(
        server,
        "/test.Echo/ServerStream",
        gzip_envelope(sent),
        **{"grpc-encoding": "gzip", "grpc-accept-encoding": "gzip"},
    )
    assert parts == [(0, sent)] * 3
    assert trailers == {"grpc-status": "0"}


def test_grpc_web_errors_are_percent_encoded(server):
    _, trailers = web_call(
        server, "/test.Echo/Unary", envelope(message("fail 7 100% ü\r\n"))
    )
    assert trailers == {
        "grpc-status": "7",
        "grpc-message": "100%25 %C3%BC%0D%0A",
    }


@pytest.mark.parametrize("count", [0, 2])
def test_grpc_web_unary_takes_exactly_one_message(server, count):
    _, trailers = web_call(server, "/test.Echo/Unary", envelope(b"") * count)
    assert trailers["grpc-status"] == "12"


def test_grpc_over_http_1_is_refused(server):
    kind = {"content-type": "application/grpc"}
    assert wire.post(server, "/test.Echo/Unary", envelope(b""), kind)[0] == 505
