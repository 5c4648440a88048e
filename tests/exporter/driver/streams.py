"""Bodies that mitmproxy passes on as they come, through its own HTTP layer
without any socket: what goes on with and without the exporter's hooks, and
what they tell."""

from library import b64, load, make_core
from mitmproxy import connection
from mitmproxy import http
from mitmproxy import options
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import commands
from mitmproxy.proxy import context
from mitmproxy.proxy import events
from mitmproxy.proxy import layers
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.test import tflow

BODY_MAX = 3000


class Proxy:
    """mitmproxy's layer for one client; `on_hook` is called for each hook."""

    def __init__(self, on_hook, **settings):
        self.options = options.Options()
        Proxyserver().load(self.options)
        self.options.update(**settings)
        self.on_hook = on_hook
        client = tflow.tclient_conn()
        client.state, client.timestamp_end = connection.ConnectionState.OPEN, None
        client.tls = False
        self.context = context.Context(client, self.options)
        self.layer = layers.HttpLayer(self.context, HTTPMode.regular)
        self.server = None
        self.sent = []
        self.handle(events.Start())

    def handle(self, event):
        waiting = [event]
        while waiting:
            for command in self.layer.handle_event(waiting.pop(0)):
                if isinstance(command, commands.SendData):
                    side = "client" if command.connection is self.context.client else "server"
                    self.sent.append((side, bytes(command.data)))
                elif isinstance(command, commands.OpenConnection):
                    self.server = command.connection
                    self.server.state = connection.ConnectionState.OPEN
                    waiting.append(events.OpenConnectionCompleted(command, None))
                elif isinstance(command, commands.StartHook):
                    self.on_hook(command)
                    waiting.append(events.HookCompleted(command, None))

    def receive(self, conn, *chunks):
        for chunk in chunks:
            self.handle(events.DataReceived(conn, chunk))


def head(line, size):
    """How a body of this size begins; None: it comes in chunks."""
    length = b"transfer-encoding: chunked" if size is None else b"content-length: %d" % size
    return line + b"\r\nhost: a.example\r\n" + length + b"\r\n\r\n"


def chunked(chunks):
    return [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks] + [b"0\r\n\r\n"]


def body_of(chunks, size):
    return chunks if size is not None else chunked(chunks)


def exchange(proxy, request, response, request_size, response_size):
    line = b"POST http://a.example/ HTTP/1.1"
    proxy.receive(proxy.context.client, head(line, request_size), *body_of(request, request_size))
    line = b"HTTP/1.1 200 OK"
    proxy.receive(proxy.server, head(line, response_size), *body_of(response, response_size))


def as_bytes(data):
    return data.upper()


def as_list(data):
    return [data[:3], data[3:]]


def as_tuple(data):
    return (data, b"!") if data else ()


def as_generator(data):
    yield data[:1]
    yield data[1:].upper()
    if not data:
        yield b"the end"


def as_broken(data):
    raise RuntimeError("an addon's own")


def as_nonsense(data):
    return 5


def as_bytearray(data):
    return [bytearray(data)]


WAYS = {
    "none": None,
    "true": True,
    "bytes": as_bytes,
    "list": as_list,
    "tuple": as_tuple,
    "generator": as_generator,
    "broken": as_broken,
    "nonsense": as_nonsense,
    "bytearray": as_bytearray,
}

# name -> request and response chunks, and whether their lengths are told.
PIECES = [b"a" * 100, b"b" * 1500, b"", b"c" * 900, b"d" * 2000]
SMALL = [b"tiny"]
CASES = {
    "small": (SMALL, SMALL, True, True),
    "long response": (SMALL, PIECES, True, True),
    "long chunked response": (SMALL, PIECES, True, False),
    "long request": (PIECES, SMALL, True, True),
    "long chunked request": (PIECES, SMALL, False, True),
    "both chunked": (PIECES, PIECES, False, False),
}


def run(case, way, limit, core=None):
    """One exchange: what was sent on, and what was told of it."""
    request, response, has_request_size, has_response_size = CASES[case]
    # An empty chunk would end a chunked body.
    sizes = [sum(map(len, chunks)) for chunks in (request, response)]
    request = request if has_request_size else [chunk for chunk in request if chunk]
    response = response if has_response_size else [chunk for chunk in response if chunk]
    told, flows, raised = [], [], None

    def on_hook(hook):
        flow = hook.args()[0]
        if way is not None and hook.name == "requestheaders":
            flow.request.stream = WAYS[way]
        if way is not None and hook.name == "responseheaders":
            flow.response.stream = WAYS[way]
        if hook.name == "requestheaders":
            flows.append(flow)
        if core and hasattr(core, hook.name) and flow in flows:
            told.extend(core.tell(flow, hook.name))

    proxy = Proxy(on_hook, stream_large_bodies=limit)
    try:
        exchange(
            proxy,
            request,
            response,
            sizes[0] if has_request_size else None,
            sizes[1] if has_response_size else None,
        )
    except Exception as error:
        raised = repr(error)
    # What mitmproxy's objects are afterwards; a flow that broke did not end.
    halves = [half for half in (flows[0].request, flows[0].response) if half and not raised]
    left = [
        [type(half).__module__, type(half).__mro__.index(http.Message), str(half.stream)]
        for half in halves
    ]
    return proxy.sent, raised, left, told


def stream():
    """Every case: whether the traffic and the flow are the same with hooks,
    and the messages that were told."""
    module = load()
    result = {}
    for captures in (False, True):
        core = make_core(module)
        core.configure("http://127.0.0.1:9", "streams", BODY_MAX)
        core.set_capture(captures, True)
        for case in CASES:
            for way in (None, *WAYS):
                limit = "1k" if way is None else None
                if way == "none":
                    way, limit = None, None
                plain = run(case, way, limit)
                hooked = run(case, way, limit, core)
                sent = [data for side, data in hooked[0]]
                result[f"{case}, {way or limit}, {captures}"] = {
                    "same": plain[:3] == hooked[:3],
                    "ways": [repr(part)[:300] for part in (*plain[1:3], *hooked[1:3])],
                    "raised": hooked[1],
                    "sent": sum(map(len, sent)),
                    "told": [[kind, b64(data), *rest] for kind, data, *rest in hooked[3]],
                }
    return result


class Vanishing:
    """What takes itself out of its list when it is asked for its length."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        self.items.clear()
        return 100


def vanish():
    """What is left of an answer whose items go while they are counted."""
    core = make_core(load())
    core.configure("http://127.0.0.1:9", "streams", BODY_MAX)
    core.set_capture(True, True)
    items = []
    items += [Vanishing(items) for _ in range(100)]
    flow = tflow.tflow(resp=True)
    flow.response.stream = lambda data: items
    core.tell(flow, "responseheaders")
    return len(flow.response.stream(b"x"))
