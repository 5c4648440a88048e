"""HTTP through a real mitmdump: what the server keeps is what the origin and
the client saw."""

import gzip
import ssl
import uuid

import brotli
import pytest
from harness import compare, http1, http2, schema

ALL_BYTES = bytes(range(256)) * 16

REQUEST_FIELDS = [
    (b"X-Order", b"one"),
    (b"x-CASE", b"KePt"),
    (b"X-Order", b"two"),
    (b"X-Latin", "caf\xe9".encode("latin-1")),
    (b"X-Empty", b""),
    (b"User-Agent", b"odd/1.0 (\"quoted\"; a=b)"),
    (b"X-Order", b"one"),
]
RESPONSE_FIELDS = [
    (b"Set-Cookie", b"a=1; Path=/"),
    (b"Content-Type", b"application/octet-stream"),
    (b"Set-Cookie", b"b=2; HttpOnly"),
    (b"X-latin", "na\xefve".encode("latin-1")),
    (b"X-Empty", b""),
    (b"set-cookie", b"a=1; Path=/"),
]


def fresh_path(query=""):
    return f"/{uuid.uuid4()}{query}"


def encode_request(method, target, headers, body=b"", chunked=False):
    head = b"%s %s HTTP/1.1\r\n" % (method, target.encode())
    if chunked:
        headers = [*headers, (b"Transfer-Encoding", b"chunked")]
        body = http1.encode_chunked(body)
    elif body:
        headers = [*headers, (b"Content-Length", b"%d" % len(body))]
    return head + http1.encode_fields(headers) + b"\r\n" + body


def exchange(chain, path, reply, method=b"GET", headers=(), body=b"", chunked=False):
    """One request of plain HTTP through the proxy. Returns the stored flow,
    what the origin and the client saw, and what else there is to compare."""
    chain.origin.reply(path, **reply)
    host = f"127.0.0.1:{chain.origin.http_port}"
    url = f"http://{host}{path}"
    headers = [(b"Host", host.encode()), *headers]
    with compare.Span() as span:
        answer, address = chain.mitmdump.http1(
            encode_request(method, url, headers, body, chunked)
        )
    flow = chain.server.wait_ended(url)
    compare.is_client(flow.http_flow.client, address, chain.mitmdump.port, chain.kind)
    compare.is_server(flow.http_flow.server, "127.0.0.1", chain.origin.http_port)
    request, response = flow.http_flow.request, flow.http_flow.response
    span.holds_in_order(request.timestamp_start, request.timestamp_end)
    span.holds_in_order(
        request.timestamp_start, response.timestamp_start, response.timestamp_end
    )
    assert request.method.encode() == method
    assert (request.url, request.pretty_url) == (url, url)
    assert request.http_version == response.http_version == "HTTP/1.1"
    assert not flow.http_flow.client.tls
    assert not flow.http_flow.server.tls
    assert not flow.http_flow.error
    assert flow.summary.source
    return flow, chain.origin.seen(path), answer


def test_repeated_and_odd_headers_are_kept_in_order(chain):
    path = fresh_path("?a=1&b=%20x&a=2")
    flow, seen, answer = exchange(
        chain, path, {"headers": RESPONSE_FIELDS, "body": b"fine"}, headers=REQUEST_FIELDS
    )
    request, response = flow.http_flow.request, flow.http_flow.response

    assert compare.fields(request.header_fields) == seen.headers
    assert seen.headers[1:] == REQUEST_FIELDS
    assert dict(request.headers) == compare.joined(seen.headers)

    assert compare.fields(response.header_fields) == answer.headers
    assert answer.headers[:-1] == RESPONSE_FIELDS
    assert dict(response.headers) == compare.joined(answer.headers)
    assert response.status_code == 200
    assert response.reason == "Fine"
    assert response.content == answer.body == b"fine"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_bodies_of_all_byte_values_are_kept(chain, chunked):
    reply = {"status": 201, "body": ALL_BYTES[::-1], "chunked": chunked}
    flow, seen, answer = exchange(
        chain, fresh_path(), reply, method=b"POST", body=ALL_BYTES, chunked=chunked
    )
    assert flow.http_flow.request.content == seen.body == ALL_BYTES
    assert flow.http_flow.response.content == answer.body == ALL_BYTES[::-1]
    assert flow.http_flow.response.status_code == 201
    assert compare.fields(flow.http_flow.request.header_fields) == seen.headers
    assert flow.summary.http.request_content_length == len(ALL_BYTES)
    assert flow.summary.http.response_content_length == len(ALL_BYTES)


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("br", brotli.compress)]
)
def test_compressed_bodies_are_kept_raw_and_read_decoded(chain, encoding, compress):
    plain = b'{"text": "' + b"again and " * 500 + b'"}'
    coded = compress(plain)
    encoded = (b"Content-Encoding", encoding.encode())
    flow, seen, answer = exchange(
        chain,
        fresh_path(),
        {"headers": [(b"Content-Type", b"application/json"), encoded], "body": coded},
        method=b"PUT",
        headers=[encoded],
        body=coded,
    )
    for stored, sighted in (
        (flow.http_flow.request, seen),
        (flow.http_flow.response, answer),
    ):
        assert sighted.body == coded
        assert stored.raw_content == coded
        assert stored.content == plain
        assert compare.fields(stored.header_fields) == sighted.headers


def test_a_body_that_does_not_decode_is_kept_and_told(chain):
    broken = gzip.compress(b"x" * 1000)[:-12] + b"garbage"
    flow, _, answer = exchange(
        chain, fresh_path(), {"headers": [(b"Content-Encoding", b"gzip")], "body": broken}
    )
    assert answer.body == broken
    response = flow.http_flow.response
    assert response.raw_content == broken or response.content == broken
    assert flow.http_flow_extra.response.decode_error


@pytest.mark.parametrize("status", [204, 304, 418, 503])
def test_answers_of_any_status_are_kept(chain, status):
    chain_path = fresh_path()
    chain.origin.reply(chain_path, status=status)
    host = f"127.0.0.1:{chain.origin.http_port}"
    url = f"http://{host}{chain_path}"
    chain.mitmdump.http1(encode_request(b"GET", url, [(b"Host", host.encode())]))
    flow = chain.server.wait_ended(url)
    assert flow.http_flow.response.status_code == status
    assert flow.summary.http.status_code == status


def test_a_connection_that_the_origin_cuts_is_an_error(chain):
    path = fresh_path()
    chain.origin.reply(path, cut=True)
    host = f"127.0.0.1:{chain.origin.http_port}"
    url = f"http://{host}{path}"
    answer, _ = chain.mitmdump.http1(encode_request(b"GET", url, [(b"Host", host.encode())]))
    assert b" 502 " in answer.first_line
    flow = chain.server.wait_ended(url)
    assert flow.http_flow.error
    assert flow.summary.error == flow.http_flow.error
    assert not flow.http_flow.HasField("response")
    assert compare.fields(flow.http_flow.request.header_fields) == chain.origin.seen(path).headers


def test_https_is_kept_with_both_sides_of_tls(chain):
    path = fresh_path()
    chain.origin.reply(path, headers=RESPONSE_FIELDS, body=ALL_BYTES)
    port = chain.origin.https_port
    url = f"https://localhost:{port}{path}"
    headers = [(b"Host", b"localhost:%d" % port), *REQUEST_FIELDS]
    with compare.Span() as span:
        sock = chain.mitmdump.tls("localhost", port, ["http/1.1"])
        with sock:
            address = sock.getsockname()
            sock.sendall(encode_request(b"GET", path, headers))
            answer = http1.read_message(sock.makefile("rb"))
            flow = chain.server.wait_ended(url)
            compare.is_tls_client(flow.http_flow.client, sock, "localhost", b"http/1.1")
    seen = chain.origin.seen(path)
    client, server = flow.http_flow.client, flow.http_flow.server
    compare.is_client(client, address, chain.mitmdump.port, chain.kind)
    compare.is_server(server, "localhost", port)
    compare.is_tls_server(server, chain.certificate, "localhost", b"http/1.1")
    request, response = flow.http_flow.request, flow.http_flow.response
    assert compare.fields(request.header_fields) == seen.headers == headers
    assert compare.fields(response.header_fields) == answer.headers
    assert response.content == answer.body == ALL_BYTES
    assert (request.url, request.pretty_url) == (url, url)
    assert flow.summary.tls
    span.holds_in_order(
        client.timestamp_start, client.timestamp_tls_setup, request.timestamp_start
    )
    span.holds_in_order(
        server.timestamp_start, server.timestamp_tcp_setup, server.timestamp_tls_setup
    )


def test_the_connect_request_is_a_flow_of_its_own(chain):
    port = chain.origin.https_port
    with chain.mitmdump.tls("localhost", port, ["http/1.1"]) as sock:
        local = sock.getsockname()[1]
        state = (
            schema.view.FLOW_STATE_ENDED
            if chain.kind.ends_connect
            else schema.view.FLOW_STATE_LIVE
        )
        summary = chain.server.wait_flow(
            lambda told: told.http.method == "CONNECT"
            and told.http.client_peername_port == local
            and told.state == state
        )
    flow = chain.server.flow(summary).http_flow
    assert flow.request.method == "CONNECT"
    assert flow.request.url == f"localhost:{port}"
    if chain.kind.ends_connect:
        assert flow.response.status_code == 200


def test_a_client_that_refuses_the_certificate_leaves_the_rest_working(chain):
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLError):
        context.wrap_socket(
            chain.mitmdump.tunnel("localhost", chain.origin.https_port),
            server_hostname="localhost",
        )
    flow, _, answer = exchange(chain, fresh_path(), {"body": b"still here"})
    assert flow.http_flow.response.content == answer.body == b"still here"


def test_http2_is_kept_with_trailers_and_repeated_headers(chain):
    path = fresh_path("?q=1")
    response_fields = [
        (b"set-cookie", b"a=1"),
        (b"content-type", b"application/grpc"),
        (b"set-cookie", b"b=2"),
        (b"trailer", b"grpc-status"),
    ]
    response_trailers = [(b"grpc-status", b"0"), (b"x-more", b"a"), (b"x-more", b"b")]
    chain.origin.reply(
        path, headers=response_fields, body=ALL_BYTES, trailers=response_trailers
    )
    port = chain.origin.https_port
    request_fields = [(b"x-order", b"one"), (b"te", b"trailers"), (b"x-order", b"two")]
    message = http2.Message(
        [
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":authority", b"localhost:%d" % port),
            (b":path", path.encode()),
            *request_fields,
        ],
        ALL_BYTES[::-1],
        [(b"x-sent", b"all")],
    )
    with chain.mitmdump.tls("localhost", port, ["h2"]) as sock:
        address = sock.getsockname()
        answer = http2.request(sock, message)
        url = f"https://localhost:{port}{path}"
        flow = chain.server.wait_ended(url)
        compare.is_tls_client(flow.http_flow.client, sock, "localhost", b"h2")
    seen = chain.origin.seen(path)
    compare.is_client(flow.http_flow.client, address, chain.mitmdump.port, chain.kind)
    compare.is_tls_server(flow.http_flow.server, chain.certificate, "localhost", b"h2")
    request, response = flow.http_flow.request, flow.http_flow.response
    assert request.http_version == response.http_version == "HTTP/2.0"
    assert request.method == "POST"
    assert (request.url, request.pretty_url) == (url, url)
    assert compare.fields(request.header_fields) == seen.fields
    assert request.content == seen.body == ALL_BYTES[::-1]
    assert compare.fields(request.trailer_fields) == seen.trailers == message.trailers
    assert response.status_code == 200
    assert compare.fields(response.header_fields) == answer.fields == response_fields
    assert response.content == answer.body == ALL_BYTES
    assert compare.fields(response.trailer_fields) == answer.trailers == response_trailers
    assert dict(response.trailers) == compare.joined(answer.trailers)
