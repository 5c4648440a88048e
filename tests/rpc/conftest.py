"""Fixtures of the tests of net and rpc."""

import pytest

from echo import Server


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def start():
    """Start servers with options of a test's own."""
    servers = []

    def start_one(*options):
        servers.append(Server(*options))
        return servers[-1]

    yield start_one
    for one in servers:
        if one.process.poll() is None:
            one.stop()
