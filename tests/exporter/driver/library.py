"""The exporter under test, and what its mitmproxy is."""

import base64
import importlib.util
import os
import sys

from mitmproxy import version

try:
    from mitmproxy import udp
except ImportError:
    udp = None

MAJOR = int(version.VERSION.split(".")[0])


def load(path=sys.argv[1] if len(sys.argv) > 1 else ""):
    """The exporter's module, anew, as mitmproxy loads a script."""
    spec = importlib.util.spec_from_file_location("mitmflow_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_core(module, lines=None, **more):
    return module.native.Exporter(
        describe_cert=module.describe_cert,
        dns_type=module.dns_types.to_str,
        dns_class=module.dns_classes.to_str,
        mitmproxy_version=version.VERSION,
        log=lambda is_warning, text: lines.append(text) if lines is not None else None,
        on_untold=lambda: None,
        **more,
    )


def b64(data):
    return base64.b64encode(data).decode()


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
