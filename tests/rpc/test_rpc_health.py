"""grpc.health.v1.Health, by grpcio's own client and by bytes."""

import json
import queue
import struct

import grpc
import pytest
import wire
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1.health_pb2_grpc import HealthStub
from h2client import Client

SERVING = pb.HealthCheckResponse.SERVING
NOT_SERVING = pb.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = pb.HealthCheckResponse.SERVICE_UNKNOWN

SERVICES = {
    "",
    "test.Echo",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"


@pytest.fixture
def own(start):
    """A server whose states a test may change."""
    return start()


@pytest.fixture
def channel(own):
    host, port = own.address
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        yield channel


@pytest.fixture
def health(channel):
    return HealthStub(channel)


def request(service):
    return pb.HealthCheckRequest(service=service)


def set_health(channel, service, status):
    call = channel.unary_unary("/test.Echo/Unary", None, None)
    call(wire.message(f"health {status} {service}"), timeout=30)


def test_every_service_and_the_server_itself_are_serving(health):
    for service in SERVICES:
        assert health.Check(request(service), timeout=30).status == SERVING


def test_the_list_has_all(channel, health):
    set_health(channel, "test.Echo", NOT_SERVING)
    statuses = health.List(pb.HealthListRequest(), timeout=30).statuses
    assert {name: value.status for name, value in statuses.items()} == {
        **dict.fromkeys(SERVICES, SERVING),
        "test.Echo": NOT_SERVING,
    }


def test_a_list_of_more_than_the_protocol_allows_is_refused(channel, health):
    for i in range(100 - len(SERVICES)):
        set_health(channel, f"more.{i}", SERVING)
    assert len(health.List(pb.HealthListRequest(), timeout=30).statuses) == 100
    set_health(channel, "one.too.many", SERVING)
    with pytest.raises(grpc.RpcError) as caught:
        health.List(pb.HealthListRequest(), timeout=30)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("service", ["test.Ech", "test.Echo.", "x" * 4000, "\0"])
def test_an_unknown_service_is_not_found(health, service):
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(request(service), timeout=30)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("body", [b"\x0a\x05abc", b"\x0a\x02\xff\xfe", b"\x0b", b"\xff"])
def test_a_malformed_request_is_refused(channel, body):
    for call in (
        channel.unary_unary(CHECK, None, None),
        lambda body, timeout: list(
            channel.unary_stream(WATCH, None, None)(body, timeout=timeout)
        ),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call(body, timeout=30)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_long_request_is_refused(health):
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(request("x" * 5000), timeout=30)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_watch_tells_the_state_and_each_change_once(channel, health):
    watch = health.Watch(request("test.Echo"), timeout=60)
    other = health.Watch(request(""), timeout=60)
    assert next(watch).status == SERVING
    assert next(other).status == SERVING
    for status in NOT_SERVING, NOT_SERVING, SERVING, NOT_SERVING:
        set_health(channel, "test.Echo", status)
    assert [next(watch).status for _ in range(3)] == [NOT_SERVING, SERVING, NOT_SERVING]
    set_health(channel, "", NOT_SERVING)
    assert next(other).status == NOT_SERVING
    watch.cancel()
    other.cancel()


def test_a_watch_of_an_unknown_service_waits_for_it(channel, health):
    watch = health.Watch(request("to.come"), timeout=60)
    assert next(watch).status == SERVICE_UNKNOWN
    set_health(channel, "to.come", NOT_SERVING)
    assert next(watch).status == NOT_SERVING
    set_health(channel, "to.come", SERVING)
    assert next(watch).status == SERVING
    watch.cancel()


def test_a_stopping_server_tells_who_watches_and_ends_the_watch(own, health):
    watches = [health.Watch(request(name), timeout=60) for name in ("", "test.Echo")]
    unknown = health.Watch(request("un.known"), timeout=60)
    for watch in watches:
        assert next(watch).status == SERVING
    assert next(unknown).status == SERVICE_UNKNOWN
    own.stop()
    for watch in watches:
        assert next(watch).status == NOT_SERVING
    for watch in [*watches, unknown]:
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "the server is stopping"


def test_a_watch_that_is_left_is_forgotten(own, channel, health):
    watches = [health.Watch(request("test.Echo"), timeout=60) for _ in range(50)]
    for i, watch in enumerate(watches):
        assert next(watch).status == SERVING
        if i % 3:
            watch.cancel()
    set_health(channel, "test.Echo", NOT_SERVING)
    for i, watch in enumerate(watches):
        if i % 3 == 0:
            assert next(watch).status == NOT_SERVING


def stream_data(sock, number):
    """What DATA frames bring until the connection ends; GOAWAY is no end."""
    stream = sock.makefile("rb")
    while head := stream.read(9):
        body = stream.read(int.from_bytes(head[:3], "big"))
        if head[3] == 0 and int.from_bytes(head[5:], "big") == number:
            yield body


def test_a_watch_that_reads_nothing_holds_little(own):
    """What it has not read is bounded, and it catches up with the last."""
    client = Client(own, auto_window=False)
    number = client.begin(WATCH, [("content-type", "application/grpc")])
    client.send(number, wire.envelope(wire.field(1, "test.Echo")), end=True)
    host, port = own.address
    client.wait(number, lambda stream: stream.data)
    data = client.streams[number].data
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        call = channel.unary_unary("/test.Echo/Unary", None, None)
        running = queue.SimpleQueue()
        for i in range(30002):
            if i >= 500:
                running.get().result()
            text = f"health {2 - i % 2} test.Echo"
            running.put(call.future(wire.message(text), timeout=60))
        while not running.empty():
            running.get().result()
    client.conn.increment_flow_control_window(1 << 24)
    client.conn.increment_flow_control_window(1 << 24, number)
    client.flush()
    for part in stream_data(client.sock, number):
        if len(data) <= 70000 < len(data) + len(part):
            own.process.send_signal(15)
        data += part
    told = [message for _, message in wire.envelopes(data)]
    assert told[0] == b"\x08\x01"
    # The last before the stop, and the stop.
    assert told[-2:] == [b"\x08\x01", b"\x08\x02"]
    # 65,535 bytes of the first window and what may wait behind it, of seven
    # bytes each: far from 30,000.
    assert 10000 < len(told) < 20000
    assert all(one != other for one, other in zip(told, told[1:]))
    assert own.process.wait(30) == 0


def test_connect_asks_by_json(server):
    head = {"content-type": "application/json"}
    status, _, data = wire.post(server, CHECK, b"{}", head)
    assert (status, json.loads(data)) == (200, {"status": "SERVING"})
    status, _, data = wire.post(server, CHECK, b'{"service":"nothing"}', head)
    assert (status, json.loads(data)["code"]) == (404, "not_found")
    status, _, data = wire.post(server, "/grpc.health.v1.Health/List", b"{}", head)
    assert status == 200
    assert json.loads(data)["statuses"]["test.Echo"] == {"status": "SERVING"}


def test_a_probe_may_use_http_get(server):
    path = f"{CHECK}?encoding=json&message=%7B%22service%22%3A%22test.Echo%22%7D"
    status, _, data = wire.post(server, path, None, {}, method="GET")
    assert (status, json.loads(data)) == (200, {"status": "SERVING"})


def test_connect_watches_by_json(own):
    with own.connect() as sock:
        wire.begin_post(sock, WATCH, "application/connect+json")
        sock.sendall(wire.chunk(wire.envelope(b"{}")) + b"0\r\n\r\n")
        response = wire.read_response(sock)
        flags, size = struct.unpack(">BI", response.read(5))
        assert (flags, json.loads(response.read(size))) == (0, {"status": "SERVING"})
        own.process.send_signal(15)
        (_, last), (flags, end) = wire.envelopes(response.read())
        assert json.loads(last) == {"status": "NOT_SERVING"}
        assert flags == 2
        assert json.loads(end)["error"]["code"] == "unavailable"
    assert own.process.wait(30) == 0
