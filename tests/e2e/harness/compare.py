"""What a stored flow must say, in the terms of what was seen."""

import ssl
import time

from harness import schema


def fields(header_fields):
    return [(field.name, field.value) for field in header_fields]


def joined(pairs):
    """The header map of the published schema: repeated names joined, values
    that are not UTF-8 read as Latin-1."""
    by_name = {}
    for name, value in pairs:
        by_name.setdefault(name.lower(), (name, []))[1].append(value)
    return {name.decode(): text(b", ".join(values)) for name, values in by_name.values()}


def text(value):
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def der(cert):
    """The published exporter sends PEM."""
    return ssl.PEM_cert_to_DER_cert(cert.content.decode())


def seconds(timestamp):
    return timestamp.seconds + timestamp.nanos / 1e9


class Span:
    """The time in which something happened, for timestamps to lie in."""

    def __enter__(self):
        self.begin = time.time()
        self.end = None
        return self

    def __exit__(self, *_):
        self.end = time.time()

    def holds_in_order(self, *timestamps):
        # The clocks of Python and of a float in between may round apart.
        slack = 0.005
        times = [self.begin - slack, *map(seconds, timestamps), self.end + slack]
        assert times == sorted(times), times


def is_client(conn, address, proxy_port, kind):
    assert (conn.peername_host, conn.peername_port) == address
    assert (conn.sockname_host, conn.sockname_port) == ("127.0.0.1", proxy_port)
    assert conn.id
    if kind.has_modes:  # since 9.0
        assert conn.proxy_mode


def is_server(conn, host, port):
    assert (conn.address_host, conn.address_port) == (host, port)
    assert (conn.peername_host, conn.peername_port) == ("127.0.0.1", port)
    assert conn.id


TLS_VERSIONS = {
    "TLSv1.2": schema.proxy.TLS_VERSION_TLSV1_2,
    "TLSv1.3": schema.proxy.TLS_VERSION_TLSV1_3,
}


def is_tls_client(conn, sock, sni, alpn):
    """`sock`: our own TLS socket to the proxy."""
    assert conn.tls
    assert conn.sni == sni
    assert conn.alpn == alpn
    assert list(conn.alpn_offers) == [alpn]
    assert conn.tls_version == TLS_VERSIONS[sock.version()]
    assert conn.cipher == sock.cipher()[0]


def is_tls_server(conn, certificate, sni, alpn):
    assert conn.tls
    assert conn.sni == sni
    assert conn.alpn == alpn
    assert conn.tls_version in TLS_VERSIONS.values()
    assert conn.cipher
    [cert] = conn.certificate_list
    assert der(cert) == certificate.der
    assert cert.cn == "localhost"
    assert cert.organization == "Origin of the tests"
    assert list(cert.altnames) == ["localhost", "127.0.0.1"]
    assert not cert.hasexpired
