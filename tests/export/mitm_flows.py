"""Flows of the mitmproxy that this Python has, for the tests of its files.

    mitm_flows.py make FILE         flows of every kind, by its own FlowWriter
    mitm_flows.py feed FILE EXPORTER ADDR
                                    the same, and tells a server of them by
                                    the exporter's hooks
    mitm_flows.py compare ONE TWO   both by its FlowReader: prints what differs
    mitm_flows.py version           of its file format

Run by an interpreter that has a mitmproxy, any from 8.1.1 on.
"""

import pathlib
import sys
import time

from mitmproxy import certs, connection, exceptions, http, io, version
from mitmproxy.test import tflow, tutils

DEADLINE_S = 60
CERTIFICATES = pathlib.Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "certificate"

# Of nobody: made once, for this.
CERT = b"""-----BEGIN CERTIFICATE-----
MIIBpDCCAUugAwIBAgIUMWdaJ7C8DRSBYRRoltAUEW+yKxcwCgYIKoZIzj0EAwIw
JzEUMBIGA1UEAwwLZXhhbXBsZS5jb20xDzANBgNVBAoMBk5vYm9keTAgFw0yNjEx
MjgxMTExNTRaGA8yMTI2MTEwNDExMTE1NFowJzEUMBIGA1UEAwwLZXhhbXBsZS5j
b20xDzANBgNVBAoMBk5vYm9keTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPYI
rpYFXCOCDrLn9qKEwP9bfbLfgElD7Af2j05d3+nk2ILrkT1vcUO8mNzs8mqax0BU
S3ViVyMUzancplThvXGjUzBRMB0GA1UdDgQWBBRplSCH4+nHrJzM2WhVPQ739YIX
6zAfBgNVHSMEGDAWgBRplSCH4+nHrJzM2WhVPQ739YIX6zAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIFA24+eyxPiyNAI3NMdhrjLww26L+lCrCsjO
ZYiTZtSdAiBjqIujCyL6sM+rwnfW23Kpd2y92mL5erH4w6oBsp7wLA==
-----END CERTIFICATE-----
"""


def request_variants():
    """Requests whose parts are not all told by a URL."""
    headers = http.Headers(
        ((b"Host", b"example.com"), (b"a", b"1"), (b"A", b"\xff\xfe"), (b"", b""))
    )
    for change in (
        {},
        {"path": b"*", "method": b"OPTIONS"},
        {"path": b"", "method": b"GET"},
        {"path": b"/\xff\xe4?q=\x00 x"},
        {"path": "/käse?ö=ü#teil".encode()},
        {"path": b"//double//slash?a=/b"},
        {"path": b"no-slash"},
        {"host": "::1", "port": 80},
        {"host": "::1", "port": 8080},
        {"host": "2001:db8::1", "port": 443, "scheme": b"https"},
        {"host": "example.com", "port": 443, "scheme": b"https"},
        {"host": "example.com", "port": 80, "scheme": b"https"},
        {
            "method": b"CONNECT",
            "scheme": b"",
            "path": b"",
            "host": "example.com",
            "port": 443,
            "authority": b"example.com:443",
        },
        {
            "method": b"CONNECT",
            "scheme": b"",
            "path": b"",
            "host": "::1",
            "port": 443,
            "authority": b"[::1]:443",
        },
        {"method": b"CONNECT", "scheme": b"https", "path": b"/chat", "authority": b"a.b"},
        {"authority": b"other.example:8443", "http_version": b"HTTP/2.0"},
        {"authority": b"example.com:80", "http_version": b"HTTP/2.0"},
        {"authority": b"", "http_version": b"HTTP/2.0"},
        {"authority": b"\xff\xfe", "http_version": b"HTTP/3"},
        {"authority": "b\u00fccher.example".encode("idna"), "http_version": b"HTTP/3"},
        {"authority": b"example.com:80", "path": b"/absolute"},
        {"path": b"", "method": b"OPTIONS"},
        {"scheme": b"\xff"},
        {"method": b"M\xff"},
        {"method": b"get"},
        {"content": None},
        {"content": b""},
        {"content": bytes(range(256)) * 300},
        {"trailers": http.Headers(((b"t", b"1"), (b"t", b"2")))},
        {"timestamp_end": None, "content": None},
    ):
        values = {"headers": headers, "host": "example.com", "port": 80, **change}
        yield tutils.treq(**values)


def response_variants():
    gzip = http.Headers(((b"Content-Encoding", b"gzip"),))
    for change in (
        {"reason": b"Na\xefve"},
        {"reason": b""},
        {"status_code": 101, "content": b""},
        {"headers": gzip, "content": b"not gzip at all"},
        {"headers": gzip, "content": b""},
        {"content": None},
        {"http_version": b"HTTP/3"},
        {"trailers": http.Headers(((b"grpc-status", b"0"),))},
    ):
        yield tutils.tresp(**change)


def conn_variants():
    cert = certs.Cert.from_pem(CERT)

    def client(**change):
        conn = tflow.tclient_conn()
        for name, value in change.items():
            setattr(conn, name, value)
        return conn

    def server(**change):
        conn = tflow.tserver_conn()
        for name, value in change.items():
            setattr(conn, name, value)
        return conn

    tls = {
        "tls": True,
        "certificate_list": [cert, cert],
        "alpn": b"h2",
        "alpn_offers": [b"h2", b"http/1.1", b"\xfa\xfa"],
        "cipher_list": ["TLS_AES_128_GCM_SHA256", "x"],
        "tls_version": "TLSv1.3",
        "error": "it broke",
        "sni": None,
    }
    yield client(**tls, mitmcert=cert), server(**tls)
    yield (
        client(alpn=b"", timestamp_end=None, timestamp_tls_setup=None),
        server(alpn=b"", timestamp_start=None, peername=None, sockname=None),
    )
    yield (
        client(peername=("::1", 50000, 0, 0), sockname=("::1", 8080, 0, 0)),
        server(address=None, peername=("::1", 443, 0, 0)),
    )
    yield client(state=connection.ConnectionState(1)), server(tls_version=None)
    quic = "QUICv1" if version.FLOW_FORMAT_VERSION >= 21 else "QUIC"
    yield client(tls_version=quic), server(tls_version=quic)
    yield client(), server(via=via("http", ("proxy.example", 8080)))
    for path in sorted(CERTIFICATES.glob("*.pem")):
        if path.name.startswith("odd"):
            continue
        cert = certs.Cert.from_pem(path.read_bytes())
        now = time.time()  # whether it has expired is told as of then
        yield (
            client(tls=True, mitmcert=cert, timestamp_start=now),
            server(tls=True, certificate_list=[cert], timestamp_start=now),
        )


def via(scheme, address):
    from mitmproxy.net import server_spec

    try:
        return server_spec.ServerSpec((scheme, address))
    except TypeError:
        return server_spec.ServerSpec(scheme, address)


def http_flows():
    yield tflow.tflow(resp=True)
    yield tflow.tflow(err=True)
    yield tflow.twebsocketflow()
    yield tflow.twebsocketflow(err=True)
    for request in request_variants():
        yield tflow.tflow(req=request, resp=True)
    for response in response_variants():
        yield tflow.tflow(resp=response)
    for client, server in conn_variants():
        yield tflow.tflow(client_conn=client, server_conn=server)


def decorated():
    """Flows with what people and addons add."""
    flow = tflow.tflow(resp=True)
    flow.comment = "Grüße\n\x00"
    flow.marked = ":grapes:"
    flow.intercepted = True
    flow.is_replay = "request"
    flow.timestamp_created = 946681200.25
    flow.metadata = {
        "text": "x",
        "number": 12345678901234,
        "float": 0.1,
        "true": True,
        "false": False,
        "none": None,
        "long": "\u00e9" * 5000,
        "huge": -(2**1000),
        "odd floats": [float("inf"), 5e-324, -0.0, 1e22],
        "list": [1, "two", [4.5]],
        "empty": [[], {}, "", None],
        "dict": {"a": {"b": None}},
    }
    if version.FLOW_FORMAT_VERSION >= 19:
        flow.metadata["bytes"] = [b"\x00\xff"]
    yield flow
    if version.FLOW_FORMAT_VERSION >= 18:
        from mitmproxy.proxy.mode_specs import ProxyMode

        flow = tflow.tflow()
        flow.client_conn.proxy_mode = ProxyMode.parse("reverse:https://a.b:44@81")
        yield flow
    open_socket = tflow.twebsocketflow()
    open_socket.websocket.closed_by_client = None
    open_socket.websocket.close_code = None
    open_socket.websocket.close_reason = None
    open_socket.websocket.timestamp_end = None
    open_socket.websocket.messages[0].dropped = True
    open_socket.websocket.messages[1].injected = True
    yield open_socket


def dns_flows():
    yield tflow.tdnsflow(resp=True)
    yield tflow.tdnsflow(err=True)
    yield tflow.tdnsflow()
    from mitmproxy import dns

    answer = tutils.tdnsresp()
    answer.reserved = 5
    answer.truncation = True
    answer.response_code = 3
    answer.questions[0].type = 65534
    answer.questions[0].class_ = 77
    record = answer.answers[0]
    answer.authorities = [type(record)("a.b", 65, 1, 4294967295, b"\x00\x01\xff")]
    answer.additionals = [type(record)("", 41, 1232, 0, b"")]
    yield tflow.tdnsflow(resp=answer)
    assert dns


def all_flows():
    yield from http_flows()
    yield from decorated()
    yield from dns_flows()
    yield tflow.ttcpflow()
    yield tflow.ttcpflow(err=True)
    if version.FLOW_FORMAT_VERSION >= 18:
        yield tflow.tudpflow()
        yield tflow.tudpflow(err=True)


def make(path, flows=None):
    with open(path, "wb") as file:
        writer = io.FlowWriter(file)
        for flow in flows or all_flows():
            writer.add(flow)


def last_event(flow):
    """The hook that mitmproxy calls last for it."""
    kind = flow.type
    if kind in ("tcp", "udp"):
        return f"{kind}_error" if flow.error else f"{kind}_end"
    if kind == "dns":
        return "dns_error" if flow.error else "dns_response" if flow.response else "dns_request"
    if flow.websocket:
        return "websocket_end"
    if flow.error:
        return "error"
    if not flow.response:
        return "request"
    return "http_connected" if flow.request.method == "CONNECT" else "response"


def feed(path, exporter, addr):
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "exporter" / "driver"))
    from library import load, make_core

    core = make_core(load(exporter))
    core.configure(addr, "fed", 16 << 20)
    core.start(-1)
    flows = list(all_flows())
    make(path, flows)
    for flow in flows:
        getattr(core, last_event(flow))(flow)
    core.stop(DEADLINE_S)
    stats = core.stats()
    assert stats["acked"] == len(flows), stats


def states(path):
    with open(path, "rb") as file:
        try:
            return list(read(file))
        except exceptions.FlowReadException as error:
            sys.exit(f"cannot be read: {error}")


def read(file):
    """mitmproxy reads no TCP flow of before its version 7 any more."""
    while True:
        try:
            for flow in io.FlowReader(file).stream():
                yield flow.get_state()
            return
        except AssertionError:
            pass


def differences(one, two, path=""):
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted({*one, *two}, key=str):
            yield from differences(one.get(key), two.get(key), f"{path}.{key}")
    elif isinstance(one, (list, tuple)) and isinstance(two, (list, tuple)):
        if len(one) != len(two):
            yield f"{path}: {len(one)} items, {len(two)} items"
        for index, pair in enumerate(zip(one, two)):
            yield from differences(*pair, f"{path}[{index}]")
    elif one != two or (one is None) != (two is None):
        yield f"{path}: {one!r}, {two!r}"


def compare(first, second):
    ones, twos = states(first), states(second)
    print(f"{len(ones)} flows, {len(twos)} flows")
    known = {state["id"]: state for state in twos}
    for index, one in enumerate(ones):
        two = known.get(one["id"])
        if two is None:
            print(f"flow {index}: is not there")
        else:
            for line in differences(one, two):
                print(f"flow {index}{line}")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    elif sys.argv[1] == "feed":
        feed(*sys.argv[2:])
    elif sys.argv[1] == "compare":
        compare(sys.argv[2], sys.argv[3])
    else:
        print(version.FLOW_FORMAT_VERSION)
