"""gRPC flows as viewers read them: by descriptor sets, by reflection answers
that passed, and by their looks."""

import contextlib
import pathlib
import sqlite3

from harness import build, schema
from harness.process import DEADLINE_S

SAMPLES = pathlib.Path(__file__).parents[1] / "golden" / "decode" / "rpc"


def sample(name):
    """A flow of the two halves of a sample."""
    message = build.http()
    flow = message.flow.http_flow
    for place, half in [("request", flow.request), ("response", flow.response)]:
        head, body = (SAMPLES / f"{name}.{place}").read_bytes().split(b"\n\n", 1)
        half.ClearField("content")
        for line in head.decode().split("\n"):
            name_, _, value = line.partition(": ")
            if name_ == "url":
                flow.request.url = flow.request.pretty_url = value
            elif name_ in ("header", "trailer"):
                key, _, text = value.partition(": ")
                to = half.header_fields if name_ == "header" else half.trailer_fields
                to.add(name=key.encode(), value=text.encode())
        half.raw_content = body
    flow.request.method = "POST"
    return message


def export(server, message):
    server.ingest.ExportFlow(iter([message]), timeout=DEADLINE_S)
    return build.flow_id(message)


def texts(server, flow_id):
    answer = server.viewer.GetFlow(
        schema.view.GetFlowRequest(flow_id=flow_id), timeout=DEADLINE_S
    )
    extra = answer.flow.http_flow_extra
    return list(extra.request.textual_frames), list(extra.response.textual_frames)


def nodes(server, flow_id):
    request = schema.view.DecodeRequest(
        body=schema.view.BodyRef(flow_id=flow_id, place=schema.view.BODY_PLACE_RESPONSE)
    )
    found = []
    for answer in server.viewer.Decode(request, timeout=DEADLINE_S):
        found.extend(answer.nodes)
    return {node.name: node for node in found}


ROWS = 1  # files of the reflection answer


def rows(server):
    """Files of message types that the database has."""
    path = f"file:{server.data_dir}/flows.db?mode=ro"
    with contextlib.closing(sqlite3.connect(path, uri=True)) as database:
        return database.execute("SELECT count(*) FROM descriptor").fetchone()[0]


def wait_rows(server):
    while rows(server) != ROWS:
        export(server, build.http("http://after/"))


def test_a_descriptor_set_names_fields_and_frames_are_texts(start_server):
    server = start_server("--descriptor-set", SAMPLES / "shop.binpb")
    flow_id = export(server, sample("grpc-stream"))
    request, response = texts(server, flow_id)
    assert request == ['query: "all"\n']
    assert response[:3] == [f'next_page: "page {n}"\n' for n in range(3)]
    assert "grpc-status: OK\n" in response[3]
    assert len(response) == 4


def test_without_types_they_look_like_protoscope(server):
    flow_id = export(server, sample("grpc-stream"))
    request, response = texts(server, flow_id)
    assert request == ['1: {"all"}\n']
    assert response[0] == '2: {"page 0"}\n'


def test_a_frame_that_is_cut_off_leaves_the_others(server):
    message = sample("grpc-stream")
    content = message.flow.http_flow.response.raw_content
    message.flow.http_flow.response.raw_content = content[:-1]
    _, response = texts(server, export(server, message))
    assert response[:2] == ['2: {"page 0"}\n', '2: {"page 1"}\n']
    assert "# 1 bytes of this frame are missing" in response[2]


def test_compressed_and_text_frames_of_grpc_web_are_read(server):
    for name in ("grpc-web-gzip", "grpc-web-text"):
        _, response = texts(server, export(server, sample(name)))
        assert "12.5" in response[0], name
        assert "grpc-status: OK\n" in response[1], name


def test_types_are_learned_from_a_reflection_answer_that_passes(start_server):
    server = start_server("--log-level", "debug")
    before = export(server, sample("grpc-identity"))
    assert "items" not in nodes(server, before)
    export(server, sample("reflection"))
    server.process.wait_lines("learned from a reflection answer")
    found = nodes(server, before)
    assert found["price"].text == "12.5"
    assert found["items"].type == "shop.v1.Item"
    assert found["grpc-status"].text == "OK"


def learn(server):
    """Types of a reflection answer that is in the store with what it told."""
    number = export(server, sample("reflection"))
    server.process.wait_lines("learned from a reflection answer")
    # A commit that comes after it holds it.
    export(server, build.http("http://after/"))
    return number


def restart(server, start_server):
    server.kill()
    return start_server("--log-level", "debug")


def test_types_that_were_learned_are_known_after_a_restart(start_server):
    server = start_server("--log-level", "debug")
    learn(server)
    shown = export(server, sample("grpc-identity"))
    for _ in range(2):
        server = restart(server, start_server)
        server.process.wait_lines("message types are known, with those that were learned before")
        found = nodes(server, shown)
        assert found["price"].text == "12.5"
        assert found["items"].type == "shop.v1.Item"
    # What is known is not learned again.
    export(server, sample("reflection"))
    export(server, build.http("http://after/"))
    assert rows(server) == ROWS


def test_a_deleted_answer_takes_its_types_from_the_disk_and_another_brings_them(start_server):
    server = start_server("--log-level", "debug")
    flow_id = learn(server)
    assert rows(server) == ROWS
    server.viewer.DeleteFlows(
        schema.view.DeleteFlowsRequest(flow_ids=[flow_id]), timeout=DEADLINE_S
    )
    assert rows(server) == 0
    export(server, sample("reflection"))
    wait_rows(server)
    shown = export(server, sample("grpc-identity"))
    server = restart(server, start_server)
    assert nodes(server, shown)["items"].type == "shop.v1.Item"


def test_damaged_types_are_learned_anew(start_server):
    server = start_server("--log-level", "debug")
    learn(server)
    server.kill()
    with contextlib.closing(sqlite3.connect(server.data_dir / "flows.db")) as database, database:
        database.execute("UPDATE descriptor SET bytes = x'ffff' || bytes")
    server = start_server("--log-level", "debug")
    server.process.wait_lines("of message types that were learned before cannot be used")
    shown = export(server, sample("grpc-identity"))
    assert "items" not in nodes(server, shown)
    learn(server)
    assert rows(server) == ROWS
    server = restart(server, start_server)
    assert nodes(server, shown)["items"].type == "shop.v1.Item"


def test_details_of_an_error_are_decoded(server):
    found = nodes(server, export(server, sample("grpc-error")))
    assert found["grpc-status"].text == "INVALID_ARGUMENT"
    assert found["grpc-message"].text == "no such thing: ä"
    assert found["reason"].text == "NOT_SOLD"
