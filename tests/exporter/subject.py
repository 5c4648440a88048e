"""A server in a process of its own, to be killed and frozen. It writes a
line for each flow that ended before it acknowledges it."""

import os
import pathlib
import subprocess
import sys
import threading
import time

DEADLINE_S = 60


class RecorderProcess:
    """A context manager; `url` is where it listens."""

    def __init__(self, port=0):
        self._lines = []
        self._changed = threading.Condition()
        self.popen = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__)), str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        first = self.popen.stdout.readline()
        assert first.startswith("http://"), first
        self.url = first.strip()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.popen.stdout:
            with self._changed:
                self._lines.append(line.strip())
                self._changed.notify_all()

    def ended(self):
        with self._changed:
            return set(self._lines)

    def wait(self, is_there):
        until = time.monotonic() + DEADLINE_S
        with self._changed:
            while not is_there(set(self._lines)):
                left = until - time.monotonic()
                assert left > 0, f"{len(self._lines)} flows are not enough"
                self._changed.wait(left)

    def kill(self):
        self.popen.kill()
        self.popen.wait()
        self._reader.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.popen.stdout.close()


def main():
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
    import recorder

    server = recorder.Recorder(port=int(sys.argv[1]))

    def tell(message, context):
        flow = recorder.flow_of(message)
        if not flow.live:
            os.write(1, f"{flow.id}\n".encode())

    server.on_message = tell
    os.write(1, f"{server.url}\n".encode())
    threading.Event().wait()


if __name__ == "__main__":
    main()
