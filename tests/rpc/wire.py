"""Bytes of protobuf, Connect, gRPC-Web and HTTP/1.1, made and read by hand."""

import base64
import ctypes
import gzip
import http.client
import struct

import brotli

# The library that the server itself is linked with.
_zstd = ctypes.CDLL("libzstd.so.1")
for _name in "ZSTD_compress", "ZSTD_decompress", "ZSTD_compressBound":
    getattr(_zstd, _name).restype = ctypes.c_size_t


def _zstd_call(function, data, cap):
    out = ctypes.create_string_buffer(cap)
    args = out, ctypes.c_size_t(cap), data, ctypes.c_size_t(len(data))
    size = function(*args, 1) if function is _zstd.ZSTD_compress else function(*args)
    assert not _zstd.ZSTD_isError(ctypes.c_size_t(size))
    return out.raw[:size]


def zstd_compress(data):
    bound = _zstd.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    return _zstd_call(_zstd.ZSTD_compress, data, bound)


def zstd_decompress(data):
    return _zstd_call(_zstd.ZSTD_decompress, data, 1 << 24)


PACK = {
    "identity": bytes,
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstd_compress,
}
UNPACK = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd_decompress,
}


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, data):
    if isinstance(data, str):
        data = data.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(flow_id, note=None):
    """A mitmflow.v1.UpdateFlowRequest."""
    return field(1, flow_id) + (field(3, note) if note is not None else b"")


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def bytes_field(data, number):
    """The last occurrence of a length-delimited field, or None."""
    at, found = 0, None
    while at < len(data):
        key, at = read_varint(data, at)
        size, at = read_varint(data, at)
        if key & 7 == 2:
            if key >> 3 == number:
                found = data[at : at + size]
            at += size
    return found


def fields(data):
    """[(number, value)] of varints and length-delimited fields."""
    at, out = 0, []
    while at < len(data):
        key, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        out.append((key >> 3, value))
    return out


def text_field(data, number):
    return bytes_field(data, number).decode()


def envelope(data, flags=0):
    return struct.pack(">BI", flags, len(data)) + data


def gzip_envelope(data):
    return envelope(gzip.compress(data), 1)


def envelopes(data, encoding="gzip"):
    """[(flags, message)], decompressed; the data must end with an envelope."""
    out, at = [], 0
    while at < len(data):
        flags, size = struct.unpack_from(">BI", data, at)
        part = data[at + 5 : at + 5 + size]
        assert len(part) == size, "cut envelope"
        at += 5 + size
        out.append((flags & ~1, UNPACK[encoding](part) if flags & 1 else part))
    return out


def post(server, path, body, headers, method="POST"):
    connection = server.http_connection()
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, response.headers, data


def request(server, path, body, headers=(), method="POST"):
    """As post(), for headers that repeat: a list of pairs."""
    connection = server.http_connection()
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in [*headers, ("content-length", str(len(body)))]:
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, response.headers, data


def unpadded(data):
    return base64.b64encode(data).decode().rstrip("=")


def padded(text):
    return base64.b64decode(text + "=" * (-len(text) % 4))


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def begin_post(sock, path, content_type, *headers):
    lines = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        f"content-type: {content_type}",
        "transfer-encoding: chunked",
        *headers,
    ]
    sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())


def read_response(sock):
    response = http.client.HTTPResponse(sock)
    response.begin()
    return response


def answer(sock):
    response = read_response(sock)
    return response.status, response.read()


def closed(sock):
    """Wait for the end of what the server sends."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True
