"""The Connect protocol over HTTP/1.1, by hand."""

import dataclasses
import gzip
import http.client
import json
import struct

from harness.process import DEADLINE_S

COMPRESSED, END_STREAM = 1, 2


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def http_request(server, method, path, body=None, headers=None):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=DEADLINE_S)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def unary(server, path, message, headers=None):
    """`message`: a dict goes as JSON, a protobuf message as binary."""
    if isinstance(message, dict):
        codec, body = "json", json.dumps(message).encode()
    else:
        codec, body = "proto", message.SerializeToString()
    head = {"content-type": f"application/{codec}", "connect-protocol-version": "1"}
    return http_request(server, "POST", path, body, {**head, **(headers or {})})


def envelope(data, flags=0):
    return struct.pack(">BI", flags, len(data)) + data


def read_envelope(stream):
    """(flags, data) of the next envelope; None at the end."""
    head = stream.read(5)
    if not head:
        return None
    if len(head) < 5:
        raise EOFError(head)
    flags, size = struct.unpack(">BI", head)
    data = stream.read(size)
    if len(data) < size:
        raise EOFError(f"{len(data)} of {size} bytes")
    return flags, gzip.decompress(data) if flags & COMPRESSED else data


def read_stream(stream):
    """(messages, end) of a whole answer; `end` is the end-stream's JSON."""
    messages = []
    while (read := read_envelope(stream)) is not None:
        flags, data = read
        if flags & END_STREAM:
            return messages, json.loads(data)
        messages.append(data)
    raise EOFError("no end-stream message")


class ServerStream:
    """A server-streaming call; iterate over its messages, decoded as
    `answer_type`, or as JSON when the request is a dict."""

    def __init__(self, server, path, message, answer_type=None):
        is_json = isinstance(message, dict)
        codec = "json" if is_json else "proto"
        body = json.dumps(message).encode() if is_json else message.SerializeToString()
        self._decode = json.loads if is_json else answer_type.FromString
        self._connection = http.client.HTTPConnection(
            server.host, server.port, timeout=DEADLINE_S
        )
        self._connection.request(
            "POST",
            path,
            body=envelope(body),
            headers={
                "content-type": f"application/connect+{codec}",
                "connect-protocol-version": "1",
            },
        )
        self.response = self._connection.getresponse()
        self.status = self.response.status
        self.end = None

    def __iter__(self):
        while (read := read_envelope(self.response)) is not None:
            flags, data = read
            if flags & END_STREAM:
                self.end = json.loads(data)
                return
            yield self._decode(data)

    def close(self):
        self.response.close()
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
