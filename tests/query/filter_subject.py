"""Runs inside a mitmproxy: `python filter_subject.py EXPORTER < EXPRESSIONS`.

Makes flows of many kinds, and prints in JSON what the exporter makes of them
and which of them mitmproxy's own flowfilter finds for each of the expressions
(a list in JSON); null for one that it refuses."""

import base64
import importlib.util
import ipaddress
import json
import random
import sys

from mitmproxy import dns
from mitmproxy import flow as mflow
from mitmproxy import flowfilter
from mitmproxy import http
from mitmproxy import tcp
from mitmproxy import udp
from mitmproxy import version
from mitmproxy import websocket
from mitmproxy.net import encoding
from mitmproxy.net.dns import https_records
from mitmproxy.test import tflow

HOSTS = ["example.com", "API.Example.org", "b\u00fccher.example", "10.0.0.7", "::1", "a_b.test"]
PATHS = [
    "/",
    "/index.html",
    "/api/v1/items?id=12&q=a%20b",
    "/IMG/logo.PNG",
    "*",
    "/caf\u00e9",
    "/a|b",
]
TYPES = [
    b"text/html; charset=utf-8",
    b"application/json",
    b"Text/CSS",
    b"text/css",
    b"image/png",
    b"application/x-javascript",
    b"application/font-woff",
    b"",
]
BODIES = [
    b"",
    b'{"error": 12, "name": "Gr\xc3\xbc\xc3\x9fe"}',
    b"first line\nsecond LINE\r\nlast",
    bytes(range(256)),
    b"needle" * 50 + b"\x00\xff",
    b"GET / aaaaab",
    "MOSKVA \u041c\u041e\u0421\u041a\u0412\u0410".encode(),
    b"trailing newline\n",
]
ENCODINGS = ["gzip", "deflate", "br", "zstd", "identity"]
METHODS = [b"GET", b"post", b"PUT", b"CONNECT-UDP", b"X"]


def load_core(path):
    spec = importlib.util.spec_from_file_location("mitmflow_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.native.Exporter(
        describe_cert=module.describe_cert,
        dns_type=module.dns_types.to_str,
        dns_class=module.dns_classes.to_str,
        mitmproxy_version=version.VERSION,
        log=lambda is_warning, text: print(text, file=sys.stderr),
        on_untold=lambda: None,
    )


def random_body(rng, message):
    """A body as it is on the wire, mostly in the encoding that it names."""
    body = rng.choice(BODIES)
    names = [name for name, _ in message.headers.fields if name.lower() == b"content-encoding"]
    assert not names
    kind = rng.random()
    if kind < 0.4:
        name = rng.choice(ENCODINGS)
        message.headers["content-encoding"] = rng.choice([name, name.upper()])
        message.data.content = encoding.encode(body, name)
    elif kind < 0.5:
        message.headers["content-encoding"] = rng.choice(["unknown", "utf8", "gzip"])
        message.data.content = b"not " + body
    elif kind < 0.55:
        message.headers["content-encoding"] = "gzip"
        message.data.content = encoding.encode(b"cut needle " + body, "gzip")[:-6]
    else:
        message.data.content = body


def random_headers(rng, message):
    fields = []
    for _ in range(rng.randrange(3)):
        fields.append((rng.choice([b"Content-Type", b"content-type"]), rng.choice(TYPES)))
    for _ in range(rng.randrange(4)):
        fields.append(
            rng.choice(
                [
                    (b"X-Order", b"one"),
                    (b"x-order", b""),
                    (b"Set-Cookie", b"a=1; Path=/"),
                    (b"X-Bytes", b"\xff\x00\xe9"),
                    (b"Server", b"nginx/1.2"),
                    (b"Referer", b"https://example.com/from"),
                ]
            )
        )
    rng.shuffle(fields)
    message.headers = http.Headers(fields)


def random_http(rng):
    flow = tflow.tflow(resp=rng.random() < 0.8, err=rng.random() < 0.2)
    request = flow.request
    request.data.method = rng.choice(METHODS)
    request.data.host = rng.choice(HOSTS)
    request.data.port = rng.choice([80, 443, 8080])
    request.data.scheme = rng.choice([b"http", b"https"])
    request.data.path = rng.choice(PATHS).encode()
    request.data.http_version = rng.choice([b"HTTP/1.1", b"HTTP/2.0", b"HTTP/3"])
    request.data.authority = b""
    for message in (request, flow.response):
        if message:
            random_headers(rng, message)
            random_body(rng, message)
    if rng.random() < 0.6:
        host = rng.choice(["example.com", "pretty.example:8443", "other.test:80"])
        if request.is_http2 or request.is_http3:
            request.data.authority = host.encode()
        else:
            request.headers["Host"] = rng.choice([host, "[::1]:8080", "[fe80::1:2]"])
    flow.server_conn.address = (request.host, request.port)
    if flow.response:
        flow.response.status_code = rng.choice([200, 204, 301, 404, 500, 599, 101])
    return flow


def connect():
    flow = tflow.tflow(resp=True)
    flow.request.data.method = b"CONNECT"
    flow.request.data.scheme = b""
    flow.request.data.path = b""
    flow.request.data.host, flow.request.data.port = "tunnel.example", 443
    flow.request.data.authority = b"tunnel.example:443"
    flow.request.headers["Host"] = "tunnel.example:443"
    return flow


def random_websocket(rng):
    flow = tflow.twebsocketflow(err=rng.random() < 0.3)
    flow.websocket.messages += [
        websocket.WebSocketMessage(
            rng.choice([1, 2]), rng.random() < 0.5, rng.choice(BODIES), 946681206.5
        )
        for _ in range(rng.randrange(4))
    ]
    return flow


def random_stream(rng, make, message):
    flow = make(err=rng.random() < 0.3)
    flow.messages += [
        message(rng.random() < 0.5, rng.choice(BODIES)) for _ in range(rng.randrange(4))
    ]
    return flow


def random_record(rng):
    record = dns.ResourceRecord
    return rng.choice(
        [
            record.A("one.example", ipaddress.IPv4Address("192.0.2.7")),
            record.AAAA("one.example", ipaddress.IPv6Address("2001:db8::7")),
            record.CNAME("alias.example", "canonical.example"),
            record.PTR("7.2.0.192.in-addr.arpa", "one.example"),
            record.TXT("txt.example", "v=spf1 \u00fc -all"),
            record("bad.example", 1, 1, 60, b"\x01"),
            record("bad.example", 5, 1, 60, b"\xc0\x0c"),
            record("txt.example", 16, 1, 60, b"\xff\xfe"),
            record("odd.example", 65280, 3, 60, b"\xff\x00\x10"),
            record("mx.example", 15, 1, 60, b"\x00\x0a\x00"),
            record.HTTPS(
                "svc.example",
                https_records.HTTPSRecord(
                    1, "target.example", {1: b"\x02h2", 3: b"\x01\xbb", 9: b"\\"}
                ),
            ),
        ]
    )


def random_dns(rng):
    flow = tflow.tdnsflow(resp=rng.random() < 0.7, err=rng.random() < 0.2)
    names = ["dns.google", "Example.COM", "", "_dmarc.b\u00fccher.example"]
    flow.request.questions = [
        dns.Question(rng.choice(names), 1, 1) for _ in range(rng.choice([0, 1, 1, 2]))
    ]
    if flow.response:
        flow.response.questions = flow.request.questions
        for section in ("answers", "authorities", "additionals"):
            setattr(flow.response, section, [random_record(rng) for _ in range(rng.randrange(3))])
    return flow


def decorate(rng, flow):
    """What any flow may have."""
    if rng.random() < 0.3:
        flow.comment = rng.choice(["seen before\nsecond line", "\u00dcber \U0001f600", "x"])
    if rng.random() < 0.3:
        flow.marked = rng.choice([":default:", ":grapes:", "\U0001f347"])
    if rng.random() < 0.3:
        flow.is_replay = rng.choice(["request", "response"])
    if rng.random() < 0.3:
        flow.metadata = dict(
            rng.sample([("key", "value"), ("n", 12), ("list", [1, "a"]), ("", None)], 2)
        )
    if rng.random() < 0.5:
        flow.client_conn.peername = rng.choice(
            [("192.168.1.7", 50000), ("fe80::1", 65535, 0, 3), ("10.0.0.1", 80)]
        )
    if rng.random() < 0.5 and flow.server_conn.address[0] != "::1":
        flow.server_conn.address = rng.choice([("example.com", 443), ("10.0.0.7", 8080), None])
        flow.server_conn.peername = None
    if rng.random() < 0.1:
        flow.client_conn.peername = None
    if flow.error and rng.random() < 0.5:
        flow.error = mflow.Error("connection refused")
    return flow


def make_flows():
    rng = random.Random(7)
    flows = [connect(), tflow.tflow(), tflow.tflow(resp=True), tflow.tdnsflow()]
    flows += [random_http(rng) for _ in range(70)]
    flows += [random_websocket(rng) for _ in range(10)]
    flows += [random_stream(rng, tflow.ttcpflow, tcp.TCPMessage) for _ in range(8)]
    flows += [random_stream(rng, tflow.tudpflow, udp.UDPMessage) for _ in range(8)]
    flows += [random_dns(rng) for _ in range(20)]
    return flows[:4] + [decorate(rng, flow) for flow in flows[4:]]


EVENTS = {
    http.HTTPFlow: "response",
    dns.DNSFlow: "dns_response",
    tcp.TCPFlow: "tcp_end",
    udp.UDPFlow: "udp_end",
}


def verdicts(expression, flows):
    try:
        compiled = flowfilter.parse(expression)
    except ValueError:
        return None
    return "".join("1" if compiled(flow) else "0" for flow in flows)


def main():
    core = load_core(sys.argv[1])
    flows = make_flows()
    result = {
        "flows": [
            {
                "message": base64.b64encode(core.encode(flow, EVENTS[type(flow)])).decode(),
                "metadata": [[str(key), str(value)] for key, value in flow.metadata.items()],
            }
            for flow in flows
        ],
        "verdicts": [verdicts(expression, flows) for expression in json.load(sys.stdin)],
    }
    print(json.dumps(result))


main()
