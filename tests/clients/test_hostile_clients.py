"""What bad input gets: the status that the protocol names, nothing grown past
its limit, and every other connection unharmed."""

import contextlib
import gzip
import io
import json
import select
import socket
import ssl
import struct
import uuid

import pytest
from bombs import BOMBS
from harness import build, connect, raw_grpc
from harness.process import DEADLINE_S
from harness.schema import view
from place import INGEST, VIEW, ingest_stub, view_stub
from test_client_grpcio import Sending

INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 3, 8, 12, 13

GROWTH_MAX = 64 << 20
# What is sent to a server at most that should have closed the connection.
SENT_MAX = 256 << 20

CHUNK = b"x" * 65536

WANTS = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Bystander:
    """Another connection: flows that it sends are told to it."""

    def __init__(self, place):
        self._channel = place.open_channel()
        self._sending = Sending(self._channel)
        self._told = view_stub(self._channel).WatchFlows(view.WatchFlowsRequest(limit=1))
        self._count = 0

    def goes_on(self):
        url = f"http://{uuid.uuid4()}/"
        self._sending.send(build.http(url))
        self._count += 1
        for told in self._told:
            if any(flow.http.url == url for flow in told.flows):
                return
        raise AssertionError("its watch ended")

    def end(self):
        answer = self._sending.end()
        self._told.cancel()
        self._channel.close()
        assert (answer.flows_processed, answer.rejected) == (self._count, 0)


@pytest.fixture(autouse=True)
def bystander(place):
    bystander = Bystander(place)
    bystander.goes_on()
    with place.grows_less_than(GROWTH_MAX):
        yield bystander
    bystander.goes_on()
    bystander.end()


def read_all(sock):
    """What comes until the server closes."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while part := sock.recv(65536):
            data += part
    return data


def send_until_closed(sock, first, again):
    """Send without an end, reading what comes; what the server said. It must
    close."""
    said, sent, pending = b"", 0, memoryview(first or again)
    sock.setblocking(False)
    with sock, contextlib.suppress(ConnectionError, ssl.SSLEOFError):
        while sent < SENT_MAX:
            readable, writable, _ = select.select([sock], [sock], [], DEADLINE_S)
            assert readable or writable, "the server neither reads nor closes"
            with contextlib.suppress(BlockingIOError, *WANTS):
                part = sock.recv(65536)
                if not part:
                    return said
                said += part
            with contextlib.suppress(BlockingIOError, *WANTS):
                count = sock.send(pending)
                sent += count
                pending = pending[count:] or memoryview(again)
        raise AssertionError("the server read on and on")
    return said


# ---- Before and in the head ----

H1_HEAD = b"POST " + VIEW.encode() + b"GetFlow HTTP/1.1\r\nHost: localhost\r\n"
H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = b"\0\0\0\4\0\0\0\0\0"

GARBAGE = {
    "zeros": bytes(100),
    "high-bytes": b"\xff" * 100,
    "half-a-preface": H2_PREFACE[:18] + b"XX\r\n\r\n",
    "preface-then-no-frame": H2_PREFACE + b"\xff" * 64,
    "preface-then-http1": H2_PREFACE + b"GET / HTTP/1.1\r\n\r\n",
    "a-tls-hello": b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3" + bytes(64),
    "no-target": b"GET\r\n\r\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_before_the_preface_is_closed(place, name):
    for sock in (place.connect_tcp(), place.connect("http/1.1")):
        with sock, contextlib.suppress(ConnectionError):
            sock.sendall(GARBAGE[name])
            sock.shutdown(socket.SHUT_WR)
            assert b"200" not in read_all(sock)


def test_garbage_without_an_end_is_closed(place):
    send_until_closed(place.connect_tcp(), b"", CHUNK)
    send_until_closed(place.connect("http/1.1"), b"", CHUNK)


def test_a_head_over_the_limit_is_told_over_http1(place):
    with place.connect("http/1.1") as sock:
        sock.sendall(H1_HEAD + b"X: " + b"x" * 70000 + b"\r\n\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 431 ")


def test_a_head_over_the_limit_is_told_over_http2(place):
    with place.open_h2() as connection:
        stream = connection.open(extra=[(b"x-long", b"x" * 70000)])
        assert connection.wait(stream).headers[b":status"] == b"431"


@pytest.mark.parametrize("again", [b"X: y\r\n" * 1000, CHUNK], ids=["lines", "one line"])
def test_a_head_without_an_end_is_closed_over_http1(place, again):
    said = send_until_closed(place.connect("http/1.1"), H1_HEAD + b"X: ", again)
    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(
        ">I", stream
    ) + payload


HEADERS, CONTINUATION = 1, 9


def test_a_head_without_an_end_is_closed_over_http2(place):
    first = H2_PREFACE + EMPTY_SETTINGS + frame(HEADERS, 0, 1, b"\x83\x86")
    # A new field each: literal, without indexing.
    again = frame(CONTINUATION, 0, 1, b"\0\1x\x7f\x81\x7f" + b"y" * 256) * 64
    send_until_closed(place.connect("h2"), first, again)


@pytest.mark.parametrize("cut", [3, 9, 20])
def test_an_unfinished_frame_ends_its_connection_only(place, cut):
    data = H2_PREFACE + EMPTY_SETTINGS + frame(HEADERS, 4, 1, bytes(100))[:cut]
    with place.connect("h2") as sock, contextlib.suppress(ConnectionError):
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        read_all(sock)


# ---- Messages ----


class H1Call:
    """One call over HTTP/1.1: whole, then the answer."""

    def __init__(self, place):
        self._connection = place.open_h1()

    def __call__(self, path, headers, body):
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()

    def close(self):
        self._connection.close()


class H2Call:
    def __init__(self, place):
        self._connection = place.open_h2()

    def __call__(self, path, headers, body):
        stream = self._connection.post(path, headers)
        self._connection.send(stream, body, end=True)
        answer = self._connection.wait(stream)
        told = {**answer.headers, **answer.trailers}
        headers = {name.decode(): value.decode() for name, value in told.items()}
        return int(headers.pop(":status")), headers, answer.data

    def close(self):
        self._connection.close()


@pytest.fixture(params=[H1Call, H2Call], ids=["http1", "http2"])
def call(request, place):
    """A function that makes a call: path, headers, body to status, headers
    with trailers, body."""
    call = request.param(place)
    yield call
    call.close()


@pytest.fixture
def call_h2(place):
    call = H2Call(place)
    yield call
    call.close()


def connect_stream(call, path, body, encoding=None, codec="proto"):
    headers = {"content-type": f"application/connect+{codec}"}
    if encoding:
        headers["connect-content-encoding"] = encoding
    status, _, data = call(path, headers, body)
    messages, end = connect.read_stream(io.BytesIO(data))
    assert (status, messages) == (200, [])
    return end["error"]["code"]


def connect_unary(call, path, body, encoding=None):
    headers = {"content-type": "application/proto"}
    if encoding:
        headers["content-encoding"] = encoding
    status, _, data = call(path, headers, body)
    return status, json.loads(data)["code"]


def grpc(call, path, body, encoding=None, kind="grpc"):
    headers = {"content-type": f"application/{kind}", "te": "trailers"}
    if encoding:
        headers["grpc-encoding"] = encoding
    status, headers, data = call(path, headers, body)
    assert status == 200
    if kind == "grpc-web" and data:
        flags, size = struct.unpack(">BI", data[:5])
        assert (flags, size) == (0x80, len(data) - 5)
        lines = data[5:].decode().split("\r\n")
        headers = dict(line.split(":", 1) for line in lines if line)
    return int(headers["grpc-status"])


GIGABYTE = raw_grpc.frame(b"x" * 100, size=1 << 30)


def test_a_length_of_a_gigabyte_is_refused_at_once(call, call_h2):
    for path in (INGEST + "ExportFlow", VIEW + "WatchFlows"):
        assert connect_stream(call, path, GIGABYTE) == "resource_exhausted"
        assert grpc(call, path, GIGABYTE, kind="grpc-web") == RESOURCE_EXHAUSTED
        assert grpc(call_h2, path, GIGABYTE) == RESOURCE_EXHAUSTED


def test_a_unary_body_over_the_limit_is_refused(call):
    path = VIEW + "GetFlow"
    assert connect_unary(call, path, bytes(9 << 20)) == (429, "resource_exhausted")


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_refused(call, call_h2, encoding):
    bomb = BOMBS[encoding]
    packed = raw_grpc.frame(bomb, flags=1)
    told = connect_unary(call, VIEW + "GetFlow", bomb, encoding)
    assert told == (429, "resource_exhausted")
    for path in (INGEST + "ExportFlow", VIEW + "WatchFlows"):
        assert connect_stream(call, path, packed, encoding) == "resource_exhausted"
        assert grpc(call, path, packed, encoding, "grpc-web") == RESOURCE_EXHAUSTED
        assert grpc(call_h2, path, packed, encoding) == RESOURCE_EXHAUSTED


def test_json_of_too_many_values_is_refused(call):
    """All others wait while it is read."""
    text = b'{"x":[' + b"{}," * 300_000 + b"1]}"
    packed = raw_grpc.frame(gzip.compress(text), flags=1)
    told = connect_stream(call, INGEST + "ExportFlow", packed, "gzip", codec="json")
    assert told == "invalid_argument"


def test_a_hundred_bombs_at_once_are_refused(place):
    packed = raw_grpc.frame(BOMBS["zstd"], flags=1)
    with place.open_h2() as connection:
        extra = [(b"grpc-encoding", b"zstd")]
        streams = [connection.open(extra=extra) for _ in range(100)]
        for stream in streams:
            connection.send(stream, packed, end=True)
        for stream in streams:
            assert connection.wait(stream).status == RESOURCE_EXHAUSTED


@pytest.mark.parametrize("cut", [b"\0\0\0", raw_grpc.frame(b"\x0a\x01x", size=50)])
def test_an_unfinished_message_is_refused(call, call_h2, cut):
    path = INGEST + "ExportFlow"
    assert connect_stream(call, path, cut) in {"invalid_argument", "internal"}
    assert grpc(call, path, cut, kind="grpc-web") in {INVALID_ARGUMENT, INTERNAL}
    assert grpc(call_h2, path, cut) in {INVALID_ARGUMENT, INTERNAL}


def test_unknown_paths_codecs_and_encodings_get_their_status(call, call_h2):
    message = view.GetFlowRequest(flow_id="x").SerializeToString()
    framed = raw_grpc.frame(message)
    for path in (VIEW + "Nothing", "/other.Service/GetFlow"):
        assert call(path, {"content-type": "application/proto"}, message)[0] == 404
        assert grpc(call, path, framed, kind="grpc-web") == UNIMPLEMENTED
        assert grpc(call_h2, path, framed) == UNIMPLEMENTED
    path = VIEW + "GetFlow"
    for codec in ("application/xml", "application/connect+xml", "application/grpc-web+xml"):
        assert call(path, {"content-type": codec}, message)[0] == 415
    assert call_h2(path, {"content-type": "application/grpc+xml"}, framed)[0] == 415
    assert connect_unary(call, path, message, "lzma") == (501, "unimplemented")
    assert grpc(call, path, framed, "lzma", "grpc-web") == UNIMPLEMENTED
    assert grpc(call_h2, path, framed, "lzma") == UNIMPLEMENTED


# ---- Bodies that must be read before the error can be sent ----

REFUSED = {
    "unknown path": (VIEW + "Nothing", "application/proto", "POST", 404),
    "unknown codec": (VIEW + "GetFlow", "application/xml", "POST", 415),
    "unknown verb": (VIEW + "GetFlow", "application/proto", "PUT", 405),
    "too long": (VIEW + "GetFlow", "application/proto", "POST", 429),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_an_http1_client_that_sends_all_first_gets_its_error(place, name, is_chunked):
    """And may use its connection for the next request."""
    path, content_type, verb, status = REFUSED[name]
    length = 20 << 20
    body = (CHUNK for _ in range(length // len(CHUNK)))
    headers = {"content-type": content_type}
    if not is_chunked:
        headers["content-length"] = str(length)
    connection = place.open_h1()
    connection.request(verb, path, body, headers, encode_chunked=is_chunked)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == status
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("name", REFUSED)
def test_an_http1_body_without_an_end_is_closed(place, name):
    path, content_type, verb, _ = REFUSED[name]
    head = (
        f"{verb} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK)
    send_until_closed(place.connect("http/1.1"), head.encode(), chunk)


def test_an_http2_client_gets_its_error_in_mid_upload(place):
    with place.open_h2() as connection:
        stream = connection.post(VIEW + "Nothing", {"content-type": "application/proto"})
        connection.send(stream, CHUNK[:1000])
        assert connection.wait(stream).headers[b":status"] == b"404"


# ---- Slow ones, many at once ----


def test_many_that_begin_and_do_not_go_on_hold_up_nobody(place, bystander):
    socks = [place.connect("http/1.1") for _ in range(100)]
    socks += [place.connect("h2") for _ in range(100)]
    for number, sock in enumerate(socks):
        sock.sendall([H1_HEAD, H2_PREFACE + EMPTY_SETTINGS + b"\0\1"][number // 100])
    bystander.goes_on()
    with place.open_channel() as channel:
        answer = ingest_stub(channel).ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
        assert answer.flows_processed == 1
    for sock in socks:
        sock.close()
