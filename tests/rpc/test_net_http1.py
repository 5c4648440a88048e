"""HTTP/1.1 as net serves it, on raw sockets."""

import socket

import pytest

import wire
from wire import answer, chunk, closed, envelope, message

GET = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
STREAM = "application/connect+proto"


def test_a_request_may_come_byte_by_byte(server):
    body = b'{"flowId":"hi"}'
    request = (
        b"POST /test.Echo/Unary HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(body), body)
    )
    with server.connect() as sock:
        for byte in request:
            sock.sendall(bytes([byte]))
        assert answer(sock) == (200, body)


def test_requests_are_answered_one_after_the_other_on_one_connection(server):
    with server.connect() as sock:
        for _ in range(5):
            sock.sendall(GET)
            assert answer(sock) == (200, b"healthy\n")


def test_pipelined_requests_are_answered_in_order(server):
    with server.connect() as sock:
        sock.sendall(GET * 3 + GET.replace(b"/healthz", b"/nothing") + GET)
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while part := sock.recv(65536):
            data += part
    statuses = [part[:3] for part in data.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"200", b"404", b"200"]


def test_an_end_that_comes_with_the_last_bytes_of_a_body_is_noticed(server):
    """Before the body is whole; however the server's reads fall."""
    for _ in range(50):
        opens, _, _, closes = server.stats()
        with server.connect() as sock:
            wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
            while server.stats()[0] == opens:
                pass
            sock.sendall(chunk(envelope(message("m"))))
            sock.shutdown(socket.SHUT_WR)
            while server.stats()[3] == closes:
                pass


def test_a_client_that_half_closed_and_then_left_is_noticed(server):
    opens, _, _, closes = server.stats()
    with server.connect() as sock:
        body = chunk(envelope(message("head"))) + b"0\r\n\r\n"
        sock.sendall(GET)
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        sock.sendall(body)
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while data.count(b"HTTP/1.1 200") < 2:
            part = sock.recv(65536)
            assert part
            data += part
        assert server.stats()[3] == closes
    while server.stats()[3] == closes:
        pass


def test_head_has_no_body(server):
    with server.connect() as sock:
        last = GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        sock.sendall(GET.replace(b"GET", b"HEAD") + last)
        data = b""
        while part := sock.recv(65536):
            data += part
    assert data.count(b"200 OK") == 2
    assert data.count(b"healthy") == 1


def test_http_1_0_is_answered_and_closed(server):
    with server.connect() as sock:
        sock.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert answer(sock) == (200, b"healthy\n")
        assert closed(sock)


def test_a_body_is_asked_for_when_the_client_waits(server):
    with server.connect() as sock:
        sock.sendall(
            b"POST /test.Echo/Unary HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n"
            b"content-type: application/json\r\ncontent-length: 15\r\n\r\n"
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(b'{"flowId":"hi"}')
        assert answer(sock)[0] == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"\0" * 64,
        b"PRINT / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"INVALID PREFACE\r\n\r\n",
        b"GET / FTP/1.1\r\n\r\n",
        b" / HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
    ],
)
def test_garbage_is_closed_or_refused(server, garbage):
    with server.connect() as sock:
        sock.sendall(garbage)
        sock.shutdown(socket.SHUT_WR)
        data = b""
        try:
            while part := sock.recv(65536):
                data += part
        except ConnectionResetError:
            pass
    assert data == b"" or data.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"\0"))


@pytest.mark.parametrize(
    "head",
    [
        b"host: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked",
        b"host: x\r\ncontent-length: -5",
        b"host: x\r\ncontent-length: 5x",
        b"host: x\r\ntransfer-encoding: magic",
        b"host: x\r\nno colon",
        b"no-host: x",
    ],
)
def test_a_malformed_head_is_refused(server, head):
    with server.connect() as sock:
        sock.sendall(b"POST /healthz HTTP/1.1\r\n" + head + b"\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        data = sock.recv(65536)
    assert data == b"" or data.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))


def test_a_malformed_chunk_is_refused(server):
    closes = server.stats()[3]
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("m"))) + b"zz\r\n")
        assert answer(sock)[0] == 400
    while server.stats()[3] == closes:
        pass


def test_too_long_a_head_is_refused(server):
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        with pytest.raises(OSError):
            for _ in range(1000):
                sock.sendall(b"x-long: " + b"y" * 10000 + b"\r\n")


def test_other_connections_do_not_suffer_from_a_stalled_one(server):
    with server.connect() as stalled, server.connect() as other:
        stalled.sendall(b"GET / HT")
        other.sendall(GET)
        assert answer(other) == (200, b"healthy\n")


# ---- Time ----


def test_a_head_that_does_not_come_whole_is_closed(start):
    server = start("--head-timeout-ms", "100", "--first-timeout-ms", "100")
    for begun in b"G", b"GET / HTTP/1.1\r\nhost:", b"P", b"PRI":
        with server.connect() as sock:
            sock.sendall(begun)
            assert closed(sock)
    with server.connect() as sock:
        sock.sendall(GET)
        assert answer(sock)[0] == 200
        sock.sendall(GET[:9])
        assert closed(sock)


def test_an_idle_connection_is_closed(start):
    server = start("--idle-timeout-ms", "100", "--first-timeout-ms", "100")
    with server.connect() as silent, server.connect() as used:
        used.sendall(GET)
        assert answer(used)[0] == 200
        assert closed(silent)
        assert closed(used)


def test_an_exchange_outlives_the_idle_time(start):
    server = start(
        "--idle-timeout-ms", "50", "--head-timeout-ms", "50", "--first-timeout-ms", "50"
    )
    with server.connect() as sock, server.connect() as clock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("m"))))
        assert closed(clock)
        sock.sendall(chunk(envelope(message("m"))))
        with server.connect() as clock:
            assert closed(clock)
        sock.sendall(b"0\r\n\r\n")
        assert answer(sock)[0] == 200


# ---- Back-pressure ----


def send_until_blocked(sock, data, limit):
    """How much the server takes before it lets the client wait."""
    sock.settimeout(1)
    taken = 0
    try:
        while taken < limit:
            taken += sock.send(data)
    except TimeoutError:
        pass
    return taken


def test_a_paused_call_stops_its_client(server):
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("pause 3600000"))))
        data = chunk(envelope(message("m", "n" * 50000)))
        messages = server.stats()[1]
        assert send_until_blocked(sock, data, 64 << 20) < 32 << 20
        assert server.stats()[1] == messages


def test_a_client_that_does_not_read_bounds_what_is_queued(server):
    with server.connect() as sock:
        wire.begin_post(sock, "/test.Echo/ServerStream", STREAM)
        body = envelope(message("repeat 2000", "n" * 50000))
        sock.sendall(chunk(body) + b"0\r\n\r\n")
        response = wire.read_response(sock)
        # The server goes on for others, and for this one when it reads.
        assert server.stats()
        assert len(wire.envelopes(response.read())) == 2001


# ---- Listening ----


def test_a_unix_socket_serves_both_versions(start, tmp_path):
    path = tmp_path / "socket"
    server = start("--addr", f"unix:{path}")
    assert server.url == f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(GET)
        assert answer(sock) == (200, b"healthy\n")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))
        assert sock.recv(9)[3] == 4  # SETTINGS
    server.stop()
    assert not path.exists()


def test_a_stale_unix_socket_is_replaced(start, tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = start("--addr", f"unix:{path}")
    assert server.url


def test_past_the_greatest_number_of_connections_others_wait(start):
    server = start("--max-connections", "3")
    open_ones = [server.connect() for _ in range(3)]
    for sock in open_ones:
        sock.sendall(GET)
        assert answer(sock)[0] == 200
    with server.connect() as waiting:
        waiting.sendall(GET)
        waiting.settimeout(0.2)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        open_ones.pop().close()
        waiting.settimeout(30)
        assert answer(waiting)[0] == 200
    for sock in open_ones:
        sock.close()


# ---- Stopping ----


def test_a_stopping_server_lets_a_call_finish(start):
    server = start("--grace-ms", "60000")
    with server.connect() as sock, server.connect() as idle:
        idle.sendall(GET)
        assert answer(idle)[0] == 200
        wire.begin_post(sock, "/test.Echo/ClientStream", STREAM)
        sock.sendall(chunk(envelope(message("m"))))
        while server.stats()[1] == 0:
            pass
        server.process.terminate()
        assert closed(idle)
        sock.sendall(chunk(envelope(message("m"))) + b"0\r\n\r\n")
        response = wire.read_response(sock)
        assert response.getheader("connection").lower() == "close"
        got = wire.envelopes(response.read())
        assert wire.text_field(got[0][1], 1).startswith("2 messages")
    assert server.process.wait(30) == 0


def test_a_stopping_server_cuts_what_does_not_end(start):
    server = start("--grace-ms", "50")
    with server.connect() as upload, server.connect() as download:
        wire.begin_post(upload, "/test.Echo/ClientStream", STREAM)
        upload.sendall(chunk(envelope(message("m"))))
        wire.begin_post(download, "/test.Echo/ServerStream", STREAM)
        download.sendall(chunk(envelope(message("head"))) + b"0\r\n\r\n")
        assert wire.read_response(download).status == 200
        while server.stats()[1] < 2:
            pass
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert closed(upload)
        assert closed(download)
