"""A child process whose output lines can be waited for."""

import contextlib
import os
import signal
import subprocess
import threading
import time

DEADLINE_S = 30


class Process:
    """Runs `command`; stdout and stderr together are its `lines`. With
    start_new_session the processes that it starts end with it."""

    def __init__(self, command, **popen):
        self.command = [str(part) for part in command]
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._has_group = popen.get("start_new_session", False)
        self.popen = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **popen,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in self.popen.stdout:
            with self._changed:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def output(self):
        with self._changed:
            return "\n".join(self.lines)

    def wait_lines(self, text, count=1, deadline_s=DEADLINE_S):
        """The first `count` lines with `text` in them."""
        until = time.monotonic() + deadline_s
        with self._changed:
            while True:
                found = [line for line in self.lines if text in line]
                if len(found) >= count:
                    return found[:count]
                left = until - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._changed.wait(left)
            said = "\n".join(self.lines)
        how = "ended" if self._ended else f"did not say it within {deadline_s} s"
        raise AssertionError(f"waiting for {text!r}: {self.command} {how}:\n{said}")

    def wait(self, deadline_s=DEADLINE_S):
        """Its exit status, after its last line was read."""
        status = self.popen.wait(deadline_s)
        self._reader.join(deadline_s)
        return status

    def signal(self, number):
        self.popen.send_signal(number)

    def end(self):
        """Kill it if it still runs."""
        if self._has_group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
        elif self.popen.poll() is None:
            self.popen.kill()
        self.wait()
