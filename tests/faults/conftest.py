"""What a server and an exporter go through here: kills, full disks, damaged
files, cut connections."""

import os
import pathlib
import sys

import pytest

for folder in "e2e", "exporter":
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / folder))

from harness import mitmdump, sockets  # noqa: E402
from harness.server import Server  # noqa: E402
from talks import Talks  # noqa: E402
from traffic import Load, Origin, Proxy  # noqa: E402


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


@pytest.fixture
def kind():
    """The newest mitmproxy here: none of this depends on its version, but
    that it has several modes at a time."""
    kinds = [kind for kind in mitmdump.HERE if kind.has_modes]
    if not kinds:
        pytest.skip("needs mitmproxy 9 or later")
    return kinds[-1]


@pytest.fixture
def origin():
    origin = Origin()
    yield origin
    origin.close()


@pytest.fixture
def echo():
    """An origin for TCP."""
    echo = sockets.Listener(sockets.echo)
    yield echo
    echo.close()


@pytest.fixture
def start_proxy(kind, echo, tmp_path):
    """A Proxy whose confdir is always the same."""
    started = []

    def start(*sets, **more):
        proxy = Proxy(kind, tmp_path / "confdir", *sets, echo_port=echo.port, **more)
        started.append(proxy)
        return proxy

    yield start
    for proxy in started:
        proxy.process.end()


@pytest.fixture
def start_talks():
    started = []

    def start(proxy, **more):
        talks = Talks(proxy.tcp_port, **more)
        started.append(talks)
        return talks

    yield start
    for talks in started:
        talks.stop()


@pytest.fixture
def start_load(origin):
    started = []

    def start(proxy, name="flow", **more):
        load = Load(proxy.port, origin, name, **more)
        started.append(load)
        return load

    yield start
    for load in started:
        load.stop()


@pytest.fixture
def port():
    """Of a server that comes back where it was."""
    return sockets.free_port()
