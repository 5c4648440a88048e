"""Whole conversations, spoilt at random: the server outlives them all, and
every call that was opened is closed."""

import os
import random
import socket

import pytest

import wire
from h2frames import PREFACE, SETTINGS, frame
from wire import chunk, envelope, gzip_envelope, message

ROUNDS = int(os.environ.get("MITMFLOW_FUZZ_ROUNDS", "300"))
PROTO = "application/connect+proto"


def literal(name, value):
    """A header field as HPACK writes it without tables or Huffman codes."""
    name, value = name.encode(), value.encode()
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def h2_call(stream, path, content_type, body):
    head = b"\x83\x86" + literal(":path", path) + literal(":authority", "x")
    head += literal("content-type", content_type) + literal("grpc-encoding", "gzip")
    cut = len(body) // 2
    return [
        frame(1, 4, stream, head),
        frame(0, 0, stream, body[:cut]),
        frame(8, 0, stream, (1000).to_bytes(4, "big")),
        frame(0, 1, stream, body[cut:]),
    ]


def h2_talk():
    parts = [PREFACE, SETTINGS]
    body = envelope(message("a")) + gzip_envelope(message("repeat 3", "n" * 200))
    for i, path in enumerate(["ClientStream", "Bidi", "ServerStream", "Unary"]):
        parts += h2_call(2 * i + 1, "/test.Echo/" + path, "application/grpc", body)
    parts += h2_call(9, "/test.Echo/Unary", "application/json", b'{"flowId":"a"}')
    parts += [frame(6, 0, 0, bytes(8)), frame(3, 0, 5, b"\0\0\0\x08")]
    parts += [frame(7, 0, 0, bytes(8))]
    return parts


def h1_talk():
    body = [envelope(message("pause 1")), gzip_envelope(message("m")), envelope(b"")]
    parts = []
    for path in "ClientStream", "Bidi", "ServerStream":
        parts.append(
            f"POST /test.Echo/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTO}\r\n"
            "connect-content-encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        parts += [chunk(data) for data in body]
        parts.append(b"0\r\n\r\n")
    parts.append(
        b"POST /test.Echo/Unary HTTP/1.1\r\nhost: x\r\ncontent-length: 14\r\n"
        b'content-type: application/json\r\n\r\n{"flowId":"a"}'
    )
    parts.append(b"GET /healthz HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\r\n")
    return parts


def spoil(parts, choice):
    parts = list(parts)
    for _ in range(choice.randint(1, 4)):
        at = choice.randrange(len(parts))
        kind = choice.randrange(5)
        if kind == 0:
            del parts[at]
        elif kind == 1:
            parts.insert(at, parts[choice.randrange(len(parts))])
        elif kind == 2:
            parts[at] = parts[at][: choice.randrange(len(parts[at]) + 1)]
        else:
            data = bytearray(parts[at])
            for _ in range(choice.randint(1, 8) if data else 0):
                data[choice.randrange(len(data))] = choice.choice(
                    [0, 1, 0x0A, 0x0D, 0x7F, 0x80, 0xFF, choice.randrange(256)]
                )
            parts[at] = bytes(data)
        if not parts:
            return [b""]
    return parts


def talk(server, parts, choice):
    with server.connect() as sock:
        try:
            for part in parts:
                sock.sendall(part)
            if choice.randrange(2):
                sock.shutdown(socket.SHUT_WR)
            sock.settimeout(choice.choice([0.001, 0.02]))
            while sock.recv(65536):
                pass
        except OSError:
            pass  # the server may close whenever it likes


@pytest.mark.parametrize("make", [h1_talk, h2_talk])
def test_spoilt_conversations_leave_nothing_behind(start, make):
    server = start("--head-timeout-ms", "5000")
    for seed in range(ROUNDS):
        choice = random.Random(seed)
        talk(server, spoil(make(), choice), choice)
    while True:
        opens, _, _, closes = server.stats()
        if opens == closes:
            break
    assert opens > 0
