"""What hooks tell of a flow, event by event, while it is changed between."""

import gc
import os
import random
import sys
import time

from expected import expected_conn
from flows import full_client, full_server, make_cert
from library import b64, load, make_core
from mitmproxy import connection
from mitmproxy import flow as mflow
from mitmproxy import http
from mitmproxy import options
from mitmproxy import tls
from mitmproxy.proxy import context
from mitmproxy.proxy import server_hooks
from mitmproxy.test import tflow

HTTP_EVENTS = ("requestheaders", "request", "responseheaders", "response")
BODY_MAX = 20000


class Hostile:
    """A value of an addon's that must not be asked for its text."""

    def __str__(self):
        raise RuntimeError("no text here")

    __repr__ = __str__


class MyDict(dict):
    """Nobody asks it."""

    def _refuse(self, *_):
        raise RuntimeError("nothing here")

    items = keys = values = __iter__ = __getitem__ = _refuse


def set_header(headers, rng):
    headers.fields = tuple(headers.fields)
    headers[f"x-{rng.randrange(3)}"] = str(rng.randrange(3))


def add_header(headers, rng):
    headers.fields = tuple(headers.fields)
    headers.add("set-cookie", str(rng.randrange(9)))


def encode_body(headers, rng):
    headers.fields = tuple(headers.fields)
    headers["content-encoding"] = rng.choice(["gzip", "br", "identity", ""])


def fill_headers(headers, rng):
    headers.fields = tuple((b"n%d" % n, os.urandom(5)) for n in range(rng.randrange(3)))


def list_headers(headers, rng):
    """As no mitmproxy makes them: they could change in place."""
    headers.fields = [[b"list", b"%d" % rng.randrange(3)]]


def change_list(headers, rng):
    if isinstance(headers.fields, list):
        headers.fields[0][1] += b"!"


HEADER_CHANGES = (set_header, add_header, encode_body, fill_headers, list_headers, change_list)


def body(rng):
    size = rng.choice([0, 1, 100, 8191, 8192, 19999, BODY_MAX, BODY_MAX + 1, 50000])
    return rng.choice([None, bytes([rng.randrange(256)]) * size])


def change_message(message, rng):
    data = message.data
    what = rng.randrange(8)
    if what < 3:
        rng.choice(HEADER_CHANGES)(message.headers, rng)
    elif what < 5:
        data.content = body(rng)
    elif what == 5:
        data.trailers = rng.choice([None, http.Headers([(b"t", b"%d" % rng.randrange(3))])])
    elif what == 6:
        data.http_version = rng.choice([b"HTTP/1.1", b"HTTP/2.0", b""])
    else:
        name = rng.choice(["timestamp_start", "timestamp_end"])
        setattr(data, name, rng.choice([None, rng.random() * 2e9, 1.5]))


def change_request(flow, rng):
    data = flow.request.data
    if rng.random() < 0.5:
        change_message(flow.request, rng)
        return
    name, values = rng.choice(
        [
            ("method", [b"GET", b"post", b"CONNECT", b""]),
            ("scheme", [b"http", b"https", b""]),
            ("authority", [b"", b"a:1", b"\xff"]),
            ("path", [b"/", b"/\xff", b"*", b"/a?b"]),
            ("host", ["h", "b\u00fccher.example", "::1"]),
            ("port", [80, 443, 65535, 70000]),
        ]
    )
    setattr(data, name, rng.choice(values))


def change_response(flow, rng):
    what = rng.randrange(6)
    if what == 0 or not flow.response:
        flow.response = rng.choice([None, tflow.tresp()])
    elif what == 1:
        flow.response.data.status_code = rng.choice([200, 404, 0])
    elif what == 2:
        flow.response.data.reason = rng.choice([b"OK", b"\xff", b""])
    else:
        change_message(flow.response, rng)


CERTS = [make_cert(f"{n}.example") for n in range(3)]


def change_conn(flow, rng):
    name = rng.choice(["client_conn", "server_conn"])
    conn = getattr(flow, name)
    what = rng.randrange(8)
    if what == 0:
        conn.state = rng.choice(list(connection.ConnectionState))
    elif what == 1:
        conn.error = rng.choice([None, "broken", "x" * 20000])
    elif what == 2:
        conn.certificate_list = rng.choice([(), [CERTS[0]], tuple(CERTS)])
    elif what == 3 and isinstance(conn.certificate_list, list):
        conn.certificate_list.append(CERTS[1])
    elif what == 4:
        conn.timestamp_end = rng.choice([None, 7.0, rng.random() * 1e9])
    elif what == 5:
        conn.alpn, conn.tls = rng.choice([(b"h2", True), (b"", False), (None, True)])
    elif what == 6:
        setattr(flow, name, full_client() if name == "client_conn" else full_server())
    else:
        conn.sni = rng.choice([None, "a.example"])


def change_meta(flow, rng):
    what = rng.randrange(6)
    if what == 0:
        flow.comment = rng.choice(["", "a comment"])
    elif what == 1:
        flow.marked = rng.choice(["", ":default:"])
    elif what == 2:
        flow.intercepted = not flow.intercepted
    elif what == 3:
        flow.is_replay = rng.choice([None, "request", "response"])
    elif what == 4:
        flow.error = rng.choice([None, mflow.Error("gone", 5.0), mflow.Error("", 6.5)])
    else:
        change_metadata(flow.metadata, rng)


def change_metadata(metadata, rng):
    values = ["text \udcff", 1, 2**200, 1.5, True, None, ("user", "secret"), Hostile(), "x" * 5000]
    key = rng.choice(["a", "b", 3, "k" * 300])
    metadata[key] = rng.choice(values)
    if rng.random() < 0.3:
        metadata.clear()


HTTP_CHANGES = (change_request, change_response, change_conn, change_meta)


def step(core, judge, flow, event):
    """One event: what is told, and what the flow is as a whole then."""
    told = [[kind, b64(data), *rest] for kind, data, *rest in core.tell(flow, event)]
    return {"event": event, "told": told, "whole": b64(judge.encode(flow, event))}


def cores():
    module = load()
    made = [make_core(module) for _ in range(2)]
    for core in made:
        core.configure("http://127.0.0.1:9", "telling", BODY_MAX)
    return made


def parts(seed, count):
    """Flows with random events that are changed between them."""
    rng = random.Random(int(seed))
    core, judge = cores()
    flows = []
    for _ in range(int(count)):
        flow = tflow.tflow()
        flow.live = True
        steps = []
        events = [event for event in HTTP_EVENTS if rng.random() < 0.9]
        if rng.random() < 0.2:
            events.append("error")
        for event in events:
            for _ in range(rng.choice([0, 0, 1, 2])):
                rng.choice(HTTP_CHANGES)(flow, rng)
            if event == "responseheaders" and not flow.response:
                flow.response = tflow.tresp(content=None)
            if event == "response" and rng.random() < 0.7:
                change_response(flow, rng)
            steps.append(step(core, judge, flow, event))
        flows.append({"id": flow.id, "steps": steps})
    return {"flows": flows, "followed": core.stats()["followed"]}


def change_dns(flow, rng):
    what = rng.randrange(5)
    if what == 0:
        flow.request.questions = flow.request.questions[: rng.randrange(2)]
    elif what == 1:
        flow.response = rng.choice([None, tflow.tdnsresp()])
    elif what == 2 and flow.response:
        flow.response.answers.append(flow.response.answers[0])
    elif what == 3:
        change_conn(flow, rng)
    else:
        change_meta(flow, rng)


def dns_parts(seed, count):
    rng = random.Random(int(seed))
    core, judge = cores()
    flows = []
    for _ in range(int(count)):
        flow = tflow.tdnsflow()
        flow.live = True
        steps = []
        for event in ("dns_request", "dns_request", rng.choice(["dns_response", "dns_error"])):
            for _ in range(rng.choice([0, 1, 2])):
                change_dns(flow, rng)
            steps.append(step(core, judge, flow, event))
        flows.append({"id": flow.id, "steps": steps})
    return {"flows": flows, "followed": core.stats()["followed"]}


def plain_exchange():
    """The four events of a flow that nobody changes but mitmproxy."""
    core, judge = cores()
    flow = tflow.tflow()
    flow.live, flow.server_conn = True, full_server()
    flow.request.data.content, flow.request.data.timestamp_end = None, None
    steps = [step(core, judge, flow, "requestheaders")]
    flow.request.data.content, flow.request.data.timestamp_end = b"q" * 9000, 946681201.0
    steps.append(step(core, judge, flow, "request"))
    flow.response = tflow.tresp(content=None, timestamp_end=None)
    steps.append(step(core, judge, flow, "responseheaders"))
    flow.response.data.content, flow.response.data.timestamp_end = b"a" * 9000, 946681204.0
    steps.append(step(core, judge, flow, "response"))
    return {"id": flow.id, "steps": steps, "followed": core.stats()["followed"]}


def references():
    """References that the core still has of what a flow was told with, while
    the flow lives, after its end, and for flows that never end."""
    core, _ = cores()
    held = os.urandom(5000)
    before = sys.getrefcount(held)

    def flow_with_body():
        flow = tflow.tflow()
        flow.live, flow.request.data.content = True, held
        return flow

    flow = flow_with_body()
    core.tell(flow, "request")
    told = sys.getrefcount(held) - before
    flow.response = tflow.tresp()
    core.tell(flow, "response")
    ended = sys.getrefcount(held) - before
    del flow
    for _ in range(5000):
        core.tell(flow_with_body(), "request")
    followed = core.stats()["followed"]
    gc.collect()
    kept = sys.getrefcount(held) - before
    core.stop(0)
    del core
    return {
        "told": told,
        "ended": ended,
        "followed": followed,
        "kept": kept,
        "left": sys.getrefcount(held) - before,
    }


def connections():
    """Each event of a connection, as each mitmproxy tells it."""
    core, _ = cores()
    client, server = full_client(), full_server()
    client.error = server.error = None
    layer_context = context.Context(client, options.Options())
    data = server_hooks.ServerConnectionHookData(server, client)
    broken = full_server()
    broken.error = "connection refused"
    refused = server_hooks.ServerConnectionHookData(broken, client)
    bad_client = full_client()
    bad_client.error = "the client does not trust the proxy's certificate"
    cases = {
        "client_connected": client,
        "client_disconnected": client,
        "server_connected": data,
        "server_disconnected": data,
        "server_connect_error": refused,
        "tls_failed_client": tls.TlsData(bad_client, layer_context),
        "tls_failed_server": tls.TlsData(broken, layer_context),
    }
    before = time.time()
    told = {name: core.tell(thing, name) for name, thing in cases.items()}
    result = {
        name: [[kind, b64(message), *rest] for kind, message, *rest in items]
        for name, items in told.items()
    }
    return {
        "told": result,
        "between": [before, time.time()],
        "client": {"id": client.id, "peername": client.peername[:2]},
        "server": {"id": server.id, "peername": server.peername[:2]},
        "failed": expected_conn(bad_client),
        "broken": expected_conn(broken),
    }


def metadata():
    """What is told of what addons keep in a flow's metadata."""
    core, _ = cores()
    flow = tflow.tflow()
    endless, deep = [], []
    endless += [endless, endless]
    for _ in range(100):
        deep = [deep]
    flow.metadata.update(
        {
            "text": "caf\u00e9 \udcff",
            "number": -5,
            "large": 2**70,
            "huge": 10**6000,
            "float": 1.5,
            "yes": True,
            "none": None,
            "list": ["caf\u00e9", b"\x00\xff", 4.5, ()],
            "dict": MyDict(a=True + 6),
            "proxyauth": ("user", "password"),
            "hostile": Hostile(),
            "hidden": [1, Hostile()],
            "endless": endless,
            "deep": deep,
            "too long": [b"x" * 40000],
            "long": "x" * 5000,
            "k" * 300: "",
            7: "no text for a key",
        }
    )
    entries = b64(core.encode(flow, "request"))
    flow.metadata.update({f"more {n}": n for n in range(1000)})
    return {"entries": entries, "many": b64(core.encode(flow, "request"))}


def upgrade():
    """A request that becomes a WebSocket, and talks."""
    core, _ = cores()
    flow = tflow.twebsocketflow()
    messages, flow.websocket.messages = flow.websocket.messages, []
    closed, flow.websocket.closed_by_client = flow.websocket.closed_by_client, None
    websocket, flow.websocket = flow.websocket, None
    response, flow.response = flow.response, None
    flow.live = True
    steps = [step(core, core, flow, "requestheaders"), step(core, core, flow, "request")]
    flow.response = response
    steps.append(step(core, core, flow, "responseheaders"))
    flow.websocket = websocket
    steps += [step(core, core, flow, "response"), step(core, core, flow, "websocket_start")]
    websocket.messages.append(messages[0])
    steps.append(step(core, core, flow, "websocket_message"))
    websocket.closed_by_client = closed
    steps.append(step(core, core, flow, "websocket_end"))
    return {"steps": steps, "stats": core.stats()}


class Reenters(tflow.http.Request):
    """Asked for its URL, it tells an event of another flow."""

    core = None

    @property
    def pretty_url(self):
        self.core.request(tflow.tflow())
        return "http://its.own/"


def reentered():
    """An event that is told in the midst of another."""
    core, _ = cores()
    flow = tflow.tflow()
    flow.request.__class__ = Reenters
    Reenters.core = core
    flow.request.data.headers = http.Headers([(b"host", b"b\xc3\xbccher.example")])
    told = core.tell(flow, "request")
    return {"told": [[kind, b64(data)] for kind, data, *_ in told], "stats": core.stats()}
