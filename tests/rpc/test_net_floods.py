"""Floods of frames that are cheap to send: the connection ends, others do not."""

import select
import struct

import pytest

import wire
from h2client import Client
from h2frames import PREFACE, SETTINGS, frame
from wire import envelope, message

CALM = 11  # ENHANCE_YOUR_CALM
# GET /healthz by HPACK's static table; POST without an end.
GET = bytes([0x82, 0x86, 0x84, 0x41, 1]) + b"x"
POST = bytes([0x83, 0x86, 0x84, 0x41, 1]) + b"x"
GREATEST = 0x7FFFFFFF


def u32(number):
    return struct.pack(">I", number)


def ended_by(server, begin, flood, rounds=400):
    """The code in the GOAWAY that the flood brings; None: closed without one."""
    with server.connect() as sock:
        sock.sendall(PREFACE + SETTINGS + begin)
        data, i = b"", 0
        try:
            while i < rounds and goaway_in(data) is None:
                sock.sendall(flood(i))
                i += 1
                if select.select([sock], [], [], 0)[0]:
                    data += sock.recv(1 << 20)
            while goaway_in(data) is None and (part := sock.recv(1 << 20)):
                data += part
        except ConnectionError:
            pass
        return goaway_in(data)


def goaway_in(data):
    at = data.find(b"\0\0\x08\x07\0\0\0\0\0")
    return int.from_bytes(data[at + 13 : at + 17], "big") if at >= 0 else None


def resets(i):
    """Opened, and reset at once."""
    return b"".join(
        frame(1, 5, s, GET) + frame(3, 0, s, u32(8)) for s in range(200 * i + 1, 200 * i + 200, 2)
    )


def provoked_by_windows(i):
    """Streams that we must reset, as their windows overflow."""
    return b"".join(
        frame(1, 4, s, POST) + frame(8, 0, s, u32(GREATEST))
        for s in range(200 * i + 1, 200 * i + 200, 2)
    )


def provoked_by_lengths(i):
    """A body longer than content-length said."""
    head = POST + bytes([0x0F, 0x0D, 1]) + b"1"
    return b"".join(
        frame(1, 4, s, head) + frame(0, 0, s, b"xx") for s in range(200 * i + 1, 200 * i + 200, 2)
    )


def provoked_by_heads(i):
    """Fields in upper case."""
    head = GET + b"\x00\x01A\x01b"
    return b"".join(frame(1, 5, s, head) for s in range(200 * i + 1, 200 * i + 200, 2))


@pytest.mark.parametrize(
    "begin, flood",
    [
        (b"", resets),
        (b"", provoked_by_windows),
        (b"", provoked_by_lengths),
        (b"", provoked_by_heads),
        (b"", lambda i: SETTINGS * 100),
        (b"", lambda i: frame(6, 0, 0, bytes(8)) * 100),
        (b"", lambda i: frame(6, 1, 0, bytes(8)) * 100),
        (frame(1, 4, 1, POST), lambda i: frame(0, 0, 1) * 100),
        (frame(1, 4, 1, POST), lambda i: frame(0, 8, 1, b"\x08" + bytes(8)) * 100),
        (frame(1, 4, 1, POST), lambda i: frame(0, 0, 1, b"x") * 100),
        (b"", lambda i: frame(2, 0, 1001, u32(0) + b"\1") * 100),
        (frame(1, 4, 1, POST), lambda i: frame(8, 0, 1, u32(1)) * 100),
        (b"", lambda i: frame(8, 0, 0, u32(1)) * 100),
    ],
    ids=[
        "resets", "windows-overflow", "bodies-too-long", "bad-heads", "settings", "pings",
        "ping-acks", "empty-data", "padding-only", "tiny-data", "priority",
        "stream-window-by-1", "window-by-1",
    ],
)  # fmt: skip
def test_a_flood_ends_its_connection_and_no_other(server, begin, flood):
    other = Client(server)
    assert ended_by(server, begin, flood) == CALM
    stream = other.call("/test.Echo/Unary", "application/grpc", envelope(message("m")))
    assert stream.header("grpc-status") == "0"
    other.close()


def test_an_endless_head_ends_its_connection(server):
    # The dynamic table's entry of 4000 bytes, named again and again.
    entry = b"\x40\x01a" + b"\x7f\xa1\x1e" + b"v" * 4000
    code = ended_by(
        server, frame(1, 0, 1, GET + entry), lambda i: frame(9, 0, 1, b"\xbe" * 100), rounds=20
    )
    assert code == CALM


def test_continuations_without_anything_end_their_connection(server):
    # It must end; some versions of nghttp2 close without a word.
    code = ended_by(server, frame(1, 0, 1, GET), lambda i: frame(9, 0, 1) * 100)
    assert code in (CALM, None)


# ---- What is no flood ----


def test_a_busy_client_is_not_hit(server):
    """Many small messages, each frame acknowledged, a PING and a reset now and then."""
    client = Client(server)
    for _ in range(20):
        number = client.begin("/test.Echo/ServerStream", [("content-type", "application/grpc")])
        client.send(number, envelope(message("repeat 1000", "n" * 20)), end=True)
        gone = client.begin("/test.Echo/Bidi", [("content-type", "application/grpc")])
        client.conn.reset_stream(gone)
        for i in range(20):
            client.conn.ping(struct.pack(">Q", i))
        client.conn.update_settings({4: 65535 + gone})
        client.flush()
        stream = client.wait(number)
        assert stream.header("grpc-status") == "0"
        assert len(wire.envelopes(stream.data)) == 1000
    client.close()


def test_a_client_that_leaves_what_is_answered_is_not_hit(server):
    client = Client(server)
    grpc = ("content-type", "application/grpc")
    for _ in range(1500):
        number = client.begin("/test.Echo/Bidi", [grpc])
        client.send(number, envelope(message("m")))
        client.wait(number, lambda stream: stream.headers)
        client.conn.reset_stream(number)
    client.flush()
    number = client.begin("/healthz", end=True, method="GET")
    assert client.wait(number).header(":status") == "200"
    client.close()


def test_an_upload_in_small_messages_is_not_hit(server):
    client = Client(server)
    number = client.begin("/test.Echo/ClientStream", [("content-type", "application/grpc")])
    for _ in range(20000):
        client.send(number, envelope(b""))
    client.send(number, b"", end=True)
    stream = client.wait(number)
    assert wire.text_field(wire.envelopes(stream.data)[0][1], 1).startswith("20000 messages")
    client.close()


def test_a_ping_for_each_answer_is_no_flood(server):
    """What estimates its bandwidth sends one whenever data comes and none is out."""
    with server.connect() as sock:
        sock.sendall(PREFACE + SETTINGS + frame(8, 0, 0, u32(GREATEST - 65535)))
        for i in range(200):
            ids = range(200 * i + 1, 200 * i + 200, 2)
            sock.sendall(b"".join(frame(1, 5, s, GET) + frame(6, 0, 0, u32(i) * 2) for s in ids))
            data = b""
            while data.count(b"\0\0\x08\x06\1\0\0\0\0" + u32(i) * 2) < len(ids):
                data += (part := sock.recv(1 << 20))
                assert part and goaway_in(data) is None
