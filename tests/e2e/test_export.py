"""Export, ExportFlows and GET /export: flows as files, while the server
runs."""

import contextlib
import json
import re
import socket
import threading

import grpc
import pytest
from harness import build, connect, har_schema, http1, schema
from harness.process import DEADLINE_S
from harness.schema import proxy, view

HAR = view.EXPORT_FORMAT_HAR
LINES = view.EXPORT_FORMAT_JSON_LINES


def feed(server, *messages):
    return server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


class Exported:
    """A whole answer of Export."""

    def __init__(self, server, **request):
        self.messages = list(
            server.viewer.Export(view.ExportRequest(**request), timeout=DEADLINE_S)
        )
        first, last = self.messages[0], self.messages[-1]
        assert last.end and not any(message.end for message in self.messages[:-1])
        assert not any(message.filename for message in self.messages[1:])
        self.filename, self.media_type = first.filename, first.media_type
        self.data = b"".join(message.data for message in self.messages)
        self.progress = last.progress
        self.left_out = {o.what: (o.count, o.number) for o in last.left_out}

    def urls(self):
        entries = json.loads(self.data)["log"]["entries"]
        return [entry["request"]["url"] for entry in entries]


@pytest.fixture(scope="module")
def filled(module_server):
    """300 HTTP flows, the oldest first, then one of each other kind."""
    feed(
        module_server,
        *(
            build.http(
                f"http://host{n % 3}.example/{n}",
                flow_id=f"flow-{n}",
                body=(b"a needle " if n == 7 else b"") + b"x" * (n * 1000),
                status=200 if n % 2 else 404,
            )
            for n in range(300)
        ),
        build.request("tcp", proxy.EVENT_TYPE_TCP_END, flow_id="tcp"),
        build.request("udp", proxy.EVENT_TYPE_UDP_END, flow_id="udp"),
        build.request("dns", proxy.EVENT_TYPE_DNS_RESPONSE, flow_id="dns"),
    )
    return module_server


def test_all_flows_come_oldest_first(filled):
    exported = Exported(filled, format=HAR)
    assert exported.urls() == [f"http://host{n % 3}.example/{n}" for n in range(300)]
    assert exported.media_type == "application/json"
    assert re.fullmatch(r"mitmflow-\d{8}-\d{6}\.har", exported.filename)
    assert exported.left_out == {
        "flow type tcp": (1, 301),
        "flow type udp": (1, 302),
        "flow type dns": (1, 303),
    }
    assert (exported.progress.flows, exported.progress.total) == (303, 303)
    assert all(len(message.data) <= 256 << 10 for message in exported.messages)


def test_a_har_is_what_its_schema_says(filled):
    har_schema.check(json.loads(Exported(filled, format=HAR).data))


def recorded(server):
    """Feed what the published exporter once sent."""
    for path in sorted((schema.ROOT / "tests" / "golden").glob("*.bin")):
        address = server.host, server.port
        with contextlib.closing(socket.create_connection(address, DEADLINE_S)) as sock:
            sock.sendall(path.read_bytes())
            assert http1.read_message(sock.makefile("rb")).first_line.split()[1] == b"200"


def odd_flows():
    """Flows with as little, and as strange, as can be."""
    empty = build.request()
    odd = build.http("not a url", method="", status=0, body=bytes(range(256)))
    request = odd.flow.http_flow.request
    request.header_fields.add(name=b"\xff", value=b"\x00\r\n")
    request.header_fields.add(name=b"Cookie", value=b";;=;a;b=\xff")
    request.raw_content = b"not gzip"
    request.header_fields.add(name=b"Content-Encoding", value=b"gzip")
    response = odd.flow.http_flow.response
    response.header_fields.add(name=b"set-cookie", value=b"=; expires=never; max-age=x")
    response.content_size, response.content_truncated = 2**63, True
    odd.flow.http_flow.server.peername_host = "no address"
    return empty, odd


def test_any_flow_makes_a_har_that_its_schema_allows(server):
    recorded(server)
    feed(server, *odd_flows())
    har = json.loads(Exported(server, format=HAR).data)
    har_schema.check(har)
    sockets = [entry for entry in har["log"]["entries"] if "_webSocketMessages" in entry]
    assert [m["opcode"] for m in sockets[0]["_webSocketMessages"]] == [1, 1, 1, 1, 2, 2, 1, 1]
    assert len(har["log"]["entries"]) == 11


def test_a_filter_chooses(filled):
    assert len(Exported(filled, format=HAR, filter={"expression": "~c 404"}).urls()) == 150
    assert Exported(filled, format=HAR, filter={"expression": "needle"}).urls() == [
        "http://host1.example/7"
    ]
    assert Exported(filled, format=HAR, filter={"expression": "~u nowhere"}).urls() == []


def test_numbers_choose_and_what_is_gone_is_left_out(filled):
    exported = Exported(filled, format=HAR, numbers=[9, 2, 99999, 5])
    assert exported.urls() == [f"http://host{n % 3}.example/{n}" for n in (1, 4, 8)]


def test_lines_have_everything(filled):
    exported = Exported(filled, format=LINES)
    flows = [json.loads(line) for line in exported.data.splitlines()]
    assert len(flows) == 303 and exported.left_out == {}
    assert flows[7]["httpFlow"]["response"]["content"].startswith("a needle xxx")
    assert flows[300]["tcpFlow"]["id"] == "tcp"


def refusal(server, **request):
    with pytest.raises(grpc.RpcError) as error:
        list(server.viewer.Export(view.ExportRequest(**request), timeout=DEADLINE_S))
    return error.value.code(), error.value.details()


def test_what_cannot_be_is_refused(filled):
    wrong = grpc.StatusCode.INVALID_ARGUMENT
    code, words = refusal(filled, format=77)
    assert code == wrong and "there are: har, " in words
    assert refusal(filled, format=HAR, filter={"expression": "~"})[0] == wrong
    assert refusal(filled, format=HAR, numbers=[0])[0] == wrong


def test_messages_that_a_long_flow_is_read_without_are_counted_where_there_is_room(server):
    count = 20
    head = build.http("http://ws/", status=101, flow_id="long")
    head.event_type = proxy.EVENT_TYPE_WEBSOCKET_START
    head.flow.http_flow.is_websocket = True
    content = b"x" * (4 << 20)
    appends = [build.append("websocket", "long", first, [content]) for first in range(count)]
    for message in (head, *appends):
        server.ingest.ExportFlow(
            iter([message]), metadata=[("mitmflow-session", "test")], timeout=DEADLINE_S
        )
    exported = Exported(server, format=HAR, filter=view.FlowFilter(flow_ids=["long"]))
    [entry] = json.loads(exported.data)["log"]["entries"]
    missing = count - len(entry["_webSocketMessages"])
    assert 0 < missing < count
    assert entry["comment"] == f"the last {missing} messages of this flow are not in this file"
    assert exported.left_out == {"messages after a flow's first 64 MiB": (1, 1)}
    [line] = map(json.loads, Exported(server, format=LINES, numbers=[1]).data.splitlines())
    assert line["messagesLeftOut"] == missing
    assert len(line["httpFlow"]["websocketMessages"]) == count - missing
    mitm = Exported(server, format=view.EXPORT_FORMAT_MITM, numbers=[1])
    assert f"the last {missing} messages of".encode() in mitm.data[-(1 << 20) :] + mitm.data[:4096]


def test_a_cancelled_export_ends_and_others_go_on(filled):
    call = filled.viewer.Export(view.ExportRequest(format=LINES), timeout=DEADLINE_S)
    next(call)
    call.cancel()
    assert len(Exported(filled, format=HAR, numbers=[1]).urls()) == 1


def test_an_export_ends_although_flows_keep_coming(server):
    """It gives way to them, and does not stand still."""
    feed(server, *(build.http(f"http://old.example/{n}", body=b"x" * 5000) for n in range(500)))
    stop = threading.Event()

    def endless():
        while not stop.is_set():
            yield build.http("http://new.example/")

    # As long as four exports may take.
    ingest = server.ingest.ExportFlow.future(endless(), timeout=4 * DEADLINE_S)
    try:
        old = {"expression": "~u old"}
        assert len(Exported(server, format=HAR, filter=old).urls()) == 500
        answer = get(server, "?format=har&filter=~u+old")
        assert len(json.loads(answer.body)["log"]["entries"]) == 500
        ids = [flow.id for flow in flows_of(server, "~u old")]
        answer = export_flows(server, flow_ids=ids, format=HAR)
        assert len(json.loads(answer.data)["log"]["entries"]) == 500
    finally:
        stop.set()
        assert ingest.result().flows_processed > 0


def flows_of(server, expression):
    request = view.GetFlowsRequest(filter={"expression": expression}, limit=1000)
    return [answer.flow for answer in server.viewer.GetFlows(request, timeout=DEADLINE_S)]


# ---- the original's ----


def export_flows(server, **request):
    return server.viewer.ExportFlows(
        view.ExportFlowsRequest(**request), timeout=DEADLINE_S
    )


def test_the_originals_method_gives_the_same(filled):
    answer = export_flows(filled, flow_ids=["flow-3", "flow-1"], format=HAR)
    entries = json.loads(answer.data)["log"]["entries"]
    assert [entry["request"]["url"] for entry in entries] == [
        "http://host0.example/3",
        "http://host1.example/1",
    ]
    assert answer.filename.endswith(".har")
    answer = export_flows(filled, flow_ids=["tcp"], format=view.EXPORT_FORMAT_JSON)
    assert [flow["tcpFlow"]["id"] for flow in json.loads(answer.data)] == ["tcp"]


def test_the_originals_method_says_which_flow_is_not_there(filled):
    with pytest.raises(grpc.RpcError) as error:
        export_flows(filled, flow_ids=["nobody"], format=HAR)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


# ---- a browser's ----


def get(server, query, method="GET", **headers):
    return connect.http_request(server, method, "/export" + query, headers=headers)


def test_a_browser_can_save_a_file(filled):
    answer = get(filled, "?format=har&filter=~c+404%20%26%20~u%20host1")
    assert answer.status == 200
    entries = json.loads(answer.body)["log"]["entries"]
    assert len(entries) == 50
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(
        r'attachment; filename="mitmflow-\d{8}-\d{6}\.har"', answer.headers["content-disposition"]
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    lines = get(filled, "?format=jsonl&number=3&number=1").body.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 3]
    answer = get(filled, "?format=har", method="HEAD")
    assert answer.status == 200 and answer.body == b""


@pytest.mark.parametrize(
    "query, words",
    [
        ("?format=exe", b"there is no such format; there are: har"),
        ("?filter=~", b"the filter is wrong"),
        ("?number=x", b"number and mitm_version take whole numbers"),
        ("?number=0", b"number and mitm_version take whole numbers"),
        ("?filter=" + "a" * 70000, b"too long"),
    ],
)
def test_a_query_that_is_wrong_is_told(filled, query, words):
    answer = get(filled, query)
    if len(query) > 60000 and answer.status in (414, 431):
        return  # refused before it came here
    assert answer.status == 400 and words in answer.body


def test_other_methods_and_other_sites_are_refused(filled):
    assert get(filled, "?format=har", method="DELETE").status == 405
    assert get(filled, "?format=har", **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert get(filled, "?format=har", Origin="https://evil.example").status == 403
    assert get(filled, "?number=1", **{"Sec-Fetch-Site": "same-origin"}).status == 200


class IngestAddress:
    """What connect.http_request() wants to know."""

    def __init__(self, server):
        self.host, port = server.exporters_addr().rsplit(":", 1)
        self.port = int(port)


def test_an_address_for_exporters_alone_gives_no_files(start_server):
    server = start_server("--ingest-addr", "127.0.0.1:0")
    assert get(server, "?format=har").status == 200
    assert get(IngestAddress(server), "?format=har").status == 404
