"""A whole server under made-up traffic: what it takes, keeps, finds and tells.

    python3 bench/flows/run.py BUILD_FOLDER [--kept N] [--flows N] [--only WORD,...]

--kept is how many flows lie in the store for searches (100,000; the targets
are for 1,000,000), --flows how many one ingest sends (100,000). A row is a
figure, its target where there is one, and a mark where it misses it. Sender
and server share the machine's processors, as in life; the floor is a server
of the same net and rpc that only counts.

SERVER_PROGRAM in the environment names another server than BUILD_FOLDER's.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import searches
from server import Server, Sink
from wire import number

EXPORT = "/mitmproxy.v1.Service/ExportFlow"
VIEWER = "/mitmflow.v1.Service/"
DAY = 86400


def row(name, figure, target="", ok=True):
    mark = "" if ok else "  MISSES"
    print(f"  {name:<44}{figure:<44}{target}{mark}", flush=True)


def title(name):
    print(f"\n{name}", flush=True)


class Bench:
    def __init__(self, options, folder):
        build = pathlib.Path(options.build)
        self.options = options
        self.folder = pathlib.Path(folder)
        self.flows_program = build / "bench/flows/bench-flows"
        self.sink_program = build / "bench/net/bench-sink"
        self.server_program = os.environ.get("SERVER_PROGRAM") or build / "mitmflow"
        self.sent = 0  # to the server under measurement
        self.raw = 0  # bytes of it
        self.server = None

    # ---- servers ----

    def fresh(self, name):
        if self.server:
            self.server.stop()
        self.sent = self.raw = 0
        self.server = Server(self.server_program, self.folder / name)
        return self.server

    def flows(self, *arguments, **more):
        command = [self.flows_program, *arguments]
        return subprocess.Popen([str(part) for part in command], text=True, **more)

    # ---- ingest ----

    def begin_send(self, count, *arguments):
        process = self.flows(
            "send", self.server.port, "--flows", count, "--first", self.sent,
            *arguments, stdout=subprocess.PIPE,
        )
        self.sent += count
        return process

    def send(self, count, *arguments):
        """Figures of a send, with what the server did meanwhile."""
        self.server.rest()
        self.server.forget_peak()
        cpu = self.server.cpu()
        process = self.begin_send(count, *arguments)
        out, _ = process.communicate()
        if process.returncode:
            raise SystemExit("the sender failed")
        figures = json.loads(out)
        until_acked = self.server.cpu() - cpu
        self.server.rest()
        figures["server_cpu"] = (self.server.cpu() - cpu) / count * 1e6
        figures["server_cpu_acked"] = until_acked / count * 1e6
        figures["rate"] = count / figures["seconds"]
        figures["own_cpu"] = figures["cpu"] / figures["messages"] * 1e6
        figures["peak"] = self.server.peak()
        if "4" not in [str(a) for a in arguments]:
            self.raw += figures["bytes"]
        return figures

    def ingest_row(self, name, figures, rate=30000, cpu=35, floor=None):
        figure = (
            f"{figures['rate']:>7,.0f}/s  {figures['server_cpu']:5.1f} us CPU"
            f"  {figures['peak'] / 1e6:4.0f} MB"
        )
        target = f"{rate:,}/s" + (f", {cpu} us" if cpu else "") + ", 128 MB"
        if floor:
            target += f"  ({figures['rate'] / floor:.0%} of the floor)"
        ok = figures["rate"] >= rate and figures["peak"] <= 128 << 20
        row(name, figure, target, ok and (not cpu or figures["server_cpu"] <= cpu))

    def floor(self):
        sink = Sink(self.sink_program)
        cpu = sink.cpu()
        count = 3 * self.options.flows
        out = subprocess.run(
            [self.flows_program, "send", sink.port, "--flows", str(count),
             "--path", "/bench.Sink/Count"],
            stdout=subprocess.PIPE, check=True, text=True,
        ).stdout
        figures = json.loads(out)
        rate = count / figures["seconds"]
        row("floor: a server that only counts",
            f"{rate:>7,.0f}/s  {(sink.cpu() - cpu) / count * 1e6:5.1f} us CPU")
        row("  the sender's own CPU a message", f"{figures['cpu'] / count * 1e6:.1f} us")
        sink.stop()
        return rate

    def ingest(self):
        title(f"Ingest of {self.options.flows:,} flows into an empty store")
        floor = self.floor()
        count = self.options.flows
        for name, arguments, rate, cpu in (
            ("one event a flow", [], 30000, 35),
            ("four streams at once", ["--streams", 4], 30000, 35),
            ("four growing snapshots a flow", ["--snapshots", 4], 10000, None),
            ("four full snapshots a flow", ["--snapshots", 4, "--whole"], 10000, None),
        ):
            self.fresh(f"ingest{len(arguments)}{rate}{name[5]}")
            self.ingest_row(name, self.send(count, *arguments), rate, cpu, floor)
        self.server.stop()
        self.server = None

    def fill(self):
        title(f"A store of {self.options.kept:,} flows")
        self.fresh("kept")
        figures = self.send(self.options.kept, "--span", DAY)
        self.ingest_row("filling it", figures)
        share = self.server.disk() / self.raw
        row("its disk, of the raw bytes", f"{share:.1%} of {self.raw / 1e6:,.0f} MB",
            "40%", share <= 0.4)

    def ingest_on_top(self):
        title(f"Ingest of {self.options.flows:,} flows on top of {self.options.kept:,}")
        count = self.options.flows
        self.ingest_row("one event a flow", self.send(count))
        self.ingest_row("four streams at once", self.send(count, "--streams", 4))
        self.ingest_row("four growing snapshots a flow",
                        self.send(count, "--snapshots", 4), 10000, None)
        self.ingest_row("four full snapshots a flow",
                        self.send(count, "--snapshots", 4, "--whole"), 10000, None)

    # ---- viewers ----

    def watch(self, count, send_arguments, *arguments):
        self.server.rest()
        watcher = self.flows(
            "watch", self.server.port, "--flows", count, "--first", self.sent + 1,
            *arguments, stdout=subprocess.PIPE,
        )
        if watcher.stdout.readline() != "watching\n":
            raise SystemExit("the viewers did not come up")
        sender = self.begin_send(count, *send_arguments)
        out, _ = sender.communicate()
        if sender.returncode:
            raise SystemExit("the sender failed")
        figures = json.loads(watcher.communicate()[0])
        figures["rate"] = count / json.loads(out)["seconds"]
        return figures

    def live(self):
        title("Live: from sending an event to a viewer's having it")
        for rate, p50, p95 in ((200, 0.5, 1.5), (2000, None, 3)):
            figures = self.watch(10 * rate, ["--rate", rate], "--viewers", 3)
            ok = figures["p95"] <= p95 and (not p50 or figures["p50"] <= p50)
            row(f"{rate:,} flows/s, three viewers",
                f"p50 {figures['p50']:.2f}  p95 {figures['p95']:.2f}  p99 {figures['p99']:.2f} ms"
                f"  {figures['missing']} missing",
                (f"p50 {p50}, " if p50 else "") + f"p95 {p95} ms",
                ok and not figures["missing"])
        for name, count, arguments in (
            ("20 viewers at full speed", self.options.flows, ["--viewers", 20]),
            ("three, one pauses for 15 s", self.options.flows,
             ["--viewers", 3, "--pause", 15, "--pause-at", 0.3]),
            ("three, and four that never read", self.options.flows,
             ["--viewers", 3, "--silent", 4]),
        ):
            figures = self.watch(count, [], "--limit", 1, *arguments)
            row(name, f"{figures['rate']:>7,.0f}/s  {figures['missing']} missing",
                "nothing missing", not figures["missing"])

    def burdened(self, name, alone, *arguments, questions=None):
        self.server.rest()
        burden = self.flows(*arguments, stdin=subprocess.PIPE if questions else None,
                            stdout=subprocess.DEVNULL)
        if questions:
            burden.stdin.write("".join(questions))
            burden.stdin.close()
        time.sleep(0.5)
        if burden.poll() is not None:
            row(name, "the burden ended early", "", False)
        rates = []
        for _ in range(2):
            process = self.begin_send(self.options.flows)
            out, _ = process.communicate()
            rates.append(self.options.flows / json.loads(out)["seconds"])
        burden.kill()
        burden.wait()
        share = max(rates) / alone
        row(name, f"{max(rates):>7,.0f}/s  {share:.0%} of alone", "80%", share >= 0.8)

    def together(self):
        title("Together: ingest beside a viewer that is a burden")
        rates = []
        for _ in range(2):
            rates.append(self.send(self.options.flows)["rate"])
        alone = max(rates)
        row("alone", f"{alone:>7,.0f}/s")
        port = self.server.port
        query = VIEWER + ("QueryFlows" if self.has_queries() else "GetFlows")
        many = number(3, 100000)
        self.burdened("one that never reads its live feed", alone,
                      "never-read", port, "--path", VIEWER + "WatchFlows")
        self.burdened("one that never reads its backfill", alone, "never-read", port,
                      "--path", VIEWER + "WatchFlows", "--request", many.hex())
        self.burdened("one that never reads a list", alone, "never-read", port,
                      "--path", VIEWER + "GetFlows",
                      "--request", number(2, 100000).hex())
        worst = searches.worst(self.has_queries())
        self.burdened("one that repeats the worst search", alone, "ask", port,
                      "--for-ever", questions=[f"worst {query} {worst.hex()}\n"])
        self.burdened("sixteen that come and go", alone,
                      "come-and-go", port, "--viewers", 16)

    # ---- queries ----

    def ask(self, questions, seconds=15):
        """For each (label, path, request): (ms, results, bytes, status); for
        fewer if they take longer than `seconds` together."""
        lines = "".join(f"{l} {VIEWER}{p} {r.hex()}\n" for l, p, r in questions)
        out = subprocess.run(
            [self.flows_program, "ask", self.server.port, "--seconds", str(seconds)],
            input=lines, stdout=subprocess.PIPE, check=True, text=True,
        ).stdout
        answers = []
        for line in out.splitlines():
            _, ms, results, size, status = line.split()
            answers.append((float(ms), int(results), int(size), int(status)))
        return answers

    def has_queries(self):
        (_, _, _, status), = self.ask([("probe", "QueryFlows", number(4, 1))])
        return status <= 0

    def tell(self, indices):
        """What is in these flows: (id, uuid, token, name, rank)."""
        out = []
        for index in indices:
            told = subprocess.run(
                [self.flows_program, "tell", "--first", str(index), "--flows", "1"],
                stdout=subprocess.PIPE, check=True, text=True,
            ).stdout.split()
            out.append((*told[:4], int(told[4])))
        return out

    def name_of(self, rank):
        return subprocess.run(
            [self.flows_program, "name", str(rank)],
            stdout=subprocess.PIPE, check=True, text=True,
        ).stdout.strip()

    def queries(self):
        title(f"Queries over {self.sent:,} flows, warm, through the rpc")
        self.server.rest()
        plan = searches.plan(self, random.Random(7))
        for group in plan:
            self.ask(group.questions[:3], 5)  # warm
            group.show(self.ask(group.questions), row)

    def cold(self):
        title("Cold: the server started anew, the kernel's cache dropped")
        groups = [g for g in searches.plan(self, random.Random(8)) if g.is_search]
        for group in groups:
            self.server.stop()
            subprocess.run("sync; echo 3 > /proc/sys/vm/drop_caches", shell=True,
                           check=False, stderr=subprocess.DEVNULL)
            self.server = Server(self.server_program, self.server.folder)
            (ms, results, _, _), = self.ask(group.questions[:1])
            row(group.name, f"{ms:,.0f} ms  {results} found", "1,000 ms", ms <= 1000)

    def start(self):
        title(f"Start with {self.sent:,} flows")
        self.server.rest()
        times = []
        for _ in range(3):
            self.server.stop()
            self.server = Server(self.server_program, self.server.folder)
            self.ask([("first", "GetFlows", number(2, 1))])
            times.append((time.perf_counter() - self.server.started) * 1000)
        row("to the first answer", f"{sorted(times)[1]:.0f} ms", "150 ms",
            sorted(times)[1] <= 150)
        self.server.rest()
        row("RSS idle", f"{self.server.memory() / 1e6:.0f} MB", "64 MB",
            self.server.memory() <= 64 << 20)
        row("disk, WAL included", f"{self.server.disk() / 1e6:,.0f} MB")


# In this order: queries and the start are of a store that is only filled.
STEPS = ("ingest", "fill", "queries", "start", "cold", "ingest_on_top", "live", "together")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--kept", type=int, default=100_000)
    parser.add_argument("--flows", type=int, default=100_000)
    parser.add_argument("--only", default=",".join(STEPS))
    parser.add_argument("--folder", help="where the data lie meanwhile")
    options = parser.parse_args()
    steps = options.only.split(",")
    if any(step not in STEPS for step in steps):
        sys.exit("--only takes of: " + ",".join(STEPS))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(options, folder)
        try:
            for step in STEPS:
                if step != "ingest" and not bench.server and step != "fill":
                    bench.fill()
                if step in steps:
                    getattr(bench, step)()
        finally:
            if bench.server:
                bench.server.kill()


main()
