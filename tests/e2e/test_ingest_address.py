"""--ingest-addr: exporters at one address, viewers at another."""

import grpc
import pytest
from harness import build, connect, schema, server as server_module
from harness.process import DEADLINE_S


class Address:
    """What connect.http_request() wants to know."""

    def __init__(self, addr):
        self.host, port = addr.rsplit(":", 1)
        self.port = int(port)


@pytest.fixture
def channels():
    opened = []

    def open_channel(addr):
        opened.append(server_module.open_channel(addr))
        return opened[-1]

    yield open_channel
    for channel in opened:
        channel.close()


@pytest.fixture
def split(start_server):
    return start_server("--ingest-addr", "127.0.0.1:0")


def export(channel, message):
    stub = schema.proxy_grpc.ServiceStub(channel)
    return stub.ExportFlow(iter([message]), timeout=DEADLINE_S)


def is_serving(channel):
    """grpc.health.v1 by its bytes: SERVING is `08 01`."""
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    return check(b"", timeout=DEADLINE_S) == b"\x08\x01"


def test_flows_come_by_one_address_and_are_seen_at_the_other(split, channels):
    ingest = channels(split.exporters_addr())
    answer = export(ingest, build.http("http://one/"))
    assert answer.flows_processed == 1
    assert [flow.http.url for flow in split.flows()] == ["http://one/"]


def test_flows_are_refused_where_viewers_are_served(split):
    for call in (
        lambda: export(split.channel, build.http()),
        lambda: split.ingest.Hello(schema.proxy.HelloRequest(), timeout=DEADLINE_S),
    ):
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert "--ingest-addr" in error.value.details()
    assert split.flows() == []
    answer = connect.unary(split, "/mitmproxy.v1.Service/Hello", {})
    assert (answer.status, answer.json["code"]) == (403, "permission_denied")


def test_viewers_are_refused_where_flows_are_taken(split, channels):
    addr = split.exporters_addr()
    viewer = schema.view_grpc.ServiceStub(channels(addr))
    for call in (
        lambda: list(viewer.GetFlows(schema.view.GetFlowsRequest(), timeout=DEADLINE_S)),
        lambda: next(viewer.WatchFlows(schema.view.WatchFlowsRequest(), timeout=DEADLINE_S)),
        lambda: viewer.GetFlow(schema.view.GetFlowRequest(number=1), timeout=DEADLINE_S),
        lambda: viewer.DeleteFlows(
            schema.view.DeleteFlowsRequest(all=True), timeout=DEADLINE_S
        ),
    ):
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert "--addr" in error.value.details()
    get = "/mitmflow.v1.Service/GetFlow?connect=v1&encoding=json&message={}"
    assert connect.http_request(Address(addr), "GET", get).status == 403


def test_the_page_is_not_where_flows_are_taken(split):
    ingest = Address(split.exporters_addr())
    assert connect.http_request(split, "GET", "/").status == 200
    for path in ("/", "/index.html", "/favicon.ico"):
        answer = connect.http_request(ingest, "GET", path)
        assert answer.status == 404
        assert answer.body.endswith(b"--addr.\n")


def test_health_is_told_everywhere(split, channels):
    for addr in (split.addr, split.exporters_addr()):
        answer = connect.http_request(Address(addr), "GET", "/healthz")
        assert (answer.status, answer.body) == (200, b"healthy\n")
        assert is_serving(channels(addr))


def test_without_it_one_address_serves_both(server):
    export(server.channel, build.http("http://one/"))
    assert [flow.http.url for flow in server.flows()] == ["http://one/"]
