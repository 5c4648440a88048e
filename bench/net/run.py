"""What net and rpc cost, beside a server of nghttp2 alone that only counts.

    python3 bench/net/run.py BUILD_FOLDER

Server and load have a processor each. The floor and the server take turns, so
that a change of the machine's load falls on both; figures are medians, and
CPU is the server's for each message. Where the load's own CPU is near 100 %
it is the load that limits the rate, and CPU alone tells the two apart.
"""

import gzip
import json
import os
import pathlib
import resource
import statistics
import struct
import subprocess
import sys
import tempfile

ROUNDS = 3
SECONDS = "0.6"
MESSAGE_LEN = 2048
HELD = 10_000
# Messages down, on all streams together: many windows full.
FEED = 400_000
TICKS = os.sysconf("SC_CLK_TCK")
COUNT, FEED_PATH = "/bench.Sink/Count", "/bench.Sink/Feed"


def pin(cpu):
    cpus = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cpus[cpu % len(cpus)]})


class Server:
    def __init__(self, *command):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, preexec_fn=pin(1)
        )
        self.port = self.process.stdout.readline().strip()

    def cpu(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def ring(folder, name, messages, flags=0):
    path = folder / name
    path.write_bytes(
        b"".join(struct.pack(">BI", flags, len(m)) + m for m in messages)
    )
    return path


def text_field(number, text):
    length = len(text)
    varint = b""
    while length > 127:
        varint += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + varint + bytes([length]) + text


class Bench:
    def __init__(self, build, folder):
        self.programs = pathlib.Path(build) / "bench/net"
        self.folder = folder
        text = b"".join(b"%d of some words, " % i for i in range(200))
        body = text[: MESSAGE_LEN - 3]
        plain = text_field(3, body)
        packed = gzip.compress(plain, 6)
        spelt = json.dumps({"note": body.decode()}).encode()
        self.rings = {
            "plain": ring(folder, "plain", [plain] * 64),
            "gzip": ring(folder, "gzip", [packed] * 64, flags=1),
            "json": ring(folder, "json", [spelt] * 64),
        }

    def order(self, text):
        return ring(self.folder, "order-" + text, [text_field(1, text.encode())])

    def start(self, which, *arguments):
        return Server(self.programs / f"bench-{which}", *arguments)

    def run(self, server, *arguments):
        """Messages a second, bytes a second, CPU a message (us), load's CPU."""
        cpu = server.cpu()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run(
            [self.programs / "bench-load", arguments[0], server.port, *arguments[1:]],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            preexec_fn=pin(0),
        ).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        messages, sent, received, seconds = (float(field) for field in out.split())
        if arguments[0] == "pull":
            messages = received / (MESSAGE_LEN + 5)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return (
            messages / seconds,
            (sent + received) / seconds,
            (server.cpu() - cpu) / messages * 1e6,
            own / seconds,
        )

    def row(self, name, servers, *arguments):
        """A line for `name`; the last of `servers` beside the first."""
        results = [[] for _ in servers]
        for _ in range(ROUNDS):
            for server, result in zip(servers, results):
                result.append(self.run(server, *arguments))
        medians = [[statistics.median(c) for c in zip(*r)] for r in results]
        line = f"{name:<34}"
        for rate, size, cpu, own in medians:
            line += f"{rate:>11,.0f} {size / 1e6:>6,.0f} {cpu:>7.3f} {own:>5.0%}"
        if len(medians) > 1:
            floor, ours = medians
            line += f"{ours[0] / floor[0]:>8.0%} {floor[2] / ours[2]:>6.0%}"
        print(line, flush=True)


def titles(text, with_floor):
    column = "      msg/s   MB/s  us CPU  load"
    end = "    rate    CPU" if with_floor else ""
    print(f"\n{text:<34}{column * (2 if with_floor else 1)}{end}")


def up(bench, floor, sink, tls):
    plain = bench.rings["plain"]
    titles("2 KB messages up: floor, ours", True)
    for name, options in (
        ("one stream", []),
        ("100 streams", ["--streams", "100"]),
        ("one stream, a message a frame", ["--frame-of-one"]),
        ("100 streams, a message a frame", ["--streams", "100", "--frame-of-one"]),
    ):
        options += ["--seconds", SECONDS]
        bench.row(name, [floor, sink], "push", COUNT, plain, *options)
    titles("2 KB messages up: ours", False)
    web = ["--http1", "--type", "application/grpc-web+proto"]
    for name, server, source, options in (
        ("TLS", tls, "plain", ["--tls"]),
        ("HTTP/1.1, gRPC-Web", sink, "plain", web),
        ("HTTP/1.1, gRPC-Web, 100 at once", sink, "plain", [*web, "--connections", "100"]),
        ("HTTP/1.1, gRPC-Web, TLS", tls, "plain", [*web, "--tls"]),
        ("gzip", sink, "gzip", ["--encoding", "gzip"]),
        ("JSON", sink, "json", ["--type", "application/grpc+json"]),
    ):
        options = [*options, "--seconds", SECONDS]
        bench.row(name, [server], "push", COUNT, bench.rings[source], *options)


def down(bench, floor, sink, tls):
    titles("2 KB messages down: floor, ours", True)
    for name, streams in (("one stream", 1), ("100 streams", 100)):
        order = bench.order(str(FEED // streams))
        options = ["--streams", str(streams)]
        bench.row(name, [floor, sink], "pull", FEED_PATH, order, *options)
    titles("down: ours (all in 2 KB)", False)
    web = ["--http1", "--type", "application/grpc-web+proto"]
    order, big = bench.order(str(FEED)), bench.order("big")
    for name, server, source, options in (
        ("TLS", tls, order, ["--tls"]),
        ("HTTP/1.1, gRPC-Web", sink, order, web),
        ("one message of 64 MB", sink, big, []),
        ("one of 64 MB, HTTP/1.1", sink, big, web),
    ):
        bench.row(name, [server], "pull", FEED_PATH, source, *options)


def held(bench):
    print(f"\n{HELD:,} idle connections        kB each   a request beside: us, longest")
    for name, path in (("never used", "-"), ("after one request", "/healthz")):
        server = bench.start("sink")
        before = server.memory()
        client = subprocess.Popen(
            [bench.programs / "bench-hold", server.port, str(HELD), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if client.stdout.readline() != "held\n":
            sys.exit("bench: they could not be held")
        each = (server.memory() - before) / HELD / 1000
        out, _ = client.communicate("go\n")
        median, longest = out.split()
        print(f"{name:<32}{each:>8.1f} {median:>24} {longest:>8}", flush=True)
        server.stop()


def make_certificate(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        f" -subj /CN=localhost -days 2 -out {cert} -keyout {key}".split(),
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return cert, key


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bench = Bench(sys.argv[1], folder)
        servers = [
            bench.start("floor"),
            bench.start("sink"),
            bench.start("sink", *make_certificate(folder)),
        ]
        try:
            up(bench, *servers)
            down(bench, *servers)
        finally:
            for server in servers:
                server.stop()
        held(bench)


main()
