"""gRPC-Web in base64, as Google's client for browsers speaks it."""

import base64

import pytest

import wire
from wire import envelope, message

TEXT = "application/grpc-web-text"


def b64(data):
    return base64.b64encode(data)


def decode(text):
    """Padded texts in a row, as a browser gets them."""
    out, at = b"", 0
    while at < len(text):
        end = text.find(b"=", at)
        end = len(text) if end < 0 else end + (2 if text[end : end + 2] == b"==" else 1)
        out += base64.b64decode(text[at:end], validate=True)
        at = end
    return out


def call(server, path, text, kind=TEXT, **headers):
    headers = [("content-type", kind)] + [(n.replace("_", "-"), v) for n, v in headers.items()]
    status, got, data = wire.request(server, "/test.Echo/" + path, text, headers)
    assert (status, got["content-type"]) == (200, kind)
    *parts, (flags, end) = wire.envelopes(decode(data))
    assert flags == 0x80
    return parts, end


@pytest.mark.parametrize("kind", [TEXT, TEXT + "+proto"])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_unary_call_is_answered(server, kind, length):
    sent = message("a" * length)
    parts, end = call(server, "Unary", b64(envelope(sent)), kind)
    assert (parts, end) == ([(0, sent)], b"grpc-status: 0\r\n")


def test_a_server_stream_comes_whole(server):
    sent = message("repeat 50", "n" * 2000)
    text = b64(envelope(sent))
    parts, end = call(server, "ServerStream", text, grpc_accept_encoding="gzip")
    assert (parts, end) == ([(0, sent)] * 50, b"grpc-status: 0\r\n")


@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_a_stream_may_be_padded_anywhere_and_come_in_any_pieces(server, size):
    body = b"".join(envelope(message(f"m{i}")) for i in range(9))
    text = b"".join(b64(body[at : at + size]) for at in range(0, len(body), size))
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", TEXT)
        for at in range(0, len(text), 5):
            sock.sendall(wire.chunk(text[at : at + 5]))
        sock.sendall(b"0\r\n\r\n")
        parts = wire.envelopes(decode(wire.read_response(sock).read()))
    assert wire.text_field(parts[0][1], 1).startswith("9 messages")


def test_a_pause_loses_nothing(server):
    body = envelope(message("pause 1")) + envelope(message("m")) * 20
    parts, _ = call(server, "ClientStream", b64(body * 5))
    assert wire.text_field(parts[0][1], 1).startswith("105 messages")


def test_errors_are_told(server):
    parts, end = call(server, "Unary", b64(envelope(message("fail 5 no"))))
    assert (parts, end) == ([], b"grpc-status: 5\r\ngrpc-message: no\r\n")


@pytest.mark.parametrize(
    "text",
    [
        b64(envelope(message("m")))[:-1],
        b64(envelope(message("m"))) + b"A",
        b64(envelope(message("m"))) + b"===",
        b64(envelope(message("m"))) + b"\n",
        envelope(message("m")),
    ],
    ids=["cut", "a digit", "padding", "white space", "not base64"],
)
def test_bad_text_is_refused(server, text):
    parts, end = call(server, "Unary", text)
    assert parts == [] and end.startswith(b"grpc-status: 3\r\n")


def test_other_codecs_are_not_text(server):
    kind = {"content-type": TEXT + "+json"}
    assert wire.post(server, "/test.Echo/Unary", b"", kind)[0] == 415
