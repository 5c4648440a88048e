"""Metadata, details of errors, and what handlers know of a request, as each
protocol writes them, over both versions of HTTP."""

import json

import pytest

import h2client
import wire
from wire import envelope, field, message, varint

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

TYPES = {
    "unary": "application/proto",
    "stream": "application/connect+proto",
    "web": "application/grpc-web+proto",
    "grpc": "application/grpc+proto",
}


class Answer:
    """What a client of a protocol makes of a response."""

    def __init__(self, kind, status, headers, trailers, data):
        self.kind, self.status, self.data = kind, status, data
        self.headers, self.trailers = headers, trailers
        self.code = self.text = self.details = None
        self.messages = []
        assert kind == "grpc" or trailers == []
        getattr(self, "read_" + kind)()

    def read_unary(self):
        prefix = "trailer-"
        self.trailers = [
            (n[len(prefix) :], v) for n, v in self.headers if n.startswith(prefix)
        ]
        self.headers = [h for h in self.headers if not h[0].startswith(prefix)]
        if self.status == 200:
            self.messages = [self.data]
        else:
            assert ("content-type", "application/json") in self.headers
            self.read_error(json.loads(self.data))

    def read_error(self, error):
        assert set(error) <= {"code", "message", "details"}
        self.code, self.text = error["code"], error.get("message")
        if "details" in error:
            assert all(set(d) == {"type", "value"} for d in error["details"])
            assert not any("=" in d["value"] for d in error["details"])
            self.details = [(d["type"], wire.padded(d["value"])) for d in error["details"]]

    def read_stream(self):
        *self.messages, (flags, end) = wire.envelopes(self.data)
        assert (self.status, flags) == (200, 2)
        end = json.loads(end)
        assert set(end) <= {"error", "metadata"}
        if "error" in end:
            self.read_error(end["error"])
        metadata = end.get("metadata", {})
        self.trailers = [(n, v) for n, values in metadata.items() for v in values]

    def read_web(self):
        *self.messages, (flags, end) = wire.envelopes(self.data)
        assert (self.status, flags) == (200, 0x80)
        assert end.endswith(b"\r\n")
        lines = end.decode().split("\r\n")[:-1]
        self.trailers = [tuple(line.split(": ", 1)) for line in lines]
        self.read_status()

    def read_grpc(self):
        assert self.status == 200
        self.messages = wire.envelopes(self.data)
        self.is_trailers_only = not self.trailers
        if self.is_trailers_only:
            self.trailers = self.headers
        self.read_status()

    def read_status(self):
        names = [n for n, _ in self.trailers]
        assert names.count("grpc-status") == 1
        ends = dict(self.trailers)
        number = int(ends["grpc-status"])
        self.code, self.text = number or None, ends.get("grpc-message")
        packed = ends.get("grpc-status-details-bin")
        if packed is not None:
            assert names.count("grpc-status-details-bin") == 1 and "=" not in packed
            self.read_packed(wire.padded(packed), number)
        self.trailers = [t for t in self.trailers if not t[0].startswith("grpc-")]

    def read_packed(self, packed, number):
        assert packed.startswith(b"\x08" + varint(number) + field(2, self.text))
        anys = b"".join(
            field(3, field(1, "type.googleapis.com/" + k) + (field(2, v) if v else b""))
            for k, v in DETAILS
        )
        assert packed.endswith(anys)
        self.details = DETAILS

    def of(self, name, where="headers"):
        return [v for n, v in getattr(self, where) if n == name]


@pytest.fixture
def call(server):
    """call(kind, path, message, headers) -> Answer; the kind's name ends with
    the version of HTTP."""

    def over_1(path, headers, body):
        status, got, data = wire.request(server, path, body, headers)
        return status, [(n.lower(), v) for n, v in got.items()], [], data

    def over_2(path, headers, body):
        client = h2client.Client(server)
        number = client.begin(path, headers)
        client.send(number, body, end=True)
        stream = client.wait(number)
        client.close()
        status = int(stream.header(":status"))
        return status, stream.headers, stream.trailers, stream.data

    def run(kind, path, body, headers=()):
        kind, version = kind[:-1], kind[-1]
        over = over_1 if version == "1" else over_2
        headers = [("content-type", TYPES[kind]), *headers]
        sent = body if kind == "unary" else envelope(body)
        return Answer(kind, *over("/test.Echo/" + path, headers, sent))

    return run


def assert_metadata(answer):
    assert answer.of("x-one") == ["1", "2"]
    assert answer.of("x-two") == ["a, b"]
    assert answer.of("x-end", "trailers") == ["first", "second"]
    assert answer.of("x-end-bin", "trailers") == ["AP8"]
    assert answer.of("x-end") == answer.of("x-one", "trailers") == []


UNARY_KINDS = ["unary1", "unary2", "web1", "web2", "grpc2"]
KINDS = [(kind, "Unary") for kind in UNARY_KINDS] + [
    (kind, "ServerStream") for kind in ("stream1", "stream2", "web1", "web2", "grpc2")
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
