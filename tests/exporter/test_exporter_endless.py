"""What very many events leave behind. script/soak does ten times as many."""

import os

from inside import Inside

ROUNDS = int(os.environ.get("MF_FAULT_ROUNDS", "20"))


def test_events_without_end_take_no_more_memory(one_kind):
    result = Inside(one_kind).run("endless", str(ROUNDS * 5000))
    assert result["failures"] == 0
    assert result["followed"] >= 4000
    # Blocks of Python's: a leak of one for each flow would be thousands.
    assert result["allocated"] < 500
    assert result["resident"] < 4 << 20
