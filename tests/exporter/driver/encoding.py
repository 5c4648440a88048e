"""Scenarios without a server: what the hooks encode."""

import random

from expected import expected, text
from flows import all_flows, http_flow
from library import b64, load, make_core, udp
from mitmproxy import http
from mitmproxy import tcp
from mitmproxy.test import tflow


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
    add("missing", missing)
    missing.response.timestamp_end = None
    add("not yet", missing, "responseheaders")
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
        if event.startswith(("client_", "server_", "tls_")):
            continue
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
