"""Programs that judge the server from outside."""

import functools
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]

# What one run of a program may take.
RUN_S = 90


@functools.cache
def _go_tool(name):
    made = subprocess.run(
        [ROOT / "script" / "judge", name], capture_output=True, text=True, check=False
    )
    if made.returncode == 77:
        return None, made.stderr.strip()
    assert made.returncode == 0, made.stderr
    return made.stdout.strip(), None


def go_tool(name):
    """Where a tool written in Go lies; where Go is not at hand the test is
    skipped and says so."""
    path, why_not = _go_tool(name)
    if why_not:
        pytest.skip(why_not)
    return path


def program(name):
    path = shutil.which(name)
    assert path, f"{name} is missing; script/bootstrap --test installs it"
    return path


def run_both(command, data=None, timeout=RUN_S):
    """Its standard output and error, as bytes; it must end well."""
    done = subprocess.run(
        [str(part) for part in command],
        input=data,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    said = f"{done.stdout.decode(errors='replace')}\n{done.stderr.decode(errors='replace')}"
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{said}"
    return done.stdout, done.stderr


def run(command, data=None):
    """Its standard output alone."""
    return run_both(command, data)[0]
