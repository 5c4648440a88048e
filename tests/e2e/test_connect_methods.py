"""Connect by hand over HTTP/1.1: JSON and binary, unary and streaming;
gRPC-Web; what is refused and how."""

import base64
import gzip
import http.client
import json
import struct
import urllib.parse

import pytest
from harness import build, connect
from harness.process import DEADLINE_S
from harness.schema import proxy, view

VIEW = "/mitmflow.v1.Service/"
INGEST = "/mitmproxy.v1.Service/"


def export(server, *messages):
    return server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


@pytest.fixture
def kept(server):
    """A flow that the server has; its message."""
    message = build.http(
        "http://a.example/\N{SNOWMAN}", method="POST", body=bytes(range(256)), flow_id="kept"
    )
    export(server, message)
    return message


def test_get_flow_by_json(server, kept):
    answer = connect.unary(server, VIEW + "GetFlow", {"flowId": "kept"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    flow = answer.json["flow"]["httpFlow"]
    assert flow["request"]["url"] == "http://a.example/\N{SNOWMAN}"
    assert base64.b64decode(flow["response"]["content"]) == bytes(range(256))
    assert answer.json["flow"]["summary"]["state"] == "FLOW_STATE_ENDED"


def test_get_flow_by_binary(server, kept):
    answer = connect.unary(server, VIEW + "GetFlow", view.GetFlowRequest(flow_id="kept"))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/proto")
    assert view.GetFlowResponse.FromString(answer.body).flow.http_flow == kept.flow.http_flow


def test_get_flow_by_http_get(server, kept):
    query = urllib.parse.urlencode(
        {"connect": "v1", "encoding": "json", "message": json.dumps({"flowId": "kept"})}
    )
    answer = connect.http_request(server, "GET", f"{VIEW}GetFlow?{query}")
    assert answer.status == 200
    assert answer.json["flow"]["httpFlow"]["id"] == "kept"
    message = base64.urlsafe_b64encode(view.GetFlowRequest(flow_id="kept").SerializeToString())
    query = urllib.parse.urlencode(
        {
            "connect": "v1",
            "encoding": "proto",
            "base64": "1",
            "message": message.decode().rstrip("="),
        }
    )
    answer = connect.http_request(server, "GET", f"{VIEW}GetFlow?{query}")
    assert view.GetFlowResponse.FromString(answer.body).flow.http_flow.id == "kept"


def test_what_changes_flows_is_not_served_by_http_get(server, kept):
    query = urllib.parse.urlencode(
        {"connect": "v1", "encoding": "json", "message": json.dumps({"all": True})}
    )
    answer = connect.http_request(server, "GET", f"{VIEW}DeleteFlows?{query}")
    assert answer.status == 405
    assert len(server.flows()) == 1


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "binary"])
def test_update_flow(server, kept, as_json):
    if as_json:
        message = {"flowId": "kept", "note": "seen", "pinned": True}
        answer = connect.unary(server, VIEW + "UpdateFlow", message)
        told = (answer.json["flow"]["note"], answer.json["flow"]["pinned"])
    else:
        message = view.UpdateFlowRequest(flow_id="kept", note="seen", pinned=True)
        answer = connect.unary(server, VIEW + "UpdateFlow", message)
        flow = view.UpdateFlowResponse.FromString(answer.body).flow
        told = (flow.note, flow.pinned)
    assert answer.status == 200
    assert told == ("seen", True)
    assert [(flow.note, flow.pinned) for flow in server.flows()] == [("seen", True)]


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "binary"])
def test_delete_flows(server, kept, as_json):
    message = {"flowIds": ["kept"]} if as_json else view.DeleteFlowsRequest(flow_ids=["kept"])
    answer = connect.unary(server, VIEW + "DeleteFlows", message)
    assert answer.status == 200
    if as_json:
        assert answer.json == {"count": "1"}
    else:
        assert view.DeleteFlowsResponse.FromString(answer.body).count == 1
    assert server.flows() == []


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "binary"])
def test_hello(server, as_json):
    message = {"source": "here"} if as_json else proxy.HelloRequest(source="here")
    answer = connect.unary(server, INGEST + "Hello", message)
    assert answer.status == 200
    if as_json:
        features = [field.json_name for field in proxy.ExportFeatures.DESCRIPTOR.fields]
        assert answer.json["takes"] == dict.fromkeys(features, True)
    else:
        assert proxy.HelloResponse.FromString(answer.body).takes.raw_bodies


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "binary"])
def test_get_flows_is_a_stream_with_an_end(server, kept, as_json):
    message = {"limit": 10} if as_json else view.GetFlowsRequest(limit=10)
    with connect.ServerStream(
        server, VIEW + "GetFlows", message, view.GetFlowsResponse
    ) as stream:
        assert stream.status == 200
        codec = "json" if as_json else "proto"
        assert stream.response.headers["content-type"] == f"application/connect+{codec}"
        [told] = stream
        assert stream.end.get("error") is None
    assert (told["flow"]["id"] if as_json else told.flow.id) == "kept"


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "binary"])
def test_watch_flows_and_stream_flows_are_live(server, kept, as_json):
    requests = [
        ("WatchFlows", view.WatchFlowsRequest(), view.WatchFlowsResponse),
        ("StreamFlows", view.StreamFlowsRequest(), view.StreamFlowsResponse),
    ]
    streams = [
        connect.ServerStream(server, VIEW + name, {} if as_json else message, answer_type)
        for name, message, answer_type in requests
    ]
    export(server, build.http(flow_id="new"))

    def ids(told):
        if as_json:
            return [f["id"] for f in told.get("flows", [told.get("flow")]) if f]
        return [f.id for f in (told.flows if hasattr(told, "flows") else [told.flow])]

    for stream in streams:
        seen = []
        for told in stream:
            seen += ids(told)
            if "new" in seen:
                break
        stream.close()
    assert len(server.flows()) == 2


def test_export_flow_over_http1_by_json_and_compressed(server):
    data = json.dumps(
        {"flow": {"httpFlow": {"id": "j", "request": {"url": "http://j/"}}}, "eventType": 4}
    ).encode()
    body = connect.envelope(data) + connect.envelope(gzip.compress(data), connect.COMPRESSED)
    headers = {
        "content-type": "application/connect+json",
        "connect-content-encoding": "gzip",
        "connect-protocol-version": "1",
    }
    answer = connect.http_request(server, "POST", INGEST + "ExportFlow", body, headers)
    assert answer.status == 200
    [summary] = server.flows()
    assert (summary.id, summary.http.url) == ("j", "http://j/")


def test_grpc_web_is_served(server, kept):
    message = view.GetFlowRequest(flow_id="kept").SerializeToString()
    for content_type in ("application/grpc-web+proto", "application/grpc-web"):
        answer = connect.http_request(
            server,
            "POST",
            VIEW + "GetFlow",
            connect.envelope(message),
            {"content-type": content_type, "x-grpc-web": "1"},
        )
        assert answer.status == 200
        flags, size = struct.unpack(">BI", answer.body[:5])
        assert flags == 0
        flow = view.GetFlowResponse.FromString(answer.body[5 : 5 + size]).flow
        assert flow.http_flow.id == "kept"
        trailer = answer.body[5 + size :]
        assert trailer[0] == 0x80
        assert b"grpc-status: 0" in trailer.lower().replace(b"status:0", b"status: 0")


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        (VIEW + "GetFlow", b'{"flowId":"no"}', {}, 404, "not_found"),
        (VIEW + "GetFlow", b'{"flowId":', {}, 400, "invalid_argument"),
        (VIEW + "GetFlow", b'{"flowId":5}', {}, 400, "invalid_argument"),
        (VIEW + "UpdateFlow", b'{"flowId":"no","note":"x"}', {}, 404, "not_found"),
        (
            VIEW + "GetFlow",
            b"\xff\xff",
            {"content-type": "application/proto"},
            400,
            "invalid_argument",
        ),
        (
            VIEW + "GetFlow",
            b"{}",
            {"content-encoding": "x-unknown"},
            501,
            "unimplemented",
        ),
        (
            VIEW + "GetFlow",
            b"not gzip",
            {"content-encoding": "gzip"},
            400,
            "invalid_argument",
        ),
        (VIEW + "GetFlow", b"{}", {"connect-timeout-ms": "soon"}, 400, "invalid_argument"),
        (VIEW + "GetFlow", b"{}", {"connect-protocol-version": "9"}, 400, "invalid_argument"),
    ],
)
def test_a_failed_unary_call_says_so_in_json(server, path, body, headers, status, code):
    head = {"content-type": "application/json", "connect-protocol-version": "1", **headers}
    answer = connect.http_request(server, "POST", path, body, head)
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status, answer.json["code"]) == (status, code)


@pytest.mark.parametrize("path", [VIEW + "Nothing", "/other.Service/GetFlow"])
def test_an_unknown_method_is_404(server, path):
    """Which Connect clients read as `unimplemented`."""
    assert connect.unary(server, path, {}).status == 404
    assert connect.unary(server, path, view.GetFlowRequest()).status == 404


def test_a_content_type_that_is_no_codec_is_415(server):
    answer = connect.http_request(
        server, "POST", VIEW + "GetFlow", b"{}", {"content-type": "application/xml"}
    )
    assert answer.status == 415


def test_a_method_other_than_post_is_405(server):
    answer = connect.http_request(
        server, "PUT", VIEW + "GetFlow", b"{}", {"content-type": "application/json"}
    )
    assert answer.status == 405


def test_many_calls_share_one_connection(server, kept):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=DEADLINE_S)
    for _ in range(50):
        connection.request(
            "POST",
            VIEW + "GetFlow",
            body=b'{"flowId":"kept"}',
            headers={"content-type": "application/json"},
        )
        response = connection.getresponse()
        assert response.status == 200
        assert json.loads(response.read())["flow"]["httpFlow"]["id"] == "kept"
    connection.close()
