"""HTTP/2 as net serves it, by the h2 library and on raw sockets."""

import struct

import pytest

import wire
from h2client import Client
from h2frames import PREFACE, SETTINGS, frame, read_frames
from wire import envelope, message

GRPC = ("content-type", "application/grpc")


@pytest.fixture
def client(server):
    client = Client(server)
    yield client
    client.close()


def goaway_code(sock):
    code = None
    for kind, _, _, payload in read_frames(sock):
        if kind == 7:
            code = int.from_bytes(payload[4:8], "big")
    return code


def test_the_preface_may_come_byte_by_byte(server):
    with server.connect() as sock:
        for byte in PREFACE + SETTINGS:
            sock.sendall(bytes([byte]))
        assert next(read_frames(sock))[0] == 4


def test_many_streams_share_a_connection(client):
    numbers = [
        client.begin("/test.Echo/Unary", [("content-type", "application/proto")])
        for _ in range(50)
    ]
    for number in reversed(numbers):
        client.send(number, message(str(number), "n" * 20000), end=True)
    for number in numbers:
        stream = client.wait(number)
        assert wire.text_field(stream.data, 1) == str(number)


def test_trailers_only_has_no_data_frame(client):
    number = client.begin("/test.Echo/Unary", [GRPC])
    client.send(number, envelope(message("fail 5 no")), end=True)
    stream = client.wait(number)
    assert stream.trailers == []
    assert stream.header("grpc-status") == "5"
    assert stream.header("grpc-message") == "no"


def test_an_answer_over_the_windows_comes_whole(client):
    number = client.begin("/test.Echo/Unary", [GRPC])
    client.send(number, envelope(message("size 1000000")), end=True)
    stream = client.wait(number)
    assert len(wire.envelopes(stream.data)[0][1]) > 1000000
    assert stream.header("grpc-status") == "0"


def test_an_early_error_is_followed_by_a_reset_without_error(client):
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("fail 9 early")))
    stream = client.wait(number, lambda s: s.reset is not None)
    assert stream.header("grpc-status") == "9"
    assert stream.reset == 0


def test_an_aborted_call_is_reset(client):
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("abort")))
    assert client.wait(number).reset == 2


def test_a_client_that_resets_closes_the_call(server, client):
    opens, _, half_closes, closes = server.stats()
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("m")))
    while server.stats()[0] == opens:
        pass
    client.conn.reset_stream(number)
    client.flush()
    while server.stats()[3] == closes:
        pass
    assert server.stats()[2] == half_closes


def test_a_lost_connection_closes_every_call(server):
    opens, _, _, closes = server.stats()
    client = Client(server)
    for _ in range(5):
        client.begin("/test.Echo/Bidi", [GRPC])
    while server.stats()[0] < opens + 5:
        pass
    client.close()
    while server.stats()[3] < closes + 5:
        pass


def test_a_paused_stream_stops_its_client_and_no_other(server, client):
    # An answer means that the server's windows are known.
    client.call("/test.Echo/Unary", "application/grpc", envelope(b""))
    paused = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(paused, envelope(message("pause 3600000")))
    # All that the stream's window takes; what was taken never opens it.
    room = client.conn.local_flow_control_window(paused)
    assert room > 1 << 20
    data = envelope(message("m", "n" * 4000))
    while room >= len(data):
        client.send(paused, data)
        room -= len(data)
    for _ in range(20):
        other = client.begin("/test.Echo/ClientStream", [GRPC])
        client.send(other, data * 200, end=True)
        stream = client.wait(other)
        assert stream.header("grpc-status") == "0"
    assert client.conn._get_stream_by_id(paused).outbound_flow_control_window < len(data)


def test_a_pause_loses_nothing(client):
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("pause 20")))
    for _ in range(3):
        client.send(number, envelope(message("m", "n" * 1000)) * 500)
        client.send(number, envelope(message("pause 1")))
    client.send(number, b"", end=True)
    stream = client.wait(number)
    answer = wire.envelopes(stream.data)[0][1]
    assert wire.text_field(answer, 1).startswith("1504 messages")


def test_a_client_that_does_not_read_holds_up_only_itself(server):
    client = Client(server, auto_window=False)
    number = client.begin("/test.Echo/ServerStream", [GRPC])
    client.send(number, envelope(message("repeat 1000", "n" * 60000)), end=True)
    client.wait(number, lambda s: len(s.data) >= 65535)
    assert server.stats()
    client.close()


@pytest.mark.parametrize(
    "body, status",
    [
        (envelope(b"x" * 9)[:7], "3"),
        (envelope(message("m")) + b"\0", "3"),
        (envelope(message("m"), 1), "13"),
        (envelope(message("m"), 6), "3"),
        (struct.pack(">BI", 0, 1 << 30), "8"),
    ],
)
def test_bad_frames_end_the_stream_and_no_other(client, body, status):
    good = client.begin("/test.Echo/ClientStream", [GRPC])
    stream = client.call("/test.Echo/ClientStream", "application/grpc", body)
    assert stream.header("grpc-status") == status
    client.send(good, envelope(message("m")), end=True)
    assert client.wait(good).header("grpc-status") == "0"


def test_the_time_out_is_enforced(client):
    stream = client.call(
        "/test.Echo/Unary",
        "application/grpc",
        envelope(message("never")),
        [("grpc-timeout", "20m")],
    )
    assert stream.header("grpc-status") == "4"


def test_too_long_a_head_is_431(client):
    number = client.begin(
        "/healthz",
        [(f"x-{i}", "y" * 4000) for i in range(17)],
        end=True,
        method="GET",
    )
    assert client.wait(number).header(":status") == "431"
    number = client.begin("/healthz", end=True, method="GET")
    assert client.wait(number).header(":status") == "200"


def test_resets_in_a_flood_close_the_connection(server):
    # HEADERS for GET /healthz by HPACK's static table, then RST_STREAM.
    head = bytes([0x82, 0x86, 0x84, 0x41, 1]) + b"x"
    with server.connect() as sock:
        sock.sendall(PREFACE + SETTINGS)
        with pytest.raises(OSError):
            for i in range(200000):
                stream = 2 * i + 1
                sock.sendall(
                    frame(1, 5, stream, head) + frame(3, 0, stream, b"\0\0\0\x08")
                )


def test_continuations_in_a_flood_close_the_connection(server):
    with server.connect() as sock:
        sock.sendall(PREFACE + SETTINGS + frame(1, 0, 1, b"\x82"))
        with pytest.raises(OSError):
            for _ in range(100000):
                sock.sendall(frame(9, 0, 1, b"\x86"))


@pytest.mark.parametrize(
    "flood", [SETTINGS, frame(6, 0, 0, bytes(8))], ids=["settings", "ping"]
)
def test_acknowledgements_that_are_not_read_close_the_connection(server, flood):
    with server.connect() as sock:
        sock.sendall(PREFACE + SETTINGS)
        with pytest.raises(OSError):
            for _ in range(100000):
                sock.sendall(flood * 100)


def test_a_connection_without_a_first_frame_is_closed(start):
    server = start("--head-timeout-ms", "100")
    with server.connect() as sock:
        sock.sendall(PREFACE[:20])
        assert list(read_frames(sock)) is not None


def test_a_head_that_does_not_come_whole_is_closed(start):
    server = start("--head-timeout-ms", "100")
    with server.connect() as sock:
        sock.sendall(PREFACE + SETTINGS + frame(1, 0, 1, b"\x82"))
        for _ in read_frames(sock):
            pass


def test_an_idle_connection_gets_a_goaway(start):
    server = start("--idle-timeout-ms", "100")
    with server.connect() as sock:
        sock.sendall(PREFACE + SETTINGS)
        assert goaway_code(sock) == 0


def test_a_stopping_server_lets_a_stream_finish(start):
    server = start("--grace-ms", "60000")
    client = Client(server)
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("m")))
    while server.stats()[1] == 0:
        pass
    server.process.terminate()
    # By frames: the library takes no more after a GOAWAY.
    frames = read_frames(client.sock)
    goaway = next(payload for kind, _, _, payload in frames if kind == 7)
    assert goaway[4:8] == bytes(4)
    # A client may not open streams now; this one goes on.
    client.sock.sendall(frame(0, 1, number, envelope(message("m"))))
    data = b"".join(p for kind, _, _, p in frames if kind == 0)
    assert wire.text_field(wire.envelopes(data)[0][1], 1).startswith("2 messages")
    assert server.process.wait(30) == 0


def test_a_stopping_server_cuts_what_does_not_end(start):
    server = start("--grace-ms", "50")
    client = Client(server)
    number = client.begin("/test.Echo/ClientStream", [GRPC])
    client.send(number, envelope(message("m")))
    while server.stats()[1] == 0:
        pass
    server.process.terminate()
    assert server.process.wait(30) == 0
    client.close()
