"""A call in any protocol over either version of HTTP, and what a client makes
of the answer."""

import json
from urllib.parse import unquote

import h2client
import wire
from wire import envelope

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
        """A google.rpc.Status that says the same, and details."""
        fields = wire.fields(packed)
        assert [v for n, v in fields if n == 1] == [number]
        assert [v for n, v in fields if n == 2] == [unquote(self.text).encode()]
        self.details = []
        for any_message in (v for n, v in fields if n == 3):
            parts = dict(wire.fields(any_message))
            prefix, _, name = parts[1].decode().rpartition("/")
            assert prefix == "type.googleapis.com"
            self.details.append((name, parts.get(2, b"")))

    def of(self, name, where="headers"):
        return [v for n, v in getattr(self, where) if n == name]


def over_1(server, path, headers, body):
    status, got, data = wire.request(server, path, body, headers)
    return status, [(n.lower(), v) for n, v in got.items()], [], data


def over_2(server, path, headers, body):
    client = h2client.Client(server)
    number = client.begin(path, headers)
    client.send(number, body, end=True)
    stream = client.wait(number)
    client.close()
    assert stream.reset is None
    status = int(stream.header(":status"))
    return status, stream.headers, stream.trailers, stream.data


def call_raw(server, kind, path, body, headers=()):
    """As call(), but with the body as it is sent."""
    kind, version = kind[:-1], kind[-1]
    headers = [("content-type", TYPES[kind]), *headers]
    over = over_1 if version == "1" else over_2
    return Answer(kind, *over(server, "/test.Echo/" + path, headers, body))


def call(server, kind, path, message, headers=()):
    """Call with one message; the kind's name ends with the version of HTTP."""
    sent = message if kind.startswith("unary") else envelope(message)
    return call_raw(server, kind, path, sent, headers)


UNARY_KINDS = ["unary1", "unary2", "web1", "web2", "grpc2"]
STREAM_KINDS = ["stream1", "stream2", "web1", "web2", "grpc2"]
