"""Scenarios of the addon as mitmproxy loads, configures and ends it."""

import gc
import os
import sys
import time

from flows import make_cert
from library import load, resident
from mitmproxy import addonmanager
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
    ids, carried = [], None
    with taddons.context() as context:
        for number in range(int(times)):
            module = load()
            addon = module.addons[0]
            context.master.addons.add(addon)
            context.configure(addon, grpc_addr=addr)
            addon.running()
            if carried:
                addon.response(carried)
            for _ in range(20):
                flow = tflow.tflow(resp=True)
                flow.live = True
                flow.response.raw_content = body
                flow.client_conn.mitmcert = cert
                ids.append(flow.id)
                addon.request(flow)
                addon.response(flow)
            carried = tflow.tflow(resp=True)
            carried.live = True
            ids.append(carried.id)
            addon.requestheaders(carried)
            addon.request(carried)
            context.master.addons.remove(addon)
            del module, addon, flow
            gc.collect()
            if number == int(times) // 5:
                baseline, warm = threads_and_fds(), resident()
    return {
        "ids": ids,
        "before": baseline,
        "after": threads_and_fds(),
        "grown": resident() - warm,
        "references": sys.getrefcount(body) - references,
    }


def late(addr):
    """Flows that finish after done(), as a proxy that lets connections end
    has them: before and after that stdin has a line."""
    module = load()
    addon = module.addons[0]
    ids = []
    with taddons.context() as context:
        context.master.addons.add(addon)
        context.configure(addon, grpc_addr=addr)
        addon.running()
        flow = tflow.tflow()
        flow.live = True
        addon.request(flow)
        context.master.addons.remove(addon)
        for _ in range(2):
            flow.response = tflow.tresp()
            addon.response(flow)
            ids.append(flow.id)
            print(flow.id, flush=True)
            sys.stdin.readline()
            flow = tflow.tflow()
            flow.live = True
    return {"ids": ids}


def closed_late(addr):
    """A connection that closes after done(): whether that starts anything."""
    module = load()
    addon = module.addons[0]
    with taddons.context() as context:
        context.master.addons.add(addon)
        context.configure(addon, grpc_addr=addr)
        addon.running()
        flow = tflow.tflow()
        addon.request(flow)
        context.master.addons.remove(addon)
        addon.client_disconnected(flow.client_conn)
        return {"closed": addon.core.stats(), "threads": len(os.listdir("/proc/self/task"))}


def spooled(addr, folder):
    """Flows of three loads of the script while no server is there."""
    ids = []
    with taddons.context() as context:
        for _ in range(3):
            addon = load().addons[0]
            context.master.addons.add(addon)
            context.configure(addon, grpc_addr=addr, grpc_spool_dir=folder)
            addon.running()
            for _ in range(10):
                flow = tflow.tflow(resp=True)
                flow.live = True
                ids.append(flow.id)
                addon.request(flow)
                addon.response(flow)
            context.master.addons.remove(addon)
    return {"ids": ids, "kept": addon.core.stats()["spool_records"]}


def refusal(context, addon, **options):
    """None, or why mitmproxy takes the change back."""
    try:
        context.configure(addon, **options)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


VALUES = (
    ("grpc_events", "all"),
    ("grpc_events", "response, error"),
    ("grpc_events", "respnse"),
    ("grpc_addr", "https://flows.example"),
    ("grpc_addr", "http://a:1,https://b:2"),
    ("grpc_addr", "nonsense://x"),
    ("grpc_addr", ""),
    ("grpc_body_max", "1MiB"),
    ("grpc_body_max", "lots"),
    ("grpc_body_max", "999GiB"),
    ("grpc_spool_max", "0"),
    ("grpc_spool_max", "2tib"),
    ("grpc_spool_max", "-1"),
    ("grpc_source", "caf\u00e9"),
    ("grpc_source", "x" * 300),
    ("grpc_token", "secret-1"),
    ("grpc_token", "secret 2"),
    ("grpc_ca", "/no/such/file"),
    ("grpc_cert", "/no/such/file"),
    ("grpc_key", "/no/such/file"),
    ("grpc_stream_capture", True),
    ("grpc_redact", ["nonsense"]),
    ("grpc_redact", ["header cookie", "json a..b"]),
    ("grpc_redact", ["header cookie"]),
)


def options():
    """What each value of an option does: None, or the error's text. Then the
    hooks that are on, and what is written of a token."""
    module = load()
    addon = module.MitmflowExporter()
    errors, lines = {}, []
    module.log = lambda is_warning, text: lines.append(text)
    with taddons.context(addon) as context:
        addon._is_running, addon._start = True, lambda: None
        for name, value in VALUES:
            errors[f"{name}={value}"[:40]] = refusal(context, addon, **{name: value})
            context.configure(addon, **{name: context.options.default(name)})
        context.configure(
            addon, grpc_events="response,tcp_end", grpc_addr="http://a:1", grpc_source=""
        )
        hooks = sorted(name for name in module.native.EVENTS if hasattr(addon, name))
        context.configure(addon, grpc_token="secret-3")
        told = [*lines, *addon.status(), str(addon.core.stats())]
    return {"errors": errors, "hooks": hooks, "told": told}


def wrong_start():
    """Two options that are wrong from the start, and are mended one at a
    time: what is refused and what is told."""
    module = load()
    addon = module.MitmflowExporter()
    lines, refused = [], []
    module.log = lambda is_warning, text: lines.append(text)
    with taddons.context() as context:
        addon.load(addonmanager.Loader(context.master))
        context.options.update(grpc_addr="nonsense://x", grpc_body_max="lots")
        context.master.addons.chain.append(addon)
        addon.configure(context.options.keys())
        addon.running()
        before = hasattr(addon, "response")
        for change in (
            {"grpc_body_max": "much"},
            {"grpc_body_max": "1MiB"},
            {"grpc_addr": "http://127.0.0.1:9"},
        ):
            try:
                context.options.update(**change)
                refused.append(None)
            except module.exceptions.OptionsError as error:
                refused.append(str(error))
        after = hasattr(addon, "response"), addon.core.stats()["running"]
        body_max = context.options.grpc_body_max
        context.master.addons.chain.remove(addon)
        addon.done()
    return {
        "lines": lines,
        "refused": refused,
        "before": before,
        "after": after,
        "body_max": body_max,
    }
