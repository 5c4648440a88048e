"""Scenarios of many flows on their way to a server."""

import gc
import gzip
import os
import sys
import time

from flows import make_cert
from library import load, make_core, resident
from mitmproxy import http
from mitmproxy.test import tflow


def send(addr, count, body_len, per_s, *more):
    """`count` flows of two events each at `per_s`; their ids and the counts
    after all was acknowledged, or "stop" was called at once. "away=1": what
    follows the first flow waits until its server is known to be away."""
    options = dict(item.split("=") for item in more)
    lines = []
    core = make_core(load(), lines, queue_max=int(options.get("queue_max", 64 << 20)))
    body_max = int(options.get("body_max", 16 << 20))
    core.configure(addr, options.get("source", "driver"), body_max, ca=options.get("ca", ""))
    core.start(-1)
    ids, peak = [], 0
    for number in range(int(count)):
        flow = tflow.tflow(resp=True)
        flow.live = True
        flow.response.raw_content = os.urandom(16) * (int(body_len) // 16)
        ids.append(flow.id)
        core.request(flow)
        core.response(flow)
        peak = max(peak, core.stats()["memory"])
        if float(per_s):
            time.sleep(1 / float(per_s))
        if number == 0:
            while "away" in options and not any("cannot export" in line for line in lines):
                lines += [line for _, line in core.tick()[0]]
                time.sleep(0.005)
            print("begun", flush=True)
    if options.get("then") == "wait":
        sys.stdin.readline()
    core.stop(float(options.get("drain", 30)))
    tick_lines = [line for _, line in core.tick()[0]]
    return {
        "ids": ids,
        "stats": core.stats(),
        "peak": peak,
        "lines": lines + tick_lines,
    }


def published(addr):
    """Flows that the published form has to change."""
    core = make_core(load())
    core.configure(addr, "published", 16 << 20)
    core.start(-1)
    whole, broken = tflow.tflow(resp=True), tflow.tflow(resp=True)
    whole.response.raw_content = gzip.compress(b"hello " * 100)
    broken.response.raw_content = b"not gzip at all"
    for flow in (whole, broken):
        fields = [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"content-encoding", b"gzip")]
        flow.response.headers = http.Headers(fields)
        flow.comment = "which an old server does not know"
        core.response(flow)
    core.stop(10)
    return {"ids": [whole.id, broken.id], "stats": core.stats()}


def feed(addr, count):
    """Many flows through the hooks: what is left of them in memory."""
    core = make_core(load())
    core.configure(addr, "feed", 16 << 20)
    core.start(-1)
    cert = make_cert("leaf.example")
    body = os.urandom(50000)
    references = sys.getrefcount(body)
    warm = 0
    for number in range(int(count)):
        flow = tflow.tflow(resp=True)
        flow.server_conn.certificate_list = [cert]
        flow.response.raw_content = body
        core.requestheaders(flow)
        core.request(flow)
        core.response(flow)
        while core.stats()["memory"] > 1 << 20:
            time.sleep(0.001)
            core.tick()
        if number == int(count) // 5:
            gc.collect()
            warm = resident()
    core.stop(30)
    del flow
    gc.collect()
    return {
        "grown": resident() - warm,
        "references": sys.getrefcount(body) - references,
        "stats": core.stats(),
    }
