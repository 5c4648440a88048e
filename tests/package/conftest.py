"""Fixtures of the tests of what is installed."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402
from harness import certificate  # noqa: E402
from harness.origin import Origin  # noqa: E402
from harness.server import Server  # noqa: E402


@pytest.fixture(scope="session")
def origin_certificate(tmp_path_factory):
    return certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def origin(origin_certificate):
    origin = Origin(origin_certificate)
    yield origin
    origin.close()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "data")
    yield server
    server.stop()
