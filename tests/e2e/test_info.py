"""What the server tells of itself: health and reflection, by gRPC clients
that have no files."""

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from harness import build, connect
from harness.process import DEADLINE_S

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def test_reflection_lists_services_and_each_is_serving(server):
    services = ProtoReflectionDescriptorDatabase(server.channel).get_services()
    assert list(services) == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "mitmflow.v1.Service",
        "mitmproxy.v1.Service",
    ]
    health = HealthStub(server.channel)
    for service in ["", *services]:
        request = health_pb2.HealthCheckRequest(service=service)
        assert health.Check(request, timeout=DEADLINE_S).status == SERVING


def test_a_client_without_files_calls_every_service_by_reflection(server):
    message = build.http("http://a.example/", flow_id="known")
    server.ingest.ExportFlow(iter([message]), timeout=DEADLINE_S)
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(server.channel))

    def call(service, method, **fields):
        found = pool.FindServiceByName(service).FindMethodByName(method)
        request = GetMessageClass(found.input_type)(**fields)
        stub = server.channel.unary_unary(
            f"/{service}/{method}",
            lambda message: message.SerializeToString(),
            GetMessageClass(found.output_type).FromString,
        )
        return stub(request, timeout=DEADLINE_S)

    flow = call("mitmflow.v1.Service", "GetFlow", flow_id="known").flow
    assert flow.http_flow.request.url == "http://a.example/"
    assert call("mitmproxy.v1.Service", "Hello").ListFields()
    assert call("grpc.health.v1.Health", "Check").status == SERVING


def test_who_watches_is_told_before_the_server_stops(server):
    watch = HealthStub(server.channel).Watch(
        health_pb2.HealthCheckRequest(service="mitmproxy.v1.Service"), timeout=DEADLINE_S
    )
    assert next(watch).status == SERVING
    server.process.signal(15)
    assert next(watch).status == NOT_SERVING
    with pytest.raises(grpc.RpcError) as caught:
        next(watch)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert server.process.wait() == 0


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
@pytest.mark.parametrize(
    "path",
    [
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ],
)
def test_pages_of_others_are_told_nothing(server, path, headers):
    assert connect.unary(server, path, {}, headers).status == 403
