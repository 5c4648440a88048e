"""What a message is expected to hold, from mitmproxy's own objects."""

from library import MAJOR, b64, udp
from mitmproxy import connection
from mitmproxy import dns
from mitmproxy import http
from mitmproxy import tcp


def is_set(value):
    return value not in (None, "", b"", 0, False, [], {}) or isinstance(value, list) and value


def drop_unset(fields):
    return {name: value for name, value in fields.items() if is_set(value)}


def stamp(seconds):
    if seconds is None:
        return None
    whole = int(seconds)
    # Halves up: round() takes them to the even one.
    return [whole, int((seconds - whole) * 1e9 + 0.5)]


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


def expected_untold(request):
    """What method and URL do not tell of the first line of an HTTP/1 request."""
    data = request.data
    fields = {"authority": b64(data.authority)} if data.authority else {}
    if data.method != text(request.method).encode():
        fields["raw_method"] = b64(data.method)
    if text(data.path.decode("utf8", "surrogateescape"), percent=True).encode() != data.path:
        fields["path"] = b64(data.path)
    return fields


def expected_http(flow):
    request, response, ws = flow.request, flow.response, flow.websocket
    fields = {
        "id": flow.id,
        "request": drop_unset(
            {
                **expected_message(request),
                **expected_untold(request),
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
            "created_at": stamp(flow.timestamp_created),
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
