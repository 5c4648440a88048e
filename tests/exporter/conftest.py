"""Fixtures of the exporter's tests: they run it inside each mitmproxy that
this machine has, against a server of their own."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402
from harness.mitmdump import HERE  # noqa: E402
from inside import Inside  # noqa: E402
from proxies import starter  # noqa: E402
from recorder import Recorder  # noqa: E402


@pytest.fixture(scope="session", params=HERE, ids=lambda kind: kind.name)
def kind(request):
    return request.param


@pytest.fixture(scope="session", params=[*HERE[:1], *HERE[1:][-1:]], ids=lambda kind: kind.name)
def outer_kind(request):
    """The oldest and the newest mitmproxy here, of the oldest and the newest
    Python: for much work that does not depend on their version."""
    return request.param


@pytest.fixture(scope="session")
def one_kind():
    """The newest mitmproxy here, for what does not depend on its version."""
    return HERE[-1]


@pytest.fixture
def one(one_kind):
    return Inside(one_kind)


@pytest.fixture
def inside(kind):
    """A function that runs a scenario of the driver inside that mitmproxy."""
    return Inside(kind).run


@pytest.fixture
def outer_inside(outer_kind):
    return Inside(outer_kind).run


@pytest.fixture
def start_recorder():
    started = []

    def start(**options):
        recorder = Recorder(**options)
        started.append(recorder)
        return recorder

    yield start
    for recorder in started:
        recorder.stop()


@pytest.fixture
def recorder(start_recorder):
    return start_recorder()


@pytest.fixture
def start_proxy(kind, tmp_path):
    yield from starter(kind, tmp_path)


@pytest.fixture
def start_one_proxy(one_kind, tmp_path):
    yield from starter(one_kind, tmp_path)
