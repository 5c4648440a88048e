"""What a million events leave in memory: figures of the process that the hooks
run in, every so many events, after what was queued is acknowledged.

    PYTHON bench/exporter/growth.py BUILD EXPORTER [--old] [EVENTS]

with the Python of a mitmproxy. BUILD has the server that flows go to, or with
--old the one of the published schema. "resident" is the process's memory,
"malloc" what its C code holds in the allocator of the C library, "python"
objects in Python's own, "held" what the exporter says it holds: of the flow that
is under way. The last row is the growth from the first row, after a tenth of
the events, to the last.
"""

import ctypes
import gc
import importlib.util
import os
import sys
import tempfile
import time

import ways
from mitmproxy import tcp
from mitmproxy import version
from mitmproxy import websocket
from mitmproxy.test import tflow
from mitmproxy.test import tutils

ROWS = 10
AHEAD = 1 << 20  # bytes that may wait for the server while more is fed


class Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks in_use fordblks keep".split()
    ]


def malloc_bytes():
    """Bytes that malloc() has given out, in maps of their own too."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo
    told = mallinfo()
    return told.in_use + told.hblkhd


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def load(path):
    spec = importlib.util.spec_from_file_location("mitmflow_bench", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def http(number):
    """(event, object) of a flow, each object changed as its event is due."""
    flow = tflow.tflow()
    flow.live = True
    flow.request.data.path = b"/growth/%d" % number
    flow.request.data.content = None
    yield "requestheaders", flow
    flow.request.data.content = b"request" * (number % 50)
    yield "request", flow
    flow.response = tutils.tresp(content=None)
    flow.response.data.headers[b"x-number"] = b"%d" % number
    yield "responseheaders", flow
    flow.response.data.content = os.urandom(64) * (number % 300)
    yield "response", flow


def failed(number):
    flow = tflow.tflow(err=True)
    flow.request.data.path = b"/failed/%d" % number
    yield "requestheaders", flow
    yield "request", flow
    yield "error", flow


def talk(number):
    flow = tflow.twebsocketflow()
    messages = flow.websocket.messages = []
    flow.live = True
    yield "websocket_start", flow
    for turn in range(20):
        messages.append(websocket.WebSocketMessage(1, bool(turn % 2), os.urandom(200), time.time()))
        yield "websocket_message", flow
    yield "websocket_end", flow


def stream(number):
    flow = tflow.ttcpflow()
    flow.messages, flow.live = [], True
    yield "tcp_start", flow
    for turn in range(20):
        flow.messages.append(tcp.TCPMessage(bool(turn % 2), os.urandom(200), time.time()))
        yield "tcp_message", flow
    yield "tcp_end", flow


def names(number):
    flow = tflow.tdnsflow()
    yield "dns_request", flow
    flow.response = tflow.tdnsresp()
    yield "dns_response", flow


def connection(number):
    client = tflow.tclient_conn()
    client.peername = ("10.0.0.1", number % 60000)
    yield "client_connected", client
    yield "client_disconnected", client


KINDS = (http, http, http, http, http, failed, talk, stream, names, connection)


def events():
    number = 0
    while True:
        yield from KINDS[number % len(KINDS)](number)
        number += 1


def holds(stats):
    return stats["memory"] + stats["held"]


def wait_until(core, is_so):
    until = time.monotonic() + ways.DEADLINE_S
    while not is_so(core.stats()):
        core.tick()
        time.sleep(0.002)
        assert time.monotonic() < until, core.stats()


def is_acknowledged(stats):
    return not (stats["memory"] or stats["waiting"] or stats["in_flight"])


def figures(core):
    wait_until(core, is_acknowledged)
    core.tick()
    gc.collect()
    return resident_bytes(), malloc_bytes(), sys.getallocatedblocks(), holds(core.stats())


def show(name, row):
    print(f"{name:>10} {row[0] / 1e6:9.2f} MB {row[1] / 1e6:9.2f} MB {row[2]:>10} {row[3]:>8}")


def feed(core, total):
    """Rows of figures, a tenth of the events apart."""
    print(f"{'events':>10} {'resident':>12} {'malloc':>12} {'python':>10} {'held':>8}")
    rows = []
    step = total // ROWS
    for number, (event, thing) in enumerate(events(), 1):
        getattr(core, event)(thing)
        if number % 64 == 0:
            core.tick()
            if holds(core.stats()) > AHEAD:
                wait_until(core, lambda stats: holds(stats) < AHEAD // 2)
        if number % step == 0:
            del thing
            rows.append(figures(core))
            show(number, rows[-1])
        if number == total:
            return rows


def main(build, exporter, *more):
    total = int(next((word for word in more if word.isdigit()), 1_000_000))
    is_old = "--old" in more
    print(f"mitmproxy {version.VERSION}, Python {sys.version.split()[0]}, {total} events")
    with tempfile.TemporaryDirectory() as folder:
        server, url = ways.start_old_sink(build) if is_old else ways.start_server(folder, build)
        with server:
            core = load(exporter).MitmflowExporter().core
            core.configure(url, "growth", 16 << 20)
            core.start(-1)
            rows = feed(core, total)
            core.stop(ways.DEADLINE_S)
            stats = core.stats()
    show("growth", [last - first for first, last in zip(rows[0], rows[-1])])
    lost = stats["given_up"] + stats["lost"] + stats["skipped"]
    print(f"{stats['pushed']} messages, {stats['acked']} acknowledged, {lost} lost")


if __name__ == "__main__":
    main(*sys.argv[1:])
