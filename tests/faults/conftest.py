"""What a server goes through here: kills, full disks, damaged files."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from harness.server import Server  # noqa: E402


@pytest.fixture
def rounds():
    """How often: a tenth of what script/soak does by itself."""
    return int(os.environ.get("MF_FAULT_ROUNDS") or 20)


@pytest.fixture
def start_server(tmp_path):
    """As in tests/e2e: what still runs afterwards is stopped and must end
    well."""
    started = []

    def start(*arguments, data_dir=tmp_path / "data", **more):
        server = Server(data_dir, *arguments, **more)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.popen.poll() is None:
            server.stop()
