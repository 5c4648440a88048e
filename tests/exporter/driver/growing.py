"""Scenarios of flows that grow."""

import gc
import sys
import time

from expected import EXPECTED
from library import load, make_core, udp
from mitmproxy import flow as mflow
from mitmproxy import tcp
from mitmproxy import websocket
from mitmproxy.test import tflow


def growth(addr):
    """A flow of 1,000 messages at once, then one more and its end."""
    core = make_core(load())
    core.configure(addr, "growth", 16 << 20)
    core.start(-1)
    flow = tflow.ttcpflow()
    flow.live = True
    flow.messages = []
    core.tcp_start(flow)
    for number in range(1000):
        flow.messages.append(tcp.TCPMessage(number % 2 == 0, b"%06d" % number * 30))
        core.tcp_message(flow)
    pushed = core.stats()["pushed"]
    core.tcp_end(flow)
    core.stop(10)
    return {"id": flow.id, "pushed": pushed, "stats": core.stats()}


def untold(addr):
    """Messages that no later hook tells: tick() does, when they are due."""
    core = make_core(load())
    core.configure(addr, "untold", 16 << 20)
    core.start(-1)
    flow = tflow.ttcpflow()
    flow.live = True
    flow.messages = []
    for number in range(7):
        flow.messages.append(tcp.TCPMessage(True, b"%d" % number))
        core.tcp_message(flow)
    has_untold = True
    while has_untold:
        time.sleep(0.02)
        has_untold = core.tick()[1]
    sys.stdin.readline()
    core.stop(3)
    return {"id": flow.id}


def begun_talk(kind):
    """(flow without messages, its list of them, what makes one)"""
    if kind == "websocket":
        flow = tflow.twebsocketflow()
        flow.websocket.messages = []
        flow.websocket.closed_by_client = None
        make = lambda says, data: websocket.WebSocketMessage(1, says, data, time.time())  # noqa: E731
        return flow, flow.websocket.messages, make
    flow = tflow.ttcpflow() if kind == "tcp" else tflow.tudpflow()
    make = tcp.TCPMessage if kind == "tcp" else udp.UDPMessage
    flow.messages = []
    return flow, flow.messages, lambda says, data: make(says, data, time.time())


def talk(addr, kind, *more):
    """A growing flow that does what stdin says, a line at a time: its answer
    is a line with how often the flow was wanted whole.

    server (until one that takes appends is there), server without, start, say
    N LENGTH, wait (until all is acknowledged), end, error, drop (forget the
    flow, as mitmproxy does), stop."""
    options = dict(item.split("=") for item in more)
    core = make_core(load(), queue_max=int(options.get("queue_max", 64 << 20)))
    core.configure(addr, "talk", int(options.get("body_max", 16 << 20)))
    core.start(-1)
    flow, messages, make = begun_talk(kind)
    flow.live = True
    flow_id, said = flow.id, []
    wants = {}
    for line in sys.stdin:
        what, *numbers = line.split()
        if what == "server":
            while core.stats()["appends"] != (numbers != ["without"]):
                time.sleep(0.005)
        elif what == "start":
            getattr(core, f"{kind}_start")(flow)
        elif what == "say":
            count, length = map(int, numbers)
            for _ in range(count):
                data = (b"%08d " % len(said) * (length // 9 + 1))[:length]
                said.append(data)
                messages.append(make(len(said) % 2 == 0, data))
                getattr(core, f"{kind}_message")(flow)
        elif what == "end":
            if kind == "websocket":
                flow.websocket.closed_by_client = True
                flow.websocket.close_code = 1001
                flow.websocket.timestamp_end = time.time()
            wants = {"fields": EXPECTED[type(flow)][1](flow)}
            getattr(core, f"{kind}_end")(flow)
            flow.live = False
        elif what == "error":
            flow.error = mflow.Error("it broke", time.time())
            getattr(core, f"{kind}_error")(flow)
            flow.live = False
        elif what == "drop":
            del flow, messages
            gc.collect()
        elif what == "wait":
            while core.stats()["waiting"] + core.stats()["in_flight"] or core.tick()[1]:
                time.sleep(0.005)
        core.tick()
        if what == "stop":
            break
        print(core.stats()["wanted"], flush=True)
    left = core.stop(25)
    stats = core.stats()
    core.tick()
    return {"id": flow_id, "said": len(said), "left": left, "stats": stats, **wants}
