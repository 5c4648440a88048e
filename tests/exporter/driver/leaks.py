"""Scenarios that look for what stays behind, under the sanitizers too."""

import ctypes
import gc
import os
import time

from library import load, udp
from mitmproxy import tcp
from mitmproxy import websocket
from mitmproxy.test import taddons
from mitmproxy.test import tflow
from mitmproxy.test import tutils

AHEAD = 4 << 20  # bytes that may wait for the server while more is fed


def live_bytes():
    """What malloc() has given out, by the sanitizer's own count."""
    count = ctypes.CDLL(None).__sanitizer_get_current_allocated_bytes
    count.restype = ctypes.c_size_t
    return count()


def http(number):
    flow = tflow.tflow()
    flow.live = True
    flow.request.data.path = b"/leaks/%d" % number
    yield "requestheaders", flow
    yield "request", flow
    flow.response = tutils.tresp(content=None)
    yield "responseheaders", flow
    flow.response.data.content = os.urandom(64) * (number % 300)
    yield "response", flow


def failed(number):
    flow = tflow.tflow(err=True)
    yield "requestheaders", flow
    yield "request", flow
    yield "error", flow


def unended(number):
    """No event tells how it goes on."""
    flow = tflow.tflow()
    yield "requestheaders", flow


def websocket_talk(number):
    flow = tflow.twebsocketflow()
    messages = flow.websocket.messages = []
    flow.live = True
    yield "websocket_start", flow
    for turn in range(5):
        messages.append(websocket.WebSocketMessage(1, bool(turn % 2), os.urandom(200), 1.0))
        yield "websocket_message", flow
    yield "websocket_end", flow


def stream_talk(number):
    kind, message = ("tcp", tcp.TCPMessage)
    flow = tflow.ttcpflow()
    if udp and number % 2:
        kind, message, flow = "udp", udp.UDPMessage, tflow.tudpflow()
    flow.messages, flow.live = [], True
    yield f"{kind}_start", flow
    for turn in range(5):
        flow.messages.append(message(bool(turn % 2), os.urandom(200), 1.0))
        yield f"{kind}_message", flow
    yield f"{kind}_end", flow


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


KINDS = (http, http, http, http, failed, websocket_talk, stream_talk, names, unended, connection)


def feed_addon(addon, first, count):
    for number in range(first, first + count):
        for event, thing in KINDS[number % len(KINDS)](number):
            hook = getattr(addon, event, None)
            if hook:
                hook(thing)
        if number % 100:
            continue
        addon.core.tick()
        while addon.core.stats()["memory"] + addon.core.stats()["held"] > AHEAD:
            time.sleep(0.002)
            addon.core.tick()


def leaks(addr, count, rounds):
    """`count` flows in all, the script loaded anew for each of `rounds`: for
    each what was live, the native threads and the open files after it."""
    rows = []
    share = int(count) // int(rounds)
    stats = []
    with taddons.context() as context:
        for number in range(int(rounds)):
            module = load()
            addon = module.addons[0]
            context.master.addons.add(addon)
            context.configure(addon, grpc_addr=addr, grpc_spool_max="0")
            addon.running()
            feed_addon(addon, number * share, share)
            context.master.addons.remove(addon)
            stats.append(addon.core.stats())
            del module, addon
            gc.collect()
            threads = len(os.listdir("/proc/self/task"))
            rows.append((live_bytes(), threads, len(os.listdir("/proc/self/fd"))))
    return {"rows": rows, "stats": stats, "flows": share * int(rounds)}
