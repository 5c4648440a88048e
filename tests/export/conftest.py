"""Fixtures of the tests of files: other programs read what is written here,
and what they write is read here."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402
from harness.mitmdump import HERE  # noqa: E402


@pytest.fixture(scope="session", params=HERE, ids=lambda kind: kind.name)
def kind(request):
    return request.param
