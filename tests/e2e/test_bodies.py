"""GetBody and Decode: one body, by range, and what it says."""

import gzip
import json
import random
import zlib

import grpc
import pytest
from harness import build
from harness.process import DEADLINE_S
from harness.schema import proxy, view

TEXT = b"".join(b"%d: some words\n" % n for n in range(100000))


def encoded(name, raw, flow_id="f", **more):
    message = build.http(flow_id=flow_id)
    response = message.flow.http_flow.response
    response.content = b""
    response.raw_content = raw
    for key, value in {"content-type": "text/plain", "content-encoding": name}.items():
        if value:
            response.header_fields.add(name=key.encode(), value=value.encode())
    for key, value in more.items():
        setattr(response, key, value)
    return message


def put(server, *messages):
    server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


def ref(flow_id="f", place=view.BODY_PLACE_RESPONSE, **more):
    return view.BodyRef(flow_id=flow_id, place=place, **more)


def get(server, body=None, **request):
    """(info, the bytes, the end)"""
    parts = list(
        server.viewer.GetBody(
            view.GetBodyRequest(body=body or ref(), **request), timeout=DEADLINE_S
        )
    )
    assert parts[0].HasField("info") and not any(part.HasField("info") for part in parts[1:])
    assert parts[-1].HasField("end")
    return parts[0].info, b"".join(part.data for part in parts), parts[-1].end


def decode(server, body=None, **request):
    """(info, nodes, the end)"""
    parts = list(
        server.viewer.Decode(
            view.DecodeRequest(body=body or ref(), **request), timeout=DEADLINE_S
        )
    )
    return parts[0].info, [node for part in parts for node in part.nodes], parts[-1].end


def test_a_flow_comes_without_its_bodies_where_asked_for_so(server):
    put(server, encoded("gzip", gzip.compress(TEXT)))
    flow = server.viewer.GetFlow(
        view.GetFlowRequest(flow_id="f", without_bodies=True), timeout=DEADLINE_S
    ).flow
    assert not flow.http_flow.response.content and not flow.http_flow.response.raw_content
    assert flow.http_flow.response.header_fields[1].value == b"gzip"
    assert not flow.HasField("http_flow_extra")
    assert flow.summary.id == "f"


def test_a_body_comes_decoded_or_as_it_was_on_the_wire(server):
    packed = gzip.compress(TEXT)
    put(server, encoded("gzip", packed))
    info, body, end = get(server)
    assert (body, end.size, end.error) == (TEXT, len(TEXT), "")
    assert (info.content_type, info.content_encoding) == ("text/plain", "gzip")
    assert (info.wire_size, info.kept_size, info.is_text) == (len(packed), len(packed), True)
    _, body, end = get(server, form=view.BODY_FORM_RAW)
    assert (body, end.size) == (packed, len(packed))


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 1), (1000, 70000), (len(TEXT) - 5, 100), (len(TEXT), 0), (len(TEXT) + 9, 9)],
)
@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_a_range_of_a_body_is_what_the_whole_has_there(server, offset, length, encoding):
    put(server, encoded(encoding, gzip.compress(TEXT) if encoding else TEXT))
    _, body, _ = get(server, offset=offset, length=length)
    assert body == (TEXT[offset : offset + length] if length else TEXT[offset:])


def test_a_body_that_breaks_off_shows_what_came_and_says_so(server):
    noise = random.Random(1).randbytes(100000)
    put(server, encoded("gzip", gzip.compress(noise)[:50000], content_truncated=True))
    info, body, end = get(server)
    assert info.cut
    assert noise.startswith(body) and len(body) > 40000
    assert "breaks off" in end.error
    _, _, end = decode(server)
    assert "ends too early" in end.error


def test_what_is_no_gzip_is_told_and_can_be_had_raw(server):
    put(server, encoded("gzip", b"plain text after all"))
    _, body, end = get(server)
    assert body == b""
    assert "malformed" in end.error
    assert get(server, form=view.BODY_FORM_RAW)[1] == b"plain text after all"


def test_encodings_in_several_fields_are_undone_as_one_list(server):
    message = encoded("gzip", zlib.compress(gzip.compress(TEXT)))
    response = message.flow.http_flow.response
    response.header_fields.add(name=b"Content-Encoding", value=b"deflate")
    put(server, message)
    info, body, end = get(server)
    assert (body, end.error) == (TEXT, "")
    assert info.content_encoding == "gzip, deflate"
    flow = server.viewer.GetFlow(view.GetFlowRequest(flow_id="f"), timeout=DEADLINE_S).flow
    assert flow.http_flow.response.content == TEXT
    export = server.viewer.Export(
        view.ExportRequest(format=view.EXPORT_FORMAT_HAR), timeout=DEADLINE_S
    )
    har = json.loads(b"".join(part.data for part in export))
    assert har["log"]["entries"][0]["response"]["content"]["text"] == TEXT.decode()


def test_no_body_at_all_is_not_one_that_breaks_off(server):
    put(server, encoded("gzip", b""))
    info, body, end = get(server)
    assert (info.kind, body, end.error) == ("empty", b"", "")
    assert decode(server)[2].error == ""


def test_an_unknown_encoding_is_given_as_it_was(server):
    put(server, encoded("aes128gcm", b"secret"))
    _, body, end = get(server)
    assert body == b"secret"
    assert "not known" in end.error


def test_a_bomb_is_read_in_the_viewers_time(server):
    """The first of a gigabyte comes without the rest being made."""
    bomb = gzip.compress(bytes(64 << 20))
    put(server, encoded("gzip, gzip", gzip.compress(bomb)))
    _, body, end = get(server, length=1000)
    assert body == bytes(1000)
    assert end.size == 0


def zstd_of_zeros(length):
    """A frame of blocks that each say 128 KiB in four bytes."""
    block, rle = 1 << 17, 2
    blocks = length // block
    heads = [
        ((n == blocks - 1) | rle | block << 3).to_bytes(3, "little") + b"\0" for n in range(blocks)
    ]
    return b"\x28\xb5\x2f\xfd\x00\x38" + b"".join(heads)


@pytest.mark.parametrize(
    ("name", "bomb"),
    [("gzip", gzip.compress(bytes(300 << 20))), ("zstd", zstd_of_zeros(1 << 30))],
    ids=["gzip", "zstd"],
)
def test_a_bomb_ends_with_a_word_and_can_be_had_raw(server, name, bomb):
    put(server, encoded(name, bomb))
    _, body, end = get(server, offset=256 << 20)
    assert body.count(b"\0") == len(body) <= 101 * len(bomb) + (1 << 18)
    assert "far more than it takes" in end.error
    _, _, end = decode(server)
    assert "longer than 64 MiB" in end.error
    assert get(server, form=view.BODY_FORM_RAW)[1] == bomb


@pytest.mark.parametrize(
    "text",
    [bytes(10 << 20), b'[%s{"id": 0}]' % (b'{"id": 1, "name": "as before"},\n' * (1 << 20))],
    ids=["zeros", "rows"],
)
def test_what_compresses_well_is_whole(server, text):
    put(server, encoded("gzip", gzip.compress(text)))
    _, body, end = get(server)
    assert (body == text, end.size, end.error) == (True, len(text), "")
    assert decode(server)[2].error == ""


def test_a_message_is_a_body(server):
    put(
        server,
        build.request("tcp", event=proxy.EVENT_TYPE_TCP_START, flow_id="t"),
        build.append("tcp", "t", 0, [b"one", b"two"], event=proxy.EVENT_TYPE_TCP_END),
    )
    place = view.BODY_PLACE_MESSAGE
    assert get(server, ref("t", place, message_index=1))[1] == b"two"
    with pytest.raises(grpc.RpcError) as refused:
        get(server, ref("t", place, message_index=2))
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def test_messages_to_a_dns_server_are_dns(server):
    query = b"\0\1\1\0\0\1\0\0\0\0\0\0\3one\7example\0\0\1\0\1"
    started = build.request("tcp", event=proxy.EVENT_TYPE_TCP_START, flow_id="d")
    started.flow.tcp_flow.server.address_host = "192.0.2.53"
    started.flow.tcp_flow.server.address_port = 53
    framed = len(query).to_bytes(2, "big") + query
    end = build.append("tcp", "d", 0, [framed], event=proxy.EVENT_TYPE_TCP_END)
    put(server, started, end)
    info, nodes, _ = decode(server, ref("d", view.BODY_PLACE_MESSAGE))
    assert info.kind == "dns"
    assert nodes[0].kind == view.NODE_KIND_FRAME
    assert "one.example" in [node.name for node in nodes]


def test_an_answer_of_a_language_model_comes_after_what_it_answers(server):
    asked = b'{"model": "m", "messages": [{"role": "user", "content": "Who?"}]}'
    answer = (
        b'{"object": "chat.completion", "choices": [{"index": 0, "message": '
        b'{"role": "assistant", "content": "You."}, "finish_reason": "stop"}]}'
    )
    message = encoded("gzip", gzip.compress(answer))
    flow = message.flow.http_flow
    flow.request.raw_content = gzip.compress(asked)
    flow.request.header_fields.add(name=b"content-encoding", value=b"gzip")
    flow.response.header_fields[0].value = b"application/json"
    put(server, message)
    info, nodes, _ = decode(server)
    assert info.kind == "llm"
    assert [node.name for node in nodes if node.type == "turn"] == ["user", "assistant"]
    assert [node.text for node in nodes if node.name == "text"] == ["Who?", "You."]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (ref("nobody"), grpc.StatusCode.NOT_FOUND),
        (ref(place=view.BODY_PLACE_UNSPECIFIED), grpc.StatusCode.INVALID_ARGUMENT),
        (view.BodyRef(flow_id="f", place=9), grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_what_is_not_there_is_told(server, body, code):
    put(server, encoded("", b"x"))
    for call in (get, decode):
        with pytest.raises(grpc.RpcError) as refused:
            call(server, body)
        assert refused.value.code() == code


def test_text_is_read_as_it_is(server):
    put(server, encoded("gzip", gzip.compress(TEXT)))
    info, nodes, end = decode(server)
    assert info.is_text
    assert (nodes, end.limited, end.error) == ([], False, "")


@pytest.mark.parametrize("charset", ["utf-16le", "UTF-16BE", "utf-16"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_utf16_is_text_by_its_content_type_alone(server, charset, kind):
    text = "<p>Grüße, 世界! needle</p>" + "x" * 2000
    codec = "utf-16le" if charset == "utf-16" else charset
    message = encoded("", text.encode(codec))
    fields = message.flow.http_flow.response.header_fields
    fields[0].value = f"text/{kind}; charset={charset}".encode()
    put(server, message)
    info, _, _ = decode(server)
    assert (info.is_text, info.charset) == (True, codec.upper())
    assert info.kind == {"plain": "text", "html": "html"}[kind]
    assert search(server, "needle") == ["f"]


def test_what_is_no_utf16_is_not_made_text_by_its_content_type(server):
    message = encoded("", random.Random(1).randbytes(3000))
    message.flow.http_flow.response.header_fields[0].value = b"text/plain; charset=utf-16"
    put(server, message)
    info, _, _ = decode(server)
    assert not info.is_text


def test_header_fields_are_decoded_too(server):
    message = encoded("", b"x")
    message.flow.http_flow.request.header_fields.add(name=b"Cookie", value=b"a=1; session=xyz")
    put(server, message)
    _, nodes, _ = decode(server, ref(place=view.BODY_PLACE_REQUEST_HEADERS))
    assert ("session", "xyz") in [(node.name, node.text) for node in nodes]
    _, nodes, _ = decode(server, ref(place=view.BODY_PLACE_RESPONSE_HEADERS))
    assert nodes == []
    with pytest.raises(grpc.RpcError) as refused:
        get(server, ref(place=view.BODY_PLACE_REQUEST_HEADERS))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def search(server, words):
    answers = server.viewer.QueryFlows(
        view.QueryFlowsRequest(filter=view.FlowFilter(expression=words)), timeout=DEADLINE_S
    )
    return [flow.id for answer in answers for flow in answer.flows]


def grpc_frame(message, packed):
    body = gzip.compress(message) if packed else message
    return bytes([packed]) + len(body).to_bytes(4, "big") + body


def length_delimited(number, content):
    return bytes([number << 3 | 2, len(content)]) + content


def test_what_a_body_says_is_found(server):
    """Words that its bytes do not hold as they are: compressed in frames, in
    another charset, percent-encoded, in pieces."""
    hidden = length_delimited(1, length_delimited(2, b"a quokka smiles at dawn"))
    rpc = encoded("", grpc_frame(hidden, True) + grpc_frame(b"\x08\x01", False), "rpc")
    kind = rpc.flow.http_flow.response.header_fields[0]
    assert kind.name == b"content-type"
    kind.value = b"application/grpc"
    rpc.flow.http_flow.response.header_fields.add(name=b"grpc-encoding", value=b"gzip")
    greek = encoded("", "ένα κουόκα χαμογελά".encode("iso-8859-7"), "greek")
    greek.flow.http_flow.response.header_fields[0].value = b"text/plain; charset=iso-8859-7"
    form = encoded("gzip", gzip.compress(b"note=%71uokka%20at%20noon"), "form")
    form.flow.http_flow.response.header_fields[0].value = b"application/x-www-form-urlencoded"
    chunk = '{"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": %s}]}'
    deltas = ['{"content": "a quok"}', '{"content": "ka sleeps"}']
    stream = "".join(f"data: {chunk % delta}\n\n" for delta in deltas)
    llm = encoded("", stream.encode(), "llm")
    llm.flow.http_flow.response.header_fields[0].value = b"text/event-stream"
    put(server, rpc, greek, form, llm)
    assert search(server, '"quokka sleeps"') == ["llm"]
    assert search(server, '"quokka smiles at dawn"') == ["rpc"]
    assert search(server, "χαμογελά") == ["greek"]
    assert search(server, '"quokka at noon"') == ["form"]
    assert search(server, "wombat") == []
    assert get(server, ref("greek"))[0].charset.lower() == "iso-8859-7"
