"""What a peer is held to, and what it may take its time for."""

import mmap
import os
import struct
import subprocess

import pytest

import wire
from echo import BUILD
from h2client import Client
from h2frames import PREFACE, SETTINGS, frame, read_frames
from wire import answer, chunk, closed, envelope, message

GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
STREAM = "application/connect+proto"
GRPC = ("content-type", "application/grpc")
HOUR_MS = 3600 * 1000


class Clock:
    """A clock that the test moves, for servers that are started with it."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8)
        self.path = path

    def move(self, server, by_ms):
        (now,) = struct.unpack("q", self.map)
        self.map[:] = struct.pack("q", now + by_ms)
        # Its loop sleeps by the real clock; anything wakes it.
        with server.connect() as sock:
            sock.sendall(GET)
            assert answer(sock)[0] == 200


@pytest.fixture
def clock(tmp_path, monkeypatch):
    clock = Clock(tmp_path / "offset")
    program = BUILD / "tests/rpc/rpc_echo_server"
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    # A sanitizer's runtime must come first, and asks the next one.
    asan = [line.split()[2] for line in linked.splitlines() if "libasan" in line]
    preload = [*asan, str(BUILD / "tests/rpc/moved_clock.so")]
    monkeypatch.setenv("MOVED_CLOCK", os.fspath(clock.path))
    monkeypatch.setenv("LD_PRELOAD", ":".join(preload))
    return clock


def wait_for_message(server, messages):
    while server.stats()[1] < messages:
        pass


# ---- A stream that is silent ----


def test_an_http2_stream_may_be_silent_for_an_hour_between_messages(start, clock):
    server = start()
    client = Client(server)
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("m")) * 3)
    wait_for_message(server, 3)
    for _ in range(60):
        pings = client.pings
        clock.move(server, HOUR_MS // 60)
        while client.pings == pings:
            client.pump()  # which answers
            assert not client.closed
        # The answer has come when this one's has.
        other = client.call("/test.Echo/Unary", "application/grpc", envelope(message("m")))
        assert other.header("grpc-status") == "0"
    client.send(number, envelope(message("m")) * 2, end=True)
    stream = client.wait(number)
    assert wire.text_field(wire.envelopes(stream.data)[0][1], 1).startswith("5 messages")
    client.close()


def test_an_http1_stream_may_be_silent_for_an_hour_between_messages(start, clock):
    server = start()
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("m")) * 3))
        wait_for_message(server, 3)
        clock.move(server, HOUR_MS)
        sock.sendall(chunk(envelope(message("m")) * 2) + b"0\r\n\r\n")
        got = wire.envelopes(wire.read_response(sock).read())
        assert wire.text_field(got[0][1], 1).startswith("5 messages")


def test_a_watcher_that_reads_may_hear_nothing_for_an_hour(start, clock):
    server = start()
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        sock.sendall(chunk(envelope(message("head"))) + b"0\r\n\r\n")
        assert wire.read_response(sock).status == 200
        closes = server.stats()[3]
        clock.move(server, HOUR_MS)
        clock.move(server, HOUR_MS)
        assert server.stats()[3] == closes


def test_a_peer_that_does_not_answer_a_ping_is_taken_down(start, clock):
    server = start()
    client = Client(server)
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("m")))
    wait_for_message(server, 1)
    clock.move(server, 61 * 1000)
    frames = read_frames(client.sock)
    assert any(kind == 6 and not flags & 1 for kind, flags, _, _ in frames)
    assert server.stats()[3] == 0
    clock.move(server, 21 * 1000)
    while server.stats()[3] == 0:
        pass
    client.close()


# ---- What is owed ----


def test_a_message_that_stops_in_the_middle_is_given_up(start, clock):
    server = start()
    with server.connect() as sock:
        client = Client(server)
        number = client.begin("/test.Echo/ClientStream", [GRPC])
        client.send(number, envelope(message("m")) + b"\0\0")
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("m")) + b"\0\0"))
        wait_for_message(server, 2)
        clock.move(server, 59 * 1000)
        assert server.stats()[3] == 0
        clock.move(server, 2 * 1000)
        while server.stats()[3] < 2:
            pass
        assert client.wait(number).header("grpc-status") == "4"
        client.close()


def test_a_body_that_nobody_times_is_broken_off(start):
    server = start("--body-timeout-ms", "100")
    with server.connect() as sock:
        sock.sendall(b"POST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab")
        assert closed(sock)
    client = Client(server)
    number = client.begin("/healthz")
    assert client.wait(number).reset == 8
    client.close()


@pytest.mark.parametrize("is_window", [True, False], ids=["window", "socket"])
def test_an_answer_that_is_not_read_is_cut(start, is_window):
    server = start("--send-timeout-ms", "200")
    if is_window:
        client = Client(server, auto_window=False)
        number = client.begin("/test.Echo/ServerStream", [GRPC])
        client.send(number, envelope(message("repeat 1000", "n" * 60000)), end=True)
        assert client.wait(number).reset == 8
        # Its connection lives.
        number = client.begin("/test.Echo/Unary", [GRPC])
        client.send(number, envelope(message("fail 5 no")), end=True)
        assert client.wait(number).header("grpc-status") == "5"
        client.close()
        return
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        body = envelope(message("repeat 2000", "n" * 50000))
        sock.sendall(chunk(body) + b"0\r\n\r\n")
        while server.stats()[3] == 0:
            pass
        assert closed(sock)


def test_a_socket_that_takes_nothing_is_given_up(start):
    server = start("--send-timeout-ms", "200")
    client = Client(server)
    client.conn.increment_flow_control_window(1 << 30)
    number = client.begin("/test.Echo/ServerStream", [GRPC])
    client.conn.increment_flow_control_window(1 << 30, number)
    client.send(number, envelope(message("repeat 2000", "n" * 60000)), end=True)
    while server.stats()[3] == 0:
        pass
    client.close()


def test_the_rest_of_an_answered_request_is_not_waited_for_long(start, clock):
    server = start()
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("fail 5 no"))))
        wait_for_message(server, 1)
        clock.move(server, 11 * 1000)
        assert closed(sock)


def test_a_client_that_breaks_off_its_paused_upload_is_noticed(start):
    server = start()
    sock = server.connect()
    wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
    sock.sendall(chunk(envelope(message("pause 3600000"))))
    wait_for_message(server, 1)
    # Linger 0: a reset.
    sock.setsockopt(1, 13, struct.pack("ii", 1, 0))
    sock.close()
    while server.stats()[3] == 0:
        pass


def test_a_client_that_leaves_its_paused_upload_is_noticed(start, clock):
    server = start()
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("pause 3600000"))))
        wait_for_message(server, 1)
    clock.move(server, 1)
    clock.move(server, 6 * 1000)
    while server.stats()[3] == 0:
        pass


# ---- Ends ----


def test_a_stopping_server_says_first_that_it_stops_and_then_what_it_took(start):
    server = start("--grace-ms", "60000")
    with server.connect() as sock:
        head = bytes([0x83, 0x86, 0x84, 0x41, 1]) + b"x"
        sock.sendall(PREFACE + SETTINGS + frame(1, 4, 1, head))
        frames = read_frames(sock)
        next(frames)
        server.process.terminate()
        last = []
        for kind, flags, _, payload in frames:
            if kind == 7:
                last.append(int.from_bytes(payload[:4], "big"))
                if len(last) == 2:
                    sock.sendall(frame(0, 1, 1))
            if kind == 6 and not flags & 1 and len(last) == 1:
                # Opened before the PING's answer: it is taken.
                sock.sendall(frame(1, 5, 3, head) + frame(6, 1, 0, payload))
        assert last == [0x7FFFFFFF, 3]
    assert server.process.wait(30) == 0


def test_a_client_that_says_goaway_gets_its_answers_and_is_closed(server):
    with server.connect() as sock:
        head = bytes([0x83, 0x86, 0x84, 0x41, 1]) + b"x"
        sock.sendall(PREFACE + SETTINGS + frame(1, 4, 1, head) + frame(7, 0, 0, bytes(8)))
        sock.sendall(frame(0, 1, 1))
        answers = [stream for kind, _, stream, _ in read_frames(sock) if kind == 1]
        assert answers == [1]


def test_a_head_that_can_be_read_in_two_ways_is_told_so(server):
    with server.connect() as sock:
        sock.sendall(
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc"
        )
        response = wire.read_response(sock)
        assert response.status == 400
        assert response.getheader("content-type").startswith("text/plain")


def test_a_head_over_the_limit_is_told_so(server):
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"y" * 70000 + b"\r\n\r\n")
        response = wire.read_response(sock)
        assert response.status == 431
        assert response.getheader("content-type").startswith("text/plain")
