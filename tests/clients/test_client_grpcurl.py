"""grpcurl without any files: it asks the server what there is."""

import json
import subprocess
import uuid

import judges
import pytest
from harness import build

VIEWS, FLOWS = "mitmflow.v1.Service", "mitmproxy.v1.Service"


@pytest.fixture
def grpcurl(place):
    """A function that runs it and returns what it prints."""
    flags = ["-plaintext"]
    if place.is_tls:
        trust = place.trust
        flags = ["-cacert", trust.authority.cert, "-cert", trust.shown.cert]
        flags += ["-key", trust.shown.key]
    command = [judges.go_tool("grpcurl"), *flags, "-max-time", "60"]

    def run(*arguments, options=(), data=None):
        whole = [*command, *options, place.addr, *arguments]
        return judges.run(whole, data and data.encode()).decode()

    run.command = [*command, place.addr]
    return run


def test_it_lists_what_the_server_serves(grpcurl):
    assert grpcurl("list").split() == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        VIEWS,
        FLOWS,
    ]
    assert f"{VIEWS}.WatchFlows" in grpcurl("list", VIEWS).split()


def test_it_describes_services_and_messages(grpcurl):
    said = grpcurl("describe", FLOWS)
    assert "rpc ExportFlow ( stream .mitmproxy.v1.ExportFlowRequest )" in said
    assert "string flow_id = 1;" in grpcurl("describe", "mitmflow.v1.GetFlowRequest")
    said = grpcurl("describe", "google.protobuf.Timestamp")
    assert "google.protobuf.Timestamp is a message" in said


def test_it_calls_a_unary_method(grpcurl, known):
    said = json.loads(grpcurl(f"{VIEWS}/GetFlow", options=["-d", '{"flowId":"known"}']))
    url = known.flow.http_flow.request.url
    assert said["flow"]["httpFlow"]["request"]["url"] == url


def test_it_sends_a_client_stream_and_reads_a_server_stream(grpcurl):
    ids = [f"grpcurl-{uuid.uuid4()}" for _ in range(3)]
    messages = [
        {"eventType": "EVENT_TYPE_RESPONSE", "flow": {"httpFlow": {"id": flow_id}}}
        for flow_id in ids
    ]
    data = "\n".join(map(json.dumps, messages))
    said = json.loads(grpcurl(f"{FLOWS}/ExportFlow", options=["-d", "@"], data=data))
    assert (said["received"], said["flowsProcessed"]) == (True, "3")
    wanted = json.dumps({"filter": {"flowIds": ids}})
    said = grpcurl(f"{VIEWS}/GetFlows", options=["-d", wanted])
    assert [ids.index(flow["id"]) for flow in flows(said)] == [2, 1, 0]


def flows(text):
    """What is in each of the JSON objects that follow each other."""
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        said, at = decoder.raw_decode(text, at)
        yield said["flow"]


def test_it_is_told_an_error_by_its_name(grpcurl):
    command = [*grpcurl.command, f"{VIEWS}/GetFlow"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 64 + 5
    assert "Code: NotFound\n  Message: no such flow" in done.stderr


def test_it_asks_for_health(grpcurl):
    for service in ("", VIEWS, FLOWS):
        asked = json.dumps({"service": service})
        said = grpcurl("grpc.health.v1.Health/Check", options=["-d", asked])
        assert json.loads(said) == {"status": "SERVING"}


def test_a_message_may_be_of_any_length_that_the_server_takes(place, grpcurl):
    body = b"x" * (5 << 20)
    request = build.http(flow_id=f"grpcurl-{uuid.uuid4()}", body=body)
    place.ingest.ExportFlow(iter([request]), timeout=60)
    asked = json.dumps({"flowId": build.flow_id(request)})
    options = ["-max-msg-sz", str(16 << 20), "-d", asked]
    said = json.loads(grpcurl(f"{VIEWS}/GetFlow", options=options))
    assert len(said["flow"]["httpFlow"]["response"]["content"]) > len(body)
