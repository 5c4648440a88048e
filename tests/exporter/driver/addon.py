"""Scenarios of the addon as mitmproxy loads, configures and ends it."""

import gc
import os
import sys
import time

from flows import make_cert
from library import load, resident
from mitmproxy.test import taddons
from mitmproxy.test import tflow


def reconfigure(first, second):
    """Another server while running; then wrong options, which change nothing."""
    module = load()
    addon = module.addons[0]
    ids = []

    def export(count):
        for _ in range(count):
            flow = tflow.tflow(resp=True)
            addon.response(flow)
            ids.append(flow.id)
        while addon.core.stats()["acked"] < len(ids):
            time.sleep(0.01)

    with taddons.context() as context:
        context.master.addons.add(addon)
        context.configure(addon, grpc_addr=first)
        addon.running()
        export(3)
        context.configure(addon, grpc_addr=second)
        while addon.core.stats()["connects"] < 2:
            time.sleep(0.01)
        export(3)
        try:
            context.configure(addon, grpc_addr="https://wrong")
        except module.exceptions.OptionsError:
            export(1)
        connects = addon.core.stats()["connects"]
        context.master.addons.remove(addon)
    return {"ids": ids, "connects": connects}


def threads_and_fds():
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


def reload(addr, times):
    """The script loaded and ended so many times, as mitmproxy reloads it."""
    baseline, warm = None, 0
    cert = make_cert("leaf.example")
    body = os.urandom(20000)
    references = sys.getrefcount(body)
    with taddons.context() as context:
        for number in range(int(times)):
            module = load()
            addon = module.addons[0]
            context.master.addons.add(addon)
            context.configure(addon, grpc_addr=addr)
            addon.running()
            for _ in range(20):
                flow = tflow.tflow(resp=True)
                flow.response.raw_content = body
                flow.client_conn.mitmcert = cert
                addon.request(flow)
                addon.response(flow)
            context.master.addons.remove(addon)
            del module, addon, flow
            gc.collect()
            if number == int(times) // 5:
                baseline, warm = threads_and_fds(), resident()
    return {
        "before": baseline,
        "after": threads_and_fds(),
        "grown": resident() - warm,
        "references": sys.getrefcount(body) - references,
    }


def options():
    """What each value of an option does: None, or the error's text."""
    module = load()
    addon = module.MitmflowExporter()
    result = {}
    with taddons.context(addon) as context:
        for name, value in (
            ("grpc_events", "all"),
            ("grpc_events", "response, error"),
            ("grpc_events", "respnse"),
            ("grpc_addr", "https://flows.example"),
            ("grpc_addr", "http://a:1,http://b:2"),
            ("grpc_addr", "nonsense://x"),
            ("grpc_addr", ""),
            ("grpc_body_max", "1MiB"),
            ("grpc_body_max", "lots"),
            ("grpc_body_max", "999GiB"),
            ("grpc_source", "caf\u00e9"),
            ("grpc_source", "x" * 300),
        ):
            try:
                context.configure(addon, **{name: value})
                result[f"{name}={value[:30]}"] = None
            except Exception as error:
                result[f"{name}={value[:30]}"] = f"{type(error).__name__}: {error}"
        context.configure(
            addon, grpc_events="response,tcp_end", grpc_addr="http://a:1", grpc_source=""
        )
        hooks = sorted(name for name in module.native.EVENTS if hasattr(addon, name))
    return {"errors": result, "hooks": hooks}
