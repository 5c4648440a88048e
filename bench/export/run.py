"""Exports of a whole server under made-up traffic: how long they take, what
they take of memory, and what ingest loses beside them.

    python3 bench/export/run.py BUILD_FOLDER [--kept N] [--flows N] [--rounds N]

--kept is how many flows are exported (100,000), --flows how many one ingest
sends (100,000). A row is a figure, its target where there is one, and a mark
where it misses it. All of them share the machine's processors, as in life.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flows"))
from server import Server  # noqa: E402

MEMORY_TARGET = 64 << 20
SHARE_TARGET = 0.9


def row(name, figure, target="", ok=True):
    mark = "" if ok else "  MISSES"
    print(f"  {name:<38}{figure:<64}{target}{mark}", flush=True)


class Bench:
    def __init__(self, options, folder):
        build = pathlib.Path(options.build)
        self.options = options
        self.program = build / "bench/flows/bench-flows"
        self.mitmflow = build / "mitmflow"
        self.server = Server(self.mitmflow, pathlib.Path(folder) / "kept")
        self.sent = 0

    def send(self, count):
        """Flows a second."""
        command = [self.program, "send", self.server.port, "--flows", str(count)]
        command += ["--first", str(self.sent)]
        self.sent += count
        out = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
        return count / json.loads(out)["seconds"]

    def download(self, name):
        """A browser's way; the process."""
        url = f"http://127.0.0.1:{self.server.port}/export?format={name}"
        return subprocess.Popen(
            ["curl", "-fsS", "-o", "/dev/null", "-w", "%{size_download}", url],
            stdout=subprocess.PIPE, text=True,
        )

    def command(self, name):
        """The command's way, over the rpc."""
        url = f"http://127.0.0.1:{self.server.port}"
        return subprocess.Popen(
            [self.mitmflow, "export", "--server", url, "--format", name, "-o", "/dev/null"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )

    def measure(self, label, begin, name):
        self.server.rest()
        idle = self.server.memory()
        self.server.forget_peak()
        cpu, start = self.server.cpu(), time.perf_counter()
        process = begin(name)
        out, _ = process.communicate()
        seconds = time.perf_counter() - start
        if process.returncode:
            sys.exit(f"the export of {name} failed")
        cpu = self.server.cpu() - cpu
        over = self.server.peak() - idle
        size = f"{int(out) / 1e6:,.0f} MB" if out else ""
        row(
            f"{name}, {label}",
            f"{self.sent / seconds:>7,.0f} flows/s {cpu / self.sent * 1e6:4.0f} us CPU"
            f" {over / 1e6:4.0f} MB over idle  {size}",
            "64 MB", over <= MEMORY_TARGET,
        )

    def beside(self, name):
        """Ingest alone and beside exports that follow each other, in turn;
        the best of each."""
        alone, burdened = [], []
        for _ in range(self.options.rounds):
            self.server.rest()
            alone.append(self.send(self.options.flows))
            self.server.rest()
            process = self.download(name)
            time.sleep(0.3)
            burdened.append(self.send(self.options.flows))
            if process.poll() is not None:
                row(f"{name} ended before the ingest did", "", "", False)
            process.kill()
            process.wait()
        share = max(burdened) / max(alone)
        row(
            f"ingest beside an export of {name}",
            f"{max(burdened):>7,.0f}/s, alone {max(alone):,.0f}/s: {share:.0%}",
            "90%", share >= SHARE_TARGET,
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--kept", type=int, default=100_000)
    parser.add_argument("--flows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the data lie meanwhile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(options, folder)
        bench.send(options.kept)
        print(f"\nExport of {bench.sent:,} flows", flush=True)
        for name in ("har", "jsonl"):
            bench.measure("to a browser", bench.download, name)
            bench.measure("by the command", bench.command, name)
        print(f"\nIngest of {options.flows:,} flows beside an export", flush=True)
        bench.beside("har")
        bench.server.stop()


main()
