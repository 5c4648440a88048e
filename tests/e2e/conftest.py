"""Fixtures of the end-to-end tests."""

import dataclasses

import grpc
import pytest
from harness import certificate
from harness.authority import Authority
from harness.mitmdump import HERE, Kind, Mitmdump
from harness.origin import Origin
from harness.server import Server


@pytest.fixture
def start_server(tmp_path):
    """A function that starts servers; what still runs afterwards is stopped
    and must end well."""
    started = []

    def start(*arguments, data_dir=tmp_path / "data", **more):
        server = Server(data_dir, *arguments, **more)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.popen.poll() is None:
            server.stop()


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture(scope="module")
def module_server(tmp_path_factory):
    """One server for tests that do not mind each other's flows."""
    server = Server(tmp_path_factory.mktemp("server") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def origin_certificate(tmp_path_factory):
    return certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def origin(origin_certificate):
    origin = Origin(origin_certificate)
    yield origin
    origin.close()


def credentials(authority, identity):
    return grpc.ssl_channel_credentials(
        authority.cert.read_bytes(), identity.key.read_bytes(), identity.cert.read_bytes()
    )


@dataclasses.dataclass
class Chain:
    """client -> mitmdump -> origin, and mitmdump -> server."""

    kind: Kind
    server: Server
    mitmdump: Mitmdump
    origin: Origin
    certificate: certificate.Certificate


@pytest.fixture(scope="module", params=HERE, ids=lambda kind: kind.name)
def chain(request, tmp_path_factory, origin, origin_certificate):
    """By TLS with client certificates, as it is across a network."""
    kind = request.param
    folder = tmp_path_factory.mktemp(kind.name)
    authority = Authority(folder, "ca")
    ours, theirs = authority.issue("server"), authority.issue("proxy")
    flags = ("--tls-cert", ours.cert, "--tls-key", ours.key, "--tls-client-ca", authority.cert)
    server = Server(folder / "data", *flags, credentials=credentials(authority, theirs))
    options = {"grpc_ca": authority.cert, "grpc_cert": theirs.cert, "grpc_key": theirs.key}
    mitmdump = Mitmdump(
        kind, origin, origin_certificate, server.url, folder / "conf", **options
    )
    try:
        yield Chain(kind, server, mitmdump, origin, origin_certificate)
        mitmdump.stop()
    finally:
        mitmdump.end()
        server.stop()
