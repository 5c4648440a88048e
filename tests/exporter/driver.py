"""Scenarios that run inside a mitmproxy, without anything but its own
packages: `python driver.py EXPORTER SCENARIO ARGUMENT...`. The last line on
stdout is the result, in JSON."""

import base64
import datetime
import gc
import gzip
import importlib.util
import json
import os
import random
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from mitmproxy import certs
from mitmproxy import connection
from mitmproxy import dns
from mitmproxy import flow as mflow
from mitmproxy import http
from mitmproxy import tcp
from mitmproxy import version
from mitmproxy import websocket
from mitmproxy.test import taddons
from mitmproxy.test import tflow

try:
    from mitmproxy import udp
except ImportError:
    udp = None

MAJOR = int(version.VERSION.split(".")[0])


def load(path=sys.argv[1] if len(sys.argv) > 1 else ""):
    """The exporter's module, anew, as mitmproxy loads a script."""
    spec = importlib.util.spec_from_file_location("mitmflow_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_core(module, lines=None, **more):
    return module.native.Exporter(
        describe_cert=module.describe_cert,
        dns_type=module.dns_types.to_str,
        dns_class=module.dns_classes.to_str,
        mitmproxy_version=version.VERSION,
        log=lambda is_warning, text: lines.append(text) if lines is not None else None,
        on_untold=lambda: None,
        **more,
    )


# ---- what a message is expected to hold, from mitmproxy's own objects ----


def b64(data):
    return base64.b64encode(data).decode()


def is_set(value):
    return value not in (None, "", b"", 0, False, [], {}) or isinstance(value, list) and value


def drop_unset(fields):
    return {name: value for name, value in fields.items() if is_set(value)}


def stamp(seconds):
    if seconds is None:
        return None
    whole = int(seconds)
    return [whole, round((seconds - whole) * 1e9)]


def text(value, percent=False):
    """As the exporter documents: bytes that are not UTF-8 are %XX in URLs
    and U+FFFD elsewhere."""
    out = []
    for char in value or "":
        if 0xDC80 <= ord(char) <= 0xDCFF:
            out.append(f"%{ord(char) - 0xDC00:02X}" if percent else "\ufffd")
        elif 0xD800 <= ord(char) <= 0xDFFF:
            out.append("\ufffd")
        else:
            out.append(char)
    return "".join(out)


def expected_cert(cert):
    return drop_unset(
        {
            "content": b64(cert.to_pem()),
            "fingerprint": b64(cert.fingerprint()),
            "issuers": dict(cert.issuer),
            "notbefore": stamp(cert.notbefore.timestamp()),
            "notafter": stamp(cert.notafter.timestamp()),
            "hasexpired": cert.has_expired(),
            "subjects": dict(cert.subject),
            "serial": str(cert.serial),
            "is_ca": getattr(cert, "is_ca", False),
            "keyinfo": {cert.keyinfo[0]: cert.keyinfo[1]},
            "cn": cert.cn,
            "organization": cert.organization,
            "altnames": [str(getattr(name, "value", name)) for name in cert.altnames],
            "crl_distribution_points": list(getattr(cert, "crl_distribution_points", [])),
        }
    )


STATES = {0: "CLOSED", 1: "CAN_READ", 2: "CAN_WRITE", 3: "OPEN"}
TLS = {"QUIC": "QUICV1", "TLSv1.3": "TLSV1_3", "TLSv1.2": "TLSV1_2", "SSLv3": "SSLV3"}


def expected_conn(conn):
    def pair(name, address):
        return {f"{name}_host": text(address[0]), f"{name}_port": address[1]} if address else {}

    fields = {
        **pair("peername", conn.peername),
        **pair("sockname", conn.sockname),
        "state": f"CONNECTION_STATE_{STATES[conn.state.value]}",
        "id": conn.id,
        "transport_protocol": f"TRANSPORT_PROTOCOL_{conn.transport_protocol.upper()}",
        "error": text(conn.error),
        "tls": conn.tls,
        "certificate_list": [expected_cert(cert) for cert in conn.certificate_list],
        "alpn": conn.alpn and b64(conn.alpn),
        "alpn_offers": [b64(offer) for offer in conn.alpn_offers],
        "cipher": conn.cipher,
        "cipher_list": list(conn.cipher_list),
        "tls_version": conn.tls_version and f"TLS_VERSION_{TLS[conn.tls_version]}",
        "sni": text(conn.sni),
        "timestamp_start": stamp(conn.timestamp_start),
        "timestamp_end": stamp(conn.timestamp_end),
        "timestamp_tls_setup": stamp(conn.timestamp_tls_setup),
    }
    if isinstance(conn, connection.Client):
        fields["mitmcert"] = conn.mitmcert and expected_cert(conn.mitmcert)
        if MAJOR >= 9:
            fields["proxy_mode"] = conn.proxy_mode.full_spec
    else:
        fields.update(pair("address", conn.address))
        fields["timestamp_tcp_setup"] = stamp(conn.timestamp_tcp_setup)
        if conn.via:
            fields["via"] = {
                "protocol": f"VIA_PROTOCOL_{conn.via[0].upper()}",
                **{"host": conn.via[1][0], "port": conn.via[1][1]},
            }
    return drop_unset(fields)


def expected_fields(headers):
    return [
        drop_unset({"name": b64(name), "value": b64(value)})
        for name, value in (headers.fields if headers else ())
    ]


def expected_message(message):
    is_encoded = message.headers.get("content-encoding", "identity").lower() != "identity"
    body = message.raw_content
    return {
        ("raw_content" if is_encoded else "content"): body and b64(body),
        "http_version": text(message.http_version),
        "timestamp_start": stamp(message.timestamp_start),
        "timestamp_end": stamp(message.timestamp_end),
        "header_fields": expected_fields(message.headers),
        "trailer_fields": expected_fields(message.trailers),
    }


def expected_http(flow):
    request, response, ws = flow.request, flow.response, flow.websocket
    fields = {
        "id": flow.id,
        "request": drop_unset(
            {
                **expected_message(request),
                "method": text(request.method),
                "url": text(request.url, percent=True),
                "pretty_url": text(request.pretty_url, percent=True),
            }
        ),
        "timestamp_start": stamp(request.timestamp_start),
        "client": expected_conn(flow.client_conn),
        "server": expected_conn(flow.server_conn),
        "error": flow.error and text(flow.error.msg),
        "is_websocket": ws is not None,
    }
    if response:
        fields["response"] = drop_unset(
            {
                **expected_message(response),
                "status_code": response.status_code,
                "reason": text(response.reason),
            }
        )
    if ws:
        fields["websocket_messages"] = [
            drop_unset(
                {
                    "content": b64(m.content),
                    "timestamp": stamp(m.timestamp),
                    "from_client": m.from_client,
                    "opcode": int(m.type),
                    "dropped": m.dropped,
                    "injected": m.injected,
                }
            )
            for m in ws.messages
        ]
        if ws.closed_by_client is not None:
            fields["websocket_close"] = drop_unset(
                {
                    "by_client": ws.closed_by_client,
                    "code": ws.close_code,
                    "reason": ws.close_reason,
                    "timestamp": stamp(ws.timestamp_end),
                }
            )
    return drop_unset(fields)


def expected_stream(flow):
    return drop_unset(
        {
            "id": flow.id,
            "client": expected_conn(flow.client_conn),
            "server": expected_conn(flow.server_conn),
            "messages": [
                drop_unset(
                    {
                        "content": b64(m.content),
                        "timestamp": stamp(m.timestamp),
                        "from_client": m.from_client,
                    }
                )
                for m in flow.messages
            ],
            "timestamp_start": stamp(flow.timestamp_start),
            "error": flow.error and flow.error.msg,
        }
    )


def expected_dns_message(message):
    def entry(item):
        answer = item.to_json()
        fields = {"name": text(item.name), "type": answer["type"], "class": answer["class"]}
        if hasattr(item, "ttl"):
            fields.update(ttl=item.ttl, data=b64(item.data))
        return drop_unset(fields)

    return drop_unset(
        {
            "packed": b64(message.packed),
            "questions": [entry(q) for q in message.questions],
            "answers": [entry(r) for r in message.answers],
            "authorities": [entry(r) for r in message.authorities],
            "additionals": [entry(r) for r in message.additionals],
            "id": message.id,
            "query": message.query,
            "op_code": message.op_code,
            "authoritative_answer": message.authoritative_answer,
            "response_code": message.response_code,
            "truncation": message.truncation,
            "recursion_desired": message.recursion_desired,
            "recursion_available": message.recursion_available,
            "timestamp": stamp(message.timestamp),
        }
    )


def expected_dns(flow):
    return drop_unset(
        {
            "id": flow.id,
            "request": expected_dns_message(flow.request),
            "response": flow.response and expected_dns_message(flow.response),
            "timestamp_start": stamp(flow.request.timestamp),
            "client": expected_conn(flow.client_conn),
            "server": expected_conn(flow.server_conn),
            "error": flow.error and flow.error.msg,
        }
    )


def expected_meta(flow):
    return drop_unset(
        {
            "comment": text(flow.comment),
            "marked": text(flow.marked),
            "replayed": flow.is_replay,
            "intercepted": flow.intercepted,
            "error_at": flow.error and stamp(flow.error.timestamp),
        }
    )


EXPECTED = {
    http.HTTPFlow: ("http_flow", expected_http),
    dns.DNSFlow: ("dns_flow", expected_dns),
    tcp.TCPFlow: ("tcp_flow", expected_stream),
}
if udp:
    EXPECTED[udp.UDPFlow] = ("udp_flow", expected_stream)


def expected(flow):
    """(kind, fields of that flow, fields of its FlowMeta). live and
    duration_ms are the tests' own to check."""
    kind, fields = EXPECTED[type(flow)]
    return kind, fields(flow), expected_meta(flow)


# ---- flows ----


def make_cert(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Organisation \u00e9"),
        ]
    )
    now = datetime.datetime(2020, 1, 2, 3, 4, 5)
    san = x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName("*." + name)])
    crl = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                [x509.UniformResourceIdentifier("http://crl.example/1")], None, None, None
            )
        ]
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=20000))
        .add_extension(san, critical=False)
        .add_extension(crl, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certs.Cert(built)


def full_client():
    client = tflow.tclient_conn()
    client.peername = ("fe80::1", 65535, 0, 3)
    client.sockname = ("10.0.0.1", 8080)
    client.state = connection.ConnectionState.CAN_WRITE
    client.error = "client \udcff error"
    client.tls = True
    client.certificate_list = [make_cert("client.example")]
    client.alpn = b"\xffh2"
    client.alpn_offers = [b"h2", b"http/1.1", b""]
    client.cipher_list = ["TLS_AES_128_GCM_SHA256", "ECDHE"]
    client.tls_version = "TLSv1.3"
    client.mitmcert = make_cert("mitm.example")
    client.timestamp_start = 1795490592.123456
    client.timestamp_end = None
    return client


def full_server():
    server = tflow.tserver_conn()
    server.state = connection.ConnectionState.CLOSED
    server.address = ("b\u00fccher.example", 443)
    server.via = ("https", ("proxy.example", 3128))
    server.certificate_list = (make_cert("leaf.example"), make_cert("ca.example"))
    server.tls = True
    server.alpn = b""
    server.tls_version = "QUIC" if MAJOR < 11 else "TLSv1.3"
    server.timestamp_start = 1795490592.999999
    server.timestamp_tcp_setup = 1795490593.0
    return server


def http_flow(**request):
    flow = tflow.tflow(resp=True)
    for name, value in request.items():
        setattr(flow.request.data, name, value)
    return flow


def odd_http_flow():
    flow = http_flow(
        method=b"post",
        path=b"/caf\xc3\xa9/\xff?q=\xe2\x82",
        http_version=b"HTTP/1.1\xff",
        content=bytes(range(256)) * 100,
    )
    flow.client_conn, flow.server_conn = full_client(), full_server()
    flow.request.data.headers = http.Headers(
        [
            (b"Host", b"h.example:81"),
            (b"X-Order", b"one"),
            (b"x-order", b""),
            (b"X-Order", b"caf\xe9"),
            (b"\xff", b"\x00\x01"),
        ]
    )
    flow.request.data.trailers = http.Headers([(b"T", b"1"), (b"T", b"2")])
    flow.request.data.timestamp_start = 1795490592.75
    flow.request.data.timestamp_end = None
    flow.response.data.reason = b"No\xffThing"
    flow.response.data.status_code = 599
    flow.response.data.content = b"\x1f\x8b not really gzip"
    flow.response.data.headers = http.Headers(
        [(b"Set-Cookie", b"a=1"), (b"Content-Encoding", b"gzip"), (b"Set-Cookie", b"b=2")]
    )
    flow.error = mflow.Error("broken \udc80 pipe", 1795490593.25)
    flow.comment, flow.marked = "a \U0001f600 comment", ":grapes:"
    flow.is_replay, flow.intercepted = "request", True
    return flow


def websocket_flow():
    flow = tflow.twebsocketflow()
    flow.websocket.messages += [
        websocket.WebSocketMessage(2, False, b"\xff" * 10000, 946681206.5, dropped=True),
        websocket.WebSocketMessage(1, True, b"", 946681207.5, injected=True),
    ]
    flow.websocket.closed_by_client = True
    return flow


def dns_flow():
    flow = tflow.tdnsflow(resp=True)
    response = flow.response
    response.answers.append(dns.ResourceRecord("odd.example", 65280, 3, 2**32 - 1, b"\xff\x00"))
    response.authorities.append(dns.ResourceRecord("", 2, 1, 0, b"\x00"))
    response.additionals.append(dns.ResourceRecord("_x.example", 1, 4321, 5, b""))
    response.truncation = response.recursion_available = True
    response.authoritative_answer, response.response_code = True, 3
    response.op_code = 4
    response.query = False
    return flow


def all_flows():
    """name -> (flow, event)"""
    flows = {
        "plain http": (tflow.tflow(resp=True), "response"),
        "http request only": (tflow.tflow(), "request"),
        "odd http": (odd_http_flow(), "response"),
        "http error": (tflow.tflow(err=True), "error"),
        "websocket": (websocket_flow(), "websocket_end"),
        "tcp": (tflow.ttcpflow(), "tcp_message"),
        "tcp error": (tflow.ttcpflow(err=True), "tcp_error"),
        "dns": (dns_flow(), "dns_response"),
        "dns request": (tflow.tdnsflow(), "dns_request"),
        "dns error": (tflow.tdnsflow(err=True), "dns_error"),
    }
    if udp:
        flows["udp"] = (tflow.tudpflow(), "udp_message")
        flows["udp end"] = (tflow.tudpflow(), "udp_end")
    identity = http_flow()
    identity.response.headers["content-encoding"] = "Identity"
    flows["identity encoding"] = (identity, "response")
    return flows


# ---- scenarios ----


def encode():
    """Every kind of flow: the message, and what is expected in it."""
    core = make_core(load())
    result = {}
    for name, (flow, event) in all_flows().items():
        kind, fields, meta = expected(flow)
        result[name] = {
            "bytes": b64(core.encode(flow, event)),
            "kind": kind,
            "fields": fields,
            "meta": meta,
            "event": event,
        }
    return result


def urls():
    """Odd URLs: the message, and what mitmproxy's own properties say."""
    core = make_core(load())
    hosts = ["example.com", "EXAMPLE.com", "10.0.0.1", "::1", "b\u00fccher.de", "xn--bcher-kva.de"]
    headers = [
        None,
        b"",
        b"example.com",
        b"Example.COM:8080",
        b"example.com:80",
        b"example.com:0",
        b"example.com:65535",
        b"example.com:65536",
        b"example.com:",
        b"[::1]:81",
        b"[::1]",
        b"::1",
        b"b\xc3\xbccher.de",
        b"xn--bcher-kva.de:81",
        b"caf\xe9",
        b"a..b",
        b".",
        b"a.",
        b"a.:9",
        b"a_b-c.d",
        b" a",
        b"a/b",
        b"a" * 64,
        b".".join([b"a" * 63] * 4),
        b".".join([b"a" * 63] * 3),
        b"1.2.3.4:5",
        b"a\n",
    ]
    paths = [b"/", b"/x?y=%20#z", b"*", b"", b"/caf\xc3\xa9", b"/\xff\xfe", b"/\xed\xa0\x80"]
    schemes = [(b"http", 80), (b"https", 443), (b"http", 443), (b"https", 8443), (b"", 0)]
    versions = [b"HTTP/1.1", b"HTTP/2.0"]
    combinations = [
        (host, header, path, scheme, port, http_version, method)
        for host in hosts
        for header in headers
        for path in paths
        for scheme, port in schemes
        for http_version in versions
        for method in (b"GET", b"CONNECT")
    ]
    random.Random(1).shuffle(combinations)
    cases = []
    for host, header, path, scheme, port, http_version, method in combinations[:4000]:
        flow = http_flow(
            host=host,
            path=path,
            scheme=scheme,
            port=port,
            method=method,
            http_version=http_version,
            authority=header or b"",
            headers=http.Headers([(b"Host", header)] if header is not None else []),
        )
        cases.append(
            {
                "bytes": b64(core.encode(flow, "request")),
                "url": text(flow.request.url, percent=True),
                "pretty_url": text(flow.request.pretty_url, percent=True),
            }
        )
    twice = http_flow(headers=http.Headers([(b"Host", b"a"), (b"host", b"b")]))
    cases.append(
        {
            "bytes": b64(core.encode(twice, "request")),
            "url": twice.request.url,
            "pretty_url": twice.request.pretty_url,
        }
    )
    return cases


class Raises:
    """Every attribute raises."""

    def __getattribute__(self, name):
        raise RuntimeError(f"no {name} here")


class Odd:
    """Every attribute is the same odd thing."""

    def __init__(self, value):
        self.__dict__["value"] = value

    def __getattr__(self, name):
        return self.__dict__["value"]


def bad():
    """Objects that no mitmproxy gives to a hook: none may raise."""
    module = load()
    lines = []
    core = make_core(module, lines)
    core.configure("http://127.0.0.1:9", "bad", 1000)
    values = [
        None,
        0,
        -1,
        2**70,
        float("nan"),
        float("inf"),
        -1e300,
        "text \udcff \ud800",
        b"bytes",
        bytearray(b"x"),
        (),
        [],
        [None],
        [(1,), ("a", "b"), (b"a", None)],
        {},
        object(),
        Raises(),
        len,
        type,
    ]
    odd = [*values, *(Odd(value) for value in values), Odd(Odd(Odd(None)))]
    holders = ["request", "response", "client_conn", "server_conn", "error", "websocket", "id"]
    events = module.native.EVENTS
    for value in odd:
        for event in events:
            assert getattr(core, event)(value) is None
            assert core.encode(value, event)
    for name in holders:
        for value in odd:
            for event, kind in (("response", tflow.tflow), ("dns_response", tflow.tdnsflow)):
                flow = kind()
                if kind is tflow.tflow:
                    flow = tflow.tflow(resp=True, ws=True, err=True)
                if name not in ("request", "id") or not isinstance(value, Raises):
                    flow.__dict__[name] = value
                getattr(core, event)(flow)
    for name in ("headers", "content", "path", "host", "port", "timestamp_start", "trailers"):
        for value in odd:
            flow = tflow.tflow(resp=True)
            flow.request.data.__dict__[name] = value
            core.request(flow)
            if hasattr(flow.response.data, name):
                flow.response.data.__dict__[name] = value
            core.response(flow)
    for kind in (tflow.ttcpflow, getattr(tflow, "tudpflow", tflow.ttcpflow)):
        for value in odd:
            flow = kind()
            flow.messages = value
            core.tcp_message(flow)
            core.udp_message(flow)
            core.tcp_end(flow)
            flow = kind()
            flow.messages[-1].content = value
            core.tcp_message(flow)
    core.tick()
    stats = core.stats()
    core.stop(0)
    return {"stats": stats, "lines": lines}


class Fresh:
    """A message whose content nobody else holds."""

    from_client, timestamp = True, 1.0

    def __init__(self, fill):
        self._fill = fill

    @property
    def content(self):
        return self._fill * 9000


def bodies():
    """Bodies that are cut, streamed, or missing."""
    core = make_core(load())
    core.configure("http://127.0.0.1:9", "bodies", 10000)
    result = {}

    def add(name, flow, event="response"):
        result[name] = b64(core.encode(flow, event))

    for size in (0, 1, 8191, 8192, 10000, 10001, 50000):
        flow = tflow.tflow(resp=True)
        flow.response.raw_content = bytes(index % 251 for index in range(size))
        add(f"{size}", flow)
    encoded = tflow.tflow(resp=True)
    encoded.response.headers["content-encoding"] = "br"
    encoded.response.raw_content = b"x" * 20000
    add("encoded", encoded)
    streamed = tflow.tflow(resp=True)
    streamed.response.raw_content = None
    streamed.response.stream = True
    streamed.response.headers["content-length"] = "123456789"
    add("streamed", streamed)
    fresh = tflow.ttcpflow()
    fresh.messages = [Fresh(fill) for fill in (b"a", b"b", b"c")]
    add("fresh", fresh, "tcp_end")
    missing = tflow.tflow(resp=True)
    missing.response.raw_content = None
    add("missing", missing, "responseheaders")
    long_talk = tflow.ttcpflow()
    long_talk.messages = [tcp.TCPMessage(True, b"%05d" % n * 100, 1.0) for n in range(200)]
    add("long talk", long_talk, "tcp_message")
    return result


def live():
    """`live` and the event's number for each event of a flow that lives."""
    module = load()
    core = make_core(module)
    result = []
    for event in module.native.EVENTS:
        if event.startswith("dns"):
            flow = tflow.tdnsflow()
        elif event.startswith("tcp"):
            flow = tflow.ttcpflow()
        elif event.startswith("udp"):
            if not udp:
                continue
            flow = tflow.tudpflow()
        else:
            flow = tflow.tflow(resp=True, ws=event.startswith("websocket"))
        flow.live = True
        result.append([event, b64(core.encode(flow, event))])
    switching = tflow.tflow(resp=True)
    switching.live, switching.response.status_code = True, 101
    result.append(["switching", b64(core.encode(switching, "response"))])
    return result


def messages():
    """All that needs no server, in one process."""
    parts = (encode, urls, bad, bodies, live, options)
    return {part.__name__: part() for part in parts}


def growth(addr):
    """A flow of 1,000 messages at once, then one more and its end."""
    core = make_core(load())
    core.configure(addr, "growth", 16 << 20)
    core.start(-1)
    flow = tflow.ttcpflow()
    flow.live = True
    flow.messages = []
    core.tcp_start(flow)
    for number in range(1000):
        flow.messages.append(tcp.TCPMessage(number % 2 == 0, b"%06d" % number * 30))
        core.tcp_message(flow)
    pushed = core.stats()["pushed"]
    core.tcp_end(flow)
    core.stop(10)
    return {"id": flow.id, "pushed": pushed, "stats": core.stats()}


def untold(addr):
    """Messages that no later hook tells: tick() does, when they are due."""
    core = make_core(load())
    core.configure(addr, "untold", 16 << 20)
    core.start(-1)
    flow = tflow.ttcpflow()
    flow.live = True
    flow.messages = []
    for number in range(7):
        flow.messages.append(tcp.TCPMessage(True, b"%d" % number))
        core.tcp_message(flow)
    has_untold = True
    while has_untold:
        time.sleep(0.02)
        has_untold = core.tick()[1]
    sys.stdin.readline()
    core.stop(3)
    return {"id": flow.id}


def begun_talk(kind):
    """(flow without messages, its list of them, what makes one)"""
    if kind == "websocket":
        flow = tflow.twebsocketflow()
        flow.websocket.messages = []
        flow.websocket.closed_by_client = None
        make = lambda says, data: websocket.WebSocketMessage(1, says, data, time.time())  # noqa: E731
        return flow, flow.websocket.messages, make
    flow = tflow.ttcpflow() if kind == "tcp" else tflow.tudpflow()
    make = tcp.TCPMessage if kind == "tcp" else udp.UDPMessage
    flow.messages = []
    return flow, flow.messages, lambda says, data: make(says, data, time.time())


def talk(addr, kind, *more):
    """A growing flow that does what stdin says, a line at a time: its answer
    is a line with how often the flow was wanted whole.

    server (until one that takes appends is there), server without, start, say
    N LENGTH, wait (until all is acknowledged), end, error, drop (forget the
    flow, as mitmproxy does), stop."""
    options = dict(item.split("=") for item in more)
    core = make_core(load(), queue_max=int(options.get("queue_max", 64 << 20)))
    core.configure(addr, "talk", int(options.get("body_max", 16 << 20)))
    core.start(-1)
    flow, messages, make = begun_talk(kind)
    flow.live = True
    flow_id, said = flow.id, []
    wants = {}
    for line in sys.stdin:
        what, *numbers = line.split()
        if what == "server":
            while core.stats()["appends"] != (numbers != ["without"]):
                time.sleep(0.005)
        elif what == "start":
            getattr(core, f"{kind}_start")(flow)
        elif what == "say":
            count, length = map(int, numbers)
            for _ in range(count):
                data = (b"%08d " % len(said) * (length // 9 + 1))[:length]
                said.append(data)
                messages.append(make(len(said) % 2 == 0, data))
                getattr(core, f"{kind}_message")(flow)
        elif what == "end":
            if kind == "websocket":
                flow.websocket.closed_by_client = True
                flow.websocket.close_code = 1001
                flow.websocket.timestamp_end = time.time()
            wants = {"fields": EXPECTED[type(flow)][1](flow)}
            getattr(core, f"{kind}_end")(flow)
            flow.live = False
        elif what == "error":
            flow.error = mflow.Error("it broke", time.time())
            getattr(core, f"{kind}_error")(flow)
            flow.live = False
        elif what == "drop":
            del flow, messages
            gc.collect()
        elif what == "wait":
            while core.stats()["waiting"] + core.stats()["in_flight"] or core.tick()[1]:
                time.sleep(0.005)
        core.tick()
        if what == "stop":
            break
        print(core.stats()["wanted"], flush=True)
    left = core.stop(10)
    stats = core.stats()
    core.tick()
    return {"id": flow_id, "said": len(said), "left": left, "stats": stats, **wants}


def send(addr, count, body_len, per_s, *more):
    """`count` flows of two events each at `per_s`; their ids and the counts
    after all was acknowledged, or "stop" was called at once."""
    options = dict(item.split("=") for item in more)
    lines = []
    core = make_core(load(), lines, queue_max=int(options.get("queue_max", 64 << 20)))
    core.configure(addr, options.get("source", "driver"), int(options.get("body_max", 16 << 20)))
    core.start(-1)
    ids, peak = [], 0
    for number in range(int(count)):
        flow = tflow.tflow(resp=True)
        flow.live = True
        flow.response.raw_content = os.urandom(16) * (int(body_len) // 16)
        ids.append(flow.id)
        core.request(flow)
        core.response(flow)
        peak = max(peak, core.stats()["memory"])
        if float(per_s):
            time.sleep(1 / float(per_s))
        if number == 0:
            print("begun", flush=True)
    if options.get("then") == "wait":
        sys.stdin.readline()
    core.stop(float(options.get("drain", 30)))
    tick_lines = [line for _, line in core.tick()[0]]
    return {
        "ids": ids,
        "stats": core.stats(),
        "peak": peak,
        "lines": lines + tick_lines,
    }


def published(addr):
    """Flows that the published form has to change."""
    core = make_core(load())
    core.configure(addr, "published", 16 << 20)
    core.start(-1)
    whole, broken = tflow.tflow(resp=True), tflow.tflow(resp=True)
    whole.response.raw_content = gzip.compress(b"hello " * 100)
    broken.response.raw_content = b"not gzip at all"
    for flow in (whole, broken):
        fields = [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"content-encoding", b"gzip")]
        flow.response.headers = http.Headers(fields)
        flow.comment = "which an old server does not know"
        core.response(flow)
    core.stop(10)
    return {"ids": [whole.id, broken.id], "stats": core.stats()}


def reconfigure(first, second):
    """Another server while running; then wrong options, which change nothing."""
    module = load()
    addon = module.addons[0]
    ids = []

    def export(count):
        for _ in range(count):
            flow = tflow.tflow(resp=True)
            addon.response(flow)
            ids.append(flow.id)
        while addon.core.stats()["acked"] < len(ids):
            time.sleep(0.01)

    with taddons.context() as context:
        context.master.addons.add(addon)
        context.configure(addon, grpc_addr=first)
        addon.running()
        export(3)
        context.configure(addon, grpc_addr=second)
        while addon.core.stats()["connects"] < 2:
            time.sleep(0.01)
        export(3)
        try:
            context.configure(addon, grpc_addr="https://wrong")
        except module.exceptions.OptionsError:
            export(1)
        connects = addon.core.stats()["connects"]
        context.master.addons.remove(addon)
    return {"ids": ids, "connects": connects}


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def threads_and_fds():
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


def reload(addr, times):
    """The script loaded and ended so many times, as mitmproxy reloads it."""
    baseline, warm = None, 0
    cert = make_cert("leaf.example")
    body = os.urandom(20000)
    references = sys.getrefcount(body)
    with taddons.context() as context:
        for number in range(int(times)):
            module = load()
            addon = module.addons[0]
            context.master.addons.add(addon)
            context.configure(addon, grpc_addr=addr)
            addon.running()
            for _ in range(20):
                flow = tflow.tflow(resp=True)
                flow.response.raw_content = body
                flow.client_conn.mitmcert = cert
                addon.request(flow)
                addon.response(flow)
            context.master.addons.remove(addon)
            del module, addon, flow
            gc.collect()
            if number == int(times) // 5:
                baseline, warm = threads_and_fds(), resident()
    return {
        "before": baseline,
        "after": threads_and_fds(),
        "grown": resident() - warm,
        "references": sys.getrefcount(body) - references,
    }


def feed(addr, count):
    """Many flows through the hooks: what is left of them in memory."""
    core = make_core(load())
    core.configure(addr, "feed", 16 << 20)
    core.start(-1)
    cert = make_cert("leaf.example")
    body = os.urandom(50000)
    references = sys.getrefcount(body)
    warm = 0
    for number in range(int(count)):
        flow = tflow.tflow(resp=True)
        flow.server_conn.certificate_list = [cert]
        flow.response.raw_content = body
        core.requestheaders(flow)
        core.request(flow)
        core.response(flow)
        while core.stats()["memory"] > 1 << 20:
            time.sleep(0.001)
            core.tick()
        if number == int(count) // 5:
            gc.collect()
            warm = resident()
    core.stop(30)
    del flow
    gc.collect()
    return {
        "grown": resident() - warm,
        "references": sys.getrefcount(body) - references,
        "stats": core.stats(),
    }


def options():
    """What each value of an option does: None, or the error's text."""
    module = load()
    addon = module.MitmflowExporter()
    result = {}
    with taddons.context(addon) as context:
        for name, value in (
            ("grpc_events", "all"),
            ("grpc_events", "response, error"),
            ("grpc_events", "respnse"),
            ("grpc_addr", "https://flows.example"),
            ("grpc_addr", "http://a:1,http://b:2"),
            ("grpc_addr", "nonsense://x"),
            ("grpc_addr", ""),
            ("grpc_body_max", "1MiB"),
            ("grpc_body_max", "lots"),
            ("grpc_body_max", "999GiB"),
            ("grpc_source", "caf\u00e9"),
            ("grpc_source", "x" * 300),
        ):
            try:
                context.configure(addon, **{name: value})
                result[f"{name}={value[:30]}"] = None
            except Exception as error:
                result[f"{name}={value[:30]}"] = f"{type(error).__name__}: {error}"
        context.configure(
            addon, grpc_events="response,tcp_end", grpc_addr="http://a:1", grpc_source=""
        )
        hooks = sorted(name for name in module.native.EVENTS if hasattr(addon, name))
    return {"errors": result, "hooks": hooks}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[2]](*sys.argv[3:])), flush=True)
