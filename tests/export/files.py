"""Files of flows: mitmproxy's own, and what becomes of them here."""

import pathlib
import subprocess

from harness.server import BINARY

CONVERT = BINARY.parent / "tests" / "export" / "export-convert"
FLOWS = pathlib.Path(__file__).with_name("mitm_flows.py")
DEADLINE_S = 60


def interpreter(kind):
    return pathlib.Path("/usr/bin/python3") if not kind.is_private else kind.command.parent / "python"


def in_mitmproxy(kind, *arguments):
    """mitm_flows.py in one mitmproxy: what it prints."""
    command = [interpreter(kind), "-W", "ignore", FLOWS, *arguments]
    run = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=DEADLINE_S
    )
    return run


def made_by(kind, folder):
    """A file with flows of every kind, and the version of its format."""
    path = folder / "made.mitm"
    run = in_mitmproxy(kind, "make", path)
    assert run.returncode == 0, run.stderr
    return path, int(in_mitmproxy(kind, "version").stdout)


def convert(path, form, version=0):
    """(status, bytes, lines about what is left out or wrong)"""
    run = subprocess.run(
        [CONVERT, form, str(version), path], capture_output=True, timeout=DEADLINE_S
    )
    return run.returncode, run.stdout, run.stderr.decode(errors="replace").splitlines()
