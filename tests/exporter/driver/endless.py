"""Very many events through the hooks: what they leave behind."""

import ctypes
import gc
import sys

from flows import make_cert
from growing import begun_talk
from library import load, make_core, resident
from mitmproxy.proxy import server_hooks
from mitmproxy.test import tflow


def allocated():
    """Bytes that are allocated, where the sanitizer counts them; else blocks
    of Python's own."""
    count = getattr(ctypes.CDLL(None), "__sanitizer_get_current_allocated_bytes", None)
    if count is None:
        return sys.getallocatedblocks()
    count.restype = ctypes.c_size_t
    return count()


CERTS = [make_cert(f"{number}.example") for number in range(3)]


def exchange():
    flow = tflow.tflow()
    flow.live = True
    flow.server_conn.certificate_list = CERTS
    flow.metadata["number"] = 1
    yield "client_connected", flow.client_conn
    yield "requestheaders", flow
    flow.request.data.content = bytes(20000)
    yield "request", flow
    data = server_hooks.ServerConnectionHookData(flow.server_conn, flow.client_conn)
    yield "server_connected", data
    flow.response = tflow.tresp(content=None)
    flow.response.stream = True
    yield "responseheaders", flow
    if callable(flow.response.stream):
        flow.response.stream(b"chunk")
    yield "response", flow
    yield "client_disconnected", flow.client_conn


def unfinished():
    flow = tflow.tflow(resp=True)
    flow.live = True
    yield "requestheaders", flow
    flow.request.headers["x"] = "y"
    yield "responseheaders", flow


def failed():
    flow = tflow.tflow(err=True)
    yield "requestheaders", flow
    yield "error", flow


def question():
    flow = tflow.tdnsflow()
    flow.live = True
    yield "dns_request", flow
    flow.response = tflow.tdnsresp()
    yield "dns_response", flow


def conversation(kind):
    flow, messages, make = begun_talk(kind)
    flow.live = True
    yield f"{kind}_start", flow
    for number in range(5):
        messages.append(make(True, b"%d" % number * 200))
        yield f"{kind}_message", flow
    yield f"{kind}_end", flow


def events():
    while True:
        yield from exchange()
        yield from unfinished()
        yield from failed()
        yield from question()
        yield from conversation("tcp")
        yield from conversation("websocket")


def endless(count):
    """So many events: what is allocated when all that is bounded is full, and
    after all of them."""
    core = make_core(load())
    core.configure("http://127.0.0.1:9", "endless", 16 << 20)
    core.set_capture(True, True)
    for _ in range(5000):
        for event, thing in unfinished():
            core.tell(thing, event)
    before, total = None, int(count)
    warm = max(total // 5, 20000)
    for number, (event, thing) in enumerate(events()):
        core.tell(thing, event)
        if number == warm:
            gc.collect()
            before = allocated(), resident()
        if number == warm + total:
            break
    gc.collect()
    after = allocated(), resident()
    return {
        "allocated": after[0] - before[0],
        "resident": after[1] - before[1],
        "followed": core.stats()["followed"],
        "failures": core.stats()["failures"],
    }
