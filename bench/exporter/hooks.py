"""What the hooks cost mitmproxy's loop: microseconds of CPU for each event.

    PYTHON bench/exporter/hooks.py build/exporter/mitmflow_exporter.py

with the Python of a mitmproxy. No server is needed: the sender has none, and
gives up what it takes. Flows are made before the clock starts and are told
once, as mitmproxy does: each row is a sequence of events, with the median over
its events and the medians of each.
"""

import datetime
import importlib.util
import statistics
import sys
import time

from mitmproxy import connection
from mitmproxy import version
from mitmproxy import websocket
from mitmproxy.test import tflow
from mitmproxy.test import tutils

ROUNDS = 60
FLOWS = 32  # at the same time


def load(path):
    spec = importlib.util.spec_from_file_location("mitmflow_bench", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_cert(number):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from mitmproxy import certs

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"bench{number}.example")])
    now = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(now)
    builder = builder.not_valid_after(now + datetime.timedelta(days=1000))
    return certs.Cert(builder.sign(key, hashes.SHA256()))


CERTS = [make_cert(number) for number in range(4)]


def headers(kind):
    pairs = [(b"host", b"bench.example")] if kind == "request" else []
    pairs += [
        (b"x-%s-header-%d" % (kind.encode(), n), b"value " * 4) for n in range(12 - len(pairs))
    ]
    return tflow.http.Headers(pairs)


def client(is_https):
    conn = tflow.tclient_conn()
    conn.timestamp_end = None
    if is_https:
        conn.tls, conn.alpn, conn.sni = True, b"h2", "bench.example"
        conn.cipher_list = [f"TLS_CIPHER_{number}" for number in range(17)]
        conn.alpn_offers = [b"h2", b"http/1.1"]
        conn.mitmcert = CERTS[3]
    return conn


def server(is_https):
    conn = tflow.tserver_conn()
    conn.timestamp_end = None
    if is_https:
        conn.tls, conn.alpn, conn.sni = True, b"h2", "bench.example"
        conn.certificate_list = CERTS[:3]
    return conn


class Exchange:
    """A flow as mitmproxy has it at each of its four events."""

    def __init__(self, is_https, size, conns=None):
        self.flow = tflow.tflow()
        self.size = size
        self.flow.live = True
        self.is_fresh = conns is None
        self.flow.client_conn, self.server = conns or (client(is_https), server(is_https))
        self.flow.server_conn = self.server
        if self.is_fresh:
            self.opened = dict(self.server.__dict__)
            for name in ("certificate_list", "alpn", "peername", "sockname", "timestamp_start"):
                setattr(self.server, name, () if name == "certificate_list" else None)
            self.server.state = connection.ConnectionState.CLOSED
        self.flow.request.data.headers = headers("request")
        self.flow.request.data.content = self.flow.request.data.timestamp_end = None
        self.response = tutils.tresp(headers=headers("response"), content=None, timestamp_end=None)
        self.body = bytes([len(self.flow.id)]) * size

    def requestheaders(self):
        pass

    def request(self):
        self.flow.request.data.content = b""
        self.flow.request.data.timestamp_end = time.time()

    def responseheaders(self):
        if self.is_fresh:
            self.server.__dict__.update(self.opened)
        self.flow.response = self.response

    def response_(self):
        self.flow.response.data.content = self.body
        self.flow.response.data.timestamp_end = time.time()


def sequence(core, make, steps):
    """Lists of the times, in us, of each event."""
    times = [[] for _ in steps]
    clock = time.perf_counter_ns
    for _ in range(ROUNDS):
        things = [make() for _ in range(FLOWS)]
        for number, (event, change) in enumerate(steps):
            hook = getattr(core, event) if core else nothing
            for thing in things:
                change(thing)
                begin = clock()
                hook(thing.flow)
                times[number].append((clock() - begin) / 1000)
        if core:
            drain(core)
    return times


def drain(core):
    """Let the sender take what there is, and release what it has done with."""
    time.sleep(0.02)
    core.tick()


def report(name, steps, times):
    every = [time for of_event in times for time in of_event]
    means = "  ".join(
        f"{event} {statistics.median(of_event):.2f}"
        for (event, _), of_event in zip(steps, times)
    )
    print(f"  {name:34} {statistics.median(every):6.2f}   {means}", flush=True)


HTTP_STEPS = [
    ("requestheaders", Exchange.requestheaders),
    ("request", Exchange.request),
    ("responseheaders", Exchange.responseheaders),
    ("response", Exchange.response_),
]


def complete(exchange):
    for _, change in HTTP_STEPS:
        change(exchange)


class Talk:
    """A growing flow: each step adds a message."""

    def __init__(self, flow, messages, make):
        self.flow, self.messages, self.make = flow, messages, make
        flow.live = True

    def say(self):
        self.messages.append(self.make())

    def nothing(self):
        pass


def websocket_talk():
    flow = tflow.twebsocketflow()
    flow.websocket.messages = []
    flow.websocket.closed_by_client = None
    make = lambda: websocket.WebSocketMessage(1, True, b"m" * 200, time.time())  # noqa: E731
    return Talk(flow, flow.websocket.messages, make)


def tcp_talk():
    from mitmproxy import tcp

    flow = tflow.ttcpflow()
    flow.messages = []
    return Talk(flow, flow.messages, lambda: tcp.TCPMessage(True, b"m" * 200, time.time()))


class Dns:
    def __init__(self):
        self.flow = tflow.tdnsflow()
        self.flow.live = True
        self.answer = tflow.tdnsresp()

    def nothing(self):
        pass

    def response(self):
        self.flow.response = self.answer


class Connected:
    def __init__(self):
        self.flow = client(True)

    def nothing(self):
        pass


class ServerConnected:
    def __init__(self):
        from mitmproxy.proxy import server_hooks

        self.flow = server_hooks.ServerConnectionHookData(server(True), client(True))

    def nothing(self):
        pass


def rows():
    """(name, what makes a thing, its steps)"""
    shared = {is_https: (client(is_https), server(is_https)) for is_https in (False, True)}
    for is_https in (False, True):
        scheme = "https" if is_https else "http"
        for size in (1000, 100_000):
            for conns, how in ((shared[is_https], "kept alive"), (None, "new conns")):
                name = f"{scheme} {size // 1000} KB, {how}"
                make = lambda s=is_https, n=size, c=conns: Exchange(s, n, c)  # noqa: E731
                yield name, make, HTTP_STEPS
                yield f"{name}, response only", make, [("response", complete)]
    say = [(f"{kind}_message", Talk.say) for kind in ("websocket", "tcp")]
    yield (
        "websocket, 200 B",
        websocket_talk,
        [("websocket_start", Talk.nothing), *say[:1] * 4, ("websocket_end", Talk.nothing)],
    )
    yield (
        "tcp, 200 B",
        tcp_talk,
        [("tcp_start", Talk.nothing), *say[1:] * 4, ("tcp_end", Talk.nothing)],
    )
    yield "dns", Dns, [("dns_request", Dns.nothing), ("dns_response", Dns.response)]
    events = [("client_connected", Connected.nothing), ("client_disconnected", Connected.nothing)]
    yield "client connection", Connected, events
    events = [(f"server_{what}", Connected.nothing) for what in ("connected", "disconnected")]
    yield "server connection", ServerConnected, events


def main():
    module = load(sys.argv[1])
    core = module.MitmflowExporter().core
    core.configure("http://127.0.0.1:9", "bench", 16 << 20)
    core.start(-1)
    print(f"mitmproxy {version.VERSION}, Python {sys.version.split()[0]}: us an event, medians")
    steps = [("any", Dns.nothing)]
    report("empty hook", steps, sequence(None, Dns, steps))
    for name, make, steps in rows():
        report(name, steps, sequence(core, make, steps))
    core.stop(0)


def nothing(flow):
    pass


if __name__ == "__main__":
    main()
