"""HTTP/1.1 as bytes: what both our client and our origin send and saw."""

import dataclasses


@dataclasses.dataclass
class Message:
    """Headers and trailers are pairs of bytes in order of arrival."""

    first_line: bytes
    headers: list
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)

    def get(self, name):
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None


def encode_fields(fields):
    return b"".join(name + b": " + value + b"\r\n" for name, value in fields)


def encode_chunked(body, size=700):
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


def read_fields(stream):
    fields = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.rstrip(b"\r\n").partition(b":")
        fields.append((name, value.strip(b" \t")))
    return fields


def read_exactly(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise EOFError(f"{len(data)} of {size} bytes")
    return data


def read_chunked(stream):
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += read_exactly(stream, size)
        stream.readline()
    return body, read_fields(stream)


def read_message(stream, has_body=True, until_close=False):
    """The next message of a buffered stream, or None at its end."""
    first_line = stream.readline()
    if not first_line:
        return None
    message = Message(first_line.rstrip(b"\r\n"), read_fields(stream))
    if not has_body:
        return message
    if (message.get(b"transfer-encoding") or b"").lower() == b"chunked":
        message.body, message.trailers = read_chunked(stream)
    elif (length := message.get(b"content-length")) is not None:
        message.body = read_exactly(stream, int(length))
    elif until_close:
        message.body = stream.read()
    return message
