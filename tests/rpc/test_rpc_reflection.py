"""grpc.reflection.v1 and v1alpha, by grpcio's own client and by bytes."""

import json
import queue

import grpc
import pytest
import wire
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2 as pb
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from h2client import Client

# The messages of both versions have the same fields.
VERSIONS = ["v1", "v1alpha"]
NOT_FOUND, INVALID_ARGUMENT = 5, 3
VIEW = "mitmflow/v1/mitmflow.proto"
PROXY = "mitmproxy/v1/mitmproxy.proto"
TIMESTAMP = "google/protobuf/timestamp.proto"
SERVICES = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "test.Echo",
]


def path_of(version):
    return f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"


@pytest.fixture
def channel(server):
    host, port = server.address
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        yield channel


@pytest.fixture(params=VERSIONS)
def ask(channel, request):
    """Requests of one stream, each the fields of one -> its answers."""
    call = channel.stream_stream(
        path_of(request.param),
        pb.ServerReflectionRequest.SerializeToString,
        pb.ServerReflectionResponse.FromString,
    )

    def ask(*requests):
        sent = [pb.ServerReflectionRequest(**fields) for fields in requests]
        answers = list(call(iter(sent), timeout=30))
        assert [answer.original_request for answer in answers] == sent
        assert [answer.valid_host for answer in answers] == [one.host for one in sent]
        return answers

    return ask


def files(answer):
    assert answer.WhichOneof("message_response") == "file_descriptor_response"
    protos = answer.file_descriptor_response.file_descriptor_proto
    return [FileDescriptorProto.FromString(proto) for proto in protos]


def names(answer):
    return [file.name for file in files(answer)]


def extension(containing_type, number):
    return pb.ExtensionRequest(containing_type=containing_type, extension_number=number)


# ---- What is asked for ----


def test_services_are_listed_once_and_sorted(ask):
    [answer] = ask({"list_services": "", "host": "h.example"})
    assert [service.name for service in answer.list_services_response.service] == SERVICES


@pytest.mark.parametrize(
    "symbol, file",
    [
        ("grpc.health.v1.Health", "grpc/health/v1/health.proto"),
        ("grpc.health.v1.Health.Watch", "grpc/health/v1/health.proto"),
        ("grpc.health.v1.HealthCheckResponse", "grpc/health/v1/health.proto"),
        ("grpc.health.v1.HealthCheckResponse.status", "grpc/health/v1/health.proto"),
        ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
        ("grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"),
        ("mitmflow.v1.FlowFilter.pinned_presence", VIEW),
        ("google.protobuf.Timestamp", TIMESTAMP),
    ],
)
def test_a_symbol_of_any_kind_is_found(ask, symbol, file):
    [answer] = ask({"file_containing_symbol": symbol})
    assert names(answer)[0] == file


def test_a_file_brings_what_it_imports_and_only_once_a_stream(ask):
    first, second, third, fourth = ask(
        {"file_by_filename": VIEW},
        {"file_by_filename": VIEW},
        {"file_containing_symbol": "mitmproxy.v1.Service"},
        {"file_by_filename": "grpc/health/v1/health.proto"},
    )
    assert names(first)[0] == VIEW
    assert sorted(names(first)) == sorted([VIEW, PROXY, TIMESTAMP])
    # What is asked for itself comes again, with nothing else.
    assert names(second) == [VIEW]
    assert names(third) == [PROXY]
    assert names(fourth) == ["grpc/health/v1/health.proto"]
    [again] = ask({"file_by_filename": VIEW})
    assert len(names(again)) == 3


def test_what_is_sent_builds_a_pool(ask):
    pool = DescriptorPool()
    [answer] = ask({"file_containing_symbol": "mitmflow.v1.Service"})
    for file in reversed(files(answer)):
        pool.AddSerializedFile(file.SerializeToString())
    method = pool.FindServiceByName("mitmflow.v1.Service").FindMethodByName("GetFlow")
    assert method.input_type.full_name == "mitmflow.v1.GetFlowRequest"
    fields = method.input_type.fields_by_name
    assert fields["flow_id"].json_name == "flowId"
    assert fields["number"].number == 100


@pytest.mark.parametrize(
    "fields",
    [
        {"file_by_filename": "no/such.proto"},
        {"file_by_filename": ""},
        {"file_by_filename": "../../etc/passwd"},
        {"file_containing_symbol": "no.such.Symbol"},
        {"file_containing_symbol": ""},
        {"file_containing_symbol": "grpc"},
        {"file_containing_symbol": "grpc.health.v1"},
        {"file_containing_symbol": ".grpc.health.v1.Health"},
        {"file_containing_symbol": "x." * 5000},
        {"file_containing_extension": extension("mitmflow.v1.Flow", 1)},
        {"file_containing_extension": extension("no.such.Type", 1)},
        {"file_containing_extension": extension("", -1)},
        {"all_extension_numbers_of_type": "no.such.Type"},
        {"all_extension_numbers_of_type": "grpc.health.v1.Health"},
    ],
)
def test_what_is_not_there_is_an_answer_and_not_the_end(ask, fields):
    answer, after = ask(fields, {"list_services": ""})
    assert answer.error_response.error_code == NOT_FOUND
    assert answer.error_response.error_message
    assert after.WhichOneof("message_response") == "list_services_response"


def test_a_message_without_extensions_has_no_numbers(ask):
    [answer] = ask({"all_extension_numbers_of_type": "mitmflow.v1.FlowFilter"})
    assert answer.WhichOneof("message_response") == "all_extension_numbers_response"
    numbers = answer.all_extension_numbers_response
    assert (numbers.base_type_name, list(numbers.extension_number)) == (
        "mitmflow.v1.FlowFilter",
        [],
    )


def test_a_request_for_nothing_is_told_so(ask):
    [answer] = ask({"host": "x"})
    assert answer.error_response.error_code == INVALID_ARGUMENT


def test_grpcios_reflection_client_finds_all(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert list(database.get_services()) == SERVICES
    pool = DescriptorPool(database)
    service = pool.FindServiceByName("mitmproxy.v1.Service")
    assert service.FindMethodByName("ExportFlow").input_type.full_name.endswith("Request")
    with pytest.raises(KeyError):
        pool.FindServiceByName("no.such.Service")


# ---- Bytes ----


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_come_one_by_one(server, version):
    client = Client(server)
    number = client.begin(path_of(version), [("content-type", "application/grpc")])
    for count in range(1, 4):
        client.send(number, wire.envelope(wire.field(7, "")))
        client.wait(number, lambda s: len(wire.envelopes(s.data)) == count)
    client.send(number, b"", end=True)
    assert client.wait(number).header("grpc-status") == "0"
    client.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_connect_asks_by_json(server, version):
    body = wire.envelope(b'{"host":"h","fileContainingSymbol":"grpc.health.v1.Health"}')
    status, _, data = wire.post(
        server, path_of(version), body, {"content-type": "application/connect+json"}
    )
    (_, answer), (flags, end) = wire.envelopes(data)
    assert (status, flags, json.loads(end)) == (200, 2, {})
    answer = json.loads(answer)
    assert answer["validHost"] == "h"
    assert answer["originalRequest"] == {
        "host": "h",
        "fileContainingSymbol": "grpc.health.v1.Health",
    }
    assert len(answer["fileDescriptorResponse"]["fileDescriptorProto"]) == 1


@pytest.mark.parametrize(
    "message",
    [
        b"\x3a\x05abc",
        b"\x22\x02\xff\xfe",
        b"\x0a\x02\xff\xfe\x3a\x00",
        b"\x20\x01",
        b"\x2a\x02\x0a\x05",
        b"\x2a\x03\x0a\x01\xff",
        b"\x2a\x02\x08\x01",
        b"\xff",
    ],
)
def test_a_malformed_request_ends_the_stream(channel, message):
    call = channel.stream_stream(path_of("v1"), None, None)
    with pytest.raises(grpc.RpcError) as caught:
        list(call(iter([message]), timeout=30))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_long_request_ends_the_stream(channel):
    call = channel.stream_stream(path_of("v1"), None, None)
    with pytest.raises(grpc.RpcError) as caught:
        list(call(iter([wire.field(4, "x" * 20000)]), timeout=30))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def resident(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_a_client_that_reads_nothing_is_read_no_more(start):
    """Each request is some 30 bytes and each answer some 10 KB: what waits stays
    bounded, and nothing is lost."""
    server = start()
    client = Client(server, auto_window=False)
    number = client.begin(path_of("v1"), [("content-type", "application/grpc")])
    request = wire.envelope(wire.field(3, VIEW))
    count = 3000
    left = request * count
    before = resident(server)
    while left:
        room = min(client.conn.local_flow_control_window(number), 16384)
        if room == 0:
            break
        client.conn.send_data(number, left[:room])
        left = left[room:]
        client.flush()
    # The server has seen all of this once it answers what comes after it
    # (with a head: no body may pass the full window).
    other = client.begin("/healthz", end=True, method="GET")
    client.wait(other, lambda s: s.headers)
    assert resident(server) - before < 16 << 20
    # Now read.
    client.conn.increment_flow_control_window(1 << 30)
    client.conn.increment_flow_control_window(1 << 30, number)
    client.flush()
    client.send(number, left, end=True)
    stream = client.wait(number)
    assert len(wire.envelopes(stream.data)) == count
    assert stream.header("grpc-status") == "0"
    client.close()


def test_a_stopping_server_ends_the_stream(start):
    server = start()
    host, port = server.address
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        requests = queue.SimpleQueue()
        call = channel.stream_stream(path_of("v1"), None, None)
        answers = call(iter(requests.get, None), timeout=60)
        requests.put(wire.field(7, ""))
        next(answers)
        server.process.send_signal(15)
        with pytest.raises(grpc.RpcError) as caught:
            next(answers)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "the server is stopping"
        requests.put(None)
    assert server.process.wait(30) == 0
