"""Which mitmproxys the tests of each version ran with."""

import pytest
from harness.mitmdump import HERE, KINDS


@pytest.mark.parametrize("wanted", KINDS, ids=lambda kind: kind.name)
def test_this_mitmproxy_is_tried(wanted):
    if wanted not in HERE:
        pytest.skip(f"mitmproxy {wanted.name} is not tried: {wanted.python} or it is not here")


def test_more_than_one_mitmproxy_is_tried():
    assert len(HERE) >= 2, [kind.name for kind in HERE]
