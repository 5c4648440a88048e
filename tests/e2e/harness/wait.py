"""Waiting for what no event tells of."""

import time

from harness.process import DEADLINE_S

PAUSE_S = 0.05


def wait_until(holds, deadline_s=DEADLINE_S, what=lambda: None):
    """Until `holds()` is true; `what()` is told where it never is."""
    until = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < until, what()
        time.sleep(PAUSE_S)
