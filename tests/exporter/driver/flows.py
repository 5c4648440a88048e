"""Flows of every kind, and odd ones."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from library import MAJOR, udp
from mitmproxy import certs
from mitmproxy import connection
from mitmproxy import dns
from mitmproxy import flow as mflow
from mitmproxy import http
from mitmproxy import websocket
from mitmproxy.test import tflow


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
