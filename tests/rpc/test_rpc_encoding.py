"""Compression both ways, and who chooses it."""

import pytest

import h2client
import wire
from wire import PACK, UNPACK, envelope, message

LONG = message("hi", "n" * 3000)
ENCODINGS = ["gzip", "br", "zstd"]

# The headers of each protocol, and its content type.
STREAMS = {
    "connect": ("connect-content-encoding", "connect-accept-encoding", "application/connect+proto"),
    "web": ("grpc-encoding", "grpc-accept-encoding", "application/grpc-web"),
    "grpc": ("grpc-encoding", "grpc-accept-encoding", "application/grpc"),
}


def unary(server, body, headers, query=""):
    return wire.request(
        server,
        "/test.Echo/Unary" + query,
        body,
        [("content-type", "application/proto"), *headers],
        method="GET" if query else "POST",
    )


def stream(server, kind, body, headers, path="/test.Echo/ServerStream"):
    """(headers, envelopes as they came) over HTTP/2."""
    client = h2client.Client(server)
    got = client.call(path, STREAMS[kind][2], body, headers)
    client.close()
    assert got.header(":status") == "200"
    return got, raw_envelopes(got.data)


def raw_envelopes(data):
    out, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 5], "big")
        out.append((data[at], data[at + 5 : at + 5 + size]))
        at += 5 + size
    assert at == len(data)
    return out


@pytest.mark.parametrize("asked", ENCODINGS)
@pytest.mark.parametrize("sent", ENCODINGS)
def test_unary_messages_are_packed_both_ways(server, sent, asked):
    status, headers, data = unary(
        server,
        PACK[sent](LONG),
        [("content-encoding", sent), ("accept-encoding", asked)],
    )
    assert (status, headers["content-encoding"]) == (200, asked)
    assert "accept-encoding" in headers["vary"]
    assert len(data) < len(LONG) and UNPACK[asked](data) == LONG


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("asked", ENCODINGS)
@pytest.mark.parametrize("sent", ENCODINGS)
def test_messages_of_streams_are_packed_both_ways(server, kind, sent, asked):
    encoding, accept, _ = STREAMS[kind]
    got, parts = stream(
        server,
        kind,
        envelope(PACK[sent](LONG), 1),
        [(encoding, sent), (accept, asked)],
    )
    assert got.header(encoding) == asked
    assert got.header(accept) == "gzip, br, zstd"
    flags, packed = parts[0]
    assert flags == 1 and UNPACK[asked](packed) == LONG


@pytest.mark.parametrize("kind", STREAMS)
def test_an_unpacked_message_may_come_where_packing_was_named(server, kind):
    encoding, _, _ = STREAMS[kind]
    got, parts = stream(server, kind, envelope(LONG), [(encoding, "gzip")])
    assert parts[0][0] in (0, 1)
    data = UNPACK["gzip"](parts[0][1]) if parts[0][0] else parts[0][1]
    assert data == LONG


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("asked", ["", "identity", "deflate, snappy", "gzip;q=0"])
def test_what_was_not_offered_is_not_used(server, kind, asked):
    encoding, accept, _ = STREAMS[kind]
    got, parts = stream(server, kind, envelope(LONG), [(accept, asked)])
    assert got.header(encoding) is None
    assert parts[0] == (0, LONG)


@pytest.mark.parametrize(
    "offered, chosen",
    [
        (["gzip, deflate, br, zstd"], "gzip"),
        (["br;q=0.5, zstd"], "zstd"),
        (["deflate", "zstd, br"], "zstd"),
        (["*"], "gzip"),
        (["identity"], None),
        ([""], None),
        (["gzip;q=0, br;q=0"], None),
    ],
)
def test_a_unary_client_chooses_by_quality_and_order(server, offered, chosen):
    _, headers, data = unary(server, LONG, [("accept-encoding", o) for o in offered])
    assert headers["content-encoding"] == chosen
    assert UNPACK[chosen or "identity"](data) == LONG


def test_connect_takes_what_is_sent_for_what_is_wanted(server):
    body = PACK["br"](LONG)
    _, headers, data = unary(server, body, [("content-encoding", "br")])
    assert headers["content-encoding"] == "br" and UNPACK["br"](data) == LONG
    got, parts = stream(
        server, "connect", envelope(LONG), [("connect-content-encoding", "zstd")]
    )
    assert got.header("connect-content-encoding") == "zstd"
    assert (parts[0][0], UNPACK["zstd"](parts[0][1])) == (1, LONG)
    # gRPC does not.
    got, parts = stream(server, "grpc", envelope(LONG), [("grpc-encoding", "gzip")])
    assert got.header("grpc-encoding") is None and parts[0] == (0, LONG)


def test_a_get_is_packed_both_ways(server):
    packed = wire.unpadded(PACK["br"](LONG)).replace("+", "-").replace("/", "_")
    query = f"?connect=v1&encoding=proto&base64=1&compression=br&message={packed}"
    status, headers, data = unary(server, b"", [("accept-encoding", "zstd")], query)
    assert (status, headers["content-encoding"]) == (200, "zstd")
    assert UNPACK["zstd"](data) == LONG


def test_short_long_and_random_messages_are_not_packed(server):
    random = bytes(i * i * 2654435761 >> 13 & 255 for i in range(1500))
    short = message("hi", "n" * 900)
    for sent in short, wire.field(3, PACK["br"](random)), message("", "n" * 1048560):
        asked = [("accept-encoding", "gzip")]
        _, headers, data = unary(server, sent, asked)
        if len(sent) < 2000:
            assert headers["content-encoding"] is None and data == sent
    got, parts = stream(
        server, "grpc", envelope(message("size 1048576")), [("grpc-accept-encoding", "gzip")]
    )
    assert parts[0][0] == 0 and len(parts[0][1]) > 1 << 20


@pytest.mark.parametrize("names", [["x"], ["gzip", "gzip"], ["gzip, br"]])
def test_an_unknown_encoding_is_unimplemented_and_ours_are_told(server, names):
    status, headers, data = unary(server, b"", [("content-encoding", n) for n in names])
    assert (status, headers["accept-encoding"]) == (501, "gzip, br, zstd")
    assert b'"code":"unimplemented"' in data and b"gzip, br, zstd" in data
    for kind, (encoding, accept, _) in STREAMS.items():
        got, parts = stream(server, kind, envelope(b""), [(encoding, n) for n in names])
        assert got.header(accept) == "gzip, br, zstd"
        if kind == "grpc":
            assert (got.header("grpc-status"), got.trailers) == ("12", [])
            assert got.header(encoding) is None
        elif kind == "web":
            assert b"grpc-status: 12\r\n" in parts[0][1]
        else:
            assert b'"code":"unimplemented"' in parts[0][1]


def test_an_unknown_compression_of_a_get_is_unimplemented(server):
    query = "?encoding=proto&compression=lzw&message="
    status, headers, data = unary(server, b"", [], query)
    assert (status, headers["accept-encoding"]) == (501, "gzip, br, zstd")
    assert b"gzip, br, zstd" in data


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_is_bounded(server, kind, encoding):
    bomb = PACK[encoding](message("", b"\0" * (8 << 20)))
    name = STREAMS[kind][0]
    got, parts = stream(server, kind, envelope(bomb, 1), [(name, encoding)])
    if kind == "grpc":
        assert got.header("grpc-status") == "8"
    else:
        assert b"grpc-status: 8\r\n" in parts[0][1] or b"resource_exhausted" in parts[0][1]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_does_not_decompress_is_refused(server, encoding):
    packed = PACK[encoding](LONG)
    for bad in packed[:-1], b"x" * 20, packed + b"xxxx":
        status, _, _ = unary(server, bad, [("content-encoding", encoding)])
        assert status == 400


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nothing_is_not_decompressed(server, encoding):
    status, _, data = unary(server, b"", [("content-encoding", encoding)])
    assert (status, data) == (200, b"")
    got, parts = stream(
        server, "connect", envelope(b"", 1), [("connect-content-encoding", encoding)]
    )
    assert parts[0] == (0, b"") and parts[1] == (2, b"{}")
