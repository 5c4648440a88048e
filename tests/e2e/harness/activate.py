"""Runs a command as a service manager with socket activation does.

usage: activate.py FDS NAMES COMMAND...

FDS: the descriptors to pass, with commas between; NAMES: LISTEN_FDNAMES, or
"" for none. A program of its own, because LISTEN_PID is that of the command.
"""

import os
import sys

FIRST = 3


def main():
    fds = [int(fd) for fd in sys.argv[1].split(",")]
    # Out of the way first, so that no one is overwritten.
    aside = [os.dup(fd) for fd in fds]
    high = [os.dup2(fd, 100 + at) for at, fd in enumerate(aside)]
    for at, fd in enumerate(high):
        os.dup2(fd, FIRST + at, inheritable=True)
        os.set_inheritable(fd, False)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(fds))
    if sys.argv[2]:
        os.environ["LISTEN_FDNAMES"] = sys.argv[2]
    os.execv(sys.argv[3], sys.argv[3:])


main()
