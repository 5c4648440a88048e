"""Commands of mitmflow beside the server."""

import subprocess

from harness import server
from harness.process import DEADLINE_S, Process

DONE, FAILED, USAGE = 0, 1, 2


def run(command, *arguments, env=None):
    """(exit status, stdout, stderr), as text, of one that ends by itself."""
    result = subprocess.run(
        [server.BINARY, command, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
        env=server.environment(TZ="UTC", **(env or {})),
    )
    stdout, stderr = result.stdout.decode(), result.stderr.decode()
    assert not server.SANITIZER.search(stderr), stderr
    return result.returncode, stdout, stderr


def start(command, *arguments):
    """A Process of one that goes on."""
    return Process(
        [server.BINARY, command, *arguments], env=server.environment(TZ="UTC")
    )
