"""Servers under measurement, and what the kernel says of them."""

import os
import pathlib
import re
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Measured:
    """A process; CPU in seconds, memory in bytes."""

    def __init__(self, process):
        self.process = process

    def cpu(self):
        """Of all its threads, to the nanosecond where the kernel tells."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total / 1e9 or self.cpu_in_ticks()

    def cpu_in_ticks(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS

    def threads(self):
        """CPU seconds by thread name."""
        out = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            name = (task / "comm").read_text().strip()
            seconds = int((task / "schedstat").read_text().split()[0]) / 1e9
            out[name] = out.get(name, 0) + seconds
        return out

    def _status(self, name):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition(name + ":")[2].split()[0]) * 1024

    def memory(self):
        return self._status("VmRSS")

    def peak(self):
        return self._status("VmHWM")

    def forget_peak(self):
        try:
            pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        except OSError:
            pass

    def rest(self, patience=60):
        """Wait until it has nothing to do any more: half a second with none."""
        end = time.monotonic() + patience
        before = self.cpu()
        while time.monotonic() < end:
            time.sleep(0.5)
            now = self.cpu()
            if now - before < 0.005:
                return
            before = now

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()


class Sink(Measured):
    """Only counts: what the wire costs, whatever one does with a flow."""

    def __init__(self, program):
        super().__init__(subprocess.Popen([program], stdout=subprocess.PIPE, text=True))
        self.port = self.process.stdout.readline().strip()


class Server(Measured):
    def __init__(self, program, folder, *arguments):
        self.folder = pathlib.Path(folder)
        self.log = open(self.folder.with_suffix(".log"), "a+")
        begin = self.log.tell()
        self.started = time.perf_counter()
        command = [program, "--data-dir", folder, "--addr", "127.0.0.1:0"]
        command += ["--max-flows", "0", *arguments]
        super().__init__(
            subprocess.Popen([str(part) for part in command], stderr=self.log)
        )
        self.port = None
        while not self.port:
            if self.process.poll() is not None:
                raise SystemExit("the server ended: " + self.log_text(begin))
            found = re.search(r"listening on http://[^ ]*:(\d+)", self.log_text(begin))
            self.port = found and found[1]
            time.sleep(0.0005)

    def log_text(self, begin=0):
        return pathlib.Path(self.log.name).read_text()[begin:]

    def disk(self):
        return sum(f.stat().st_size for f in self.folder.iterdir() if f.is_file())
