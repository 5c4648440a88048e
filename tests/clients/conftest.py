"""One running server for every client here, in clear, and its like over TLS."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from harness import build  # noqa: E402
from harness.authority import Authority  # noqa: E402
from harness.process import DEADLINE_S  # noqa: E402
from place import Place  # noqa: E402
from site_of_another import Site  # noqa: E402


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="session")
def site():
    """A site of somebody else's: an empty page. By its address its pages may
    call the server, by its name they may not."""
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="session")
def clear_place(tmp_path_factory, site):
    place = Place(tmp_path_factory.mktemp("clear"), f"--cors-origin={site.allowed}")
    yield place
    place.stop()


@pytest.fixture(scope="session")
def tls_place(tmp_path_factory, authority, site):
    flag = f"--cors-origin={site.allowed}"
    place = Place(tmp_path_factory.mktemp("tls"), flag, authority=authority)
    yield place
    place.stop()


@pytest.fixture(params=["clear", "tls"])
def place(request):
    """The server, in clear and over TLS."""
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture
def known(place):
    """A flow that the server has: its id and its URL."""
    message = build.http("http://known.example/path", flow_id="known", body=b"body " * 2000)
    place.ingest.ExportFlow(iter([message]), timeout=DEADLINE_S)
    return message
