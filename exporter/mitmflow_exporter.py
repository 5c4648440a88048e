"""Sends mitmproxy's flows to a mitmflow server.

    mitmdump -s mitmflow_exporter.py --set grpc_addr=http://127.0.0.1:50051

Works with mitmproxy 8.1 and later. The work is done by the library beside
this file, which must stay there; its hooks are methods of this addon.
"""

import asyncio
import datetime
import importlib.machinery
import importlib.util
import logging
import os
import re
import socket

from mitmproxy import ctx
from mitmproxy import exceptions
from mitmproxy import version
from mitmproxy.net.dns import classes as dns_classes
from mitmproxy.net.dns import types as dns_types

LIBRARY = "_mitmflow.abi3.so"

# How long a clean exit waits for what the server has not acknowledged yet.
DRAIN_SECONDS = 3.0

# How often growing flows are looked at while some have unsent messages.
TICK_SECONDS = 0.1


def load_library():
    """Load the library beside this file, whatever sys.path says."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), LIBRARY)
    if not os.path.exists(path):
        raise ImportError(f"mitmflow: {path} is missing: keep the two files together")
    loader = importlib.machinery.ExtensionFileLoader("_mitmflow", path)
    spec = importlib.util.spec_from_file_location("_mitmflow", path, loader=loader)
    library = importlib.util.module_from_spec(spec)
    loader.exec_module(library)
    return library


native = load_library()


def describe_cert(cert):
    """The facts of a certificate, in the order that conn_walk.c expects.

    Called once for each content. A part that cannot be read is None.
    """

    def read(get, default=None):
        try:
            return get()
        except Exception:
            return default

    def names():
        return [str(getattr(name, "value", name)) for name in cert.altnames]

    def crls():
        return [str(url) for url in cert.crl_distribution_points]

    def pairs(name):
        return [(str(key), str(value)) for key, value in getattr(cert, name)]

    return (
        read(cert.to_pem),
        read(cert.fingerprint),
        read(lambda: pairs("issuer")),
        read(lambda: float(cert.notbefore.timestamp())),
        read(lambda: float(cert.notafter.timestamp())),
        read(lambda: cert.notafter < datetime.datetime.now(datetime.timezone.utc)),
        read(lambda: pairs("subject")),
        read(lambda: str(cert.serial)),
        read(lambda: bool(cert.is_ca)),
        read(lambda: [(str(cert.keyinfo[0]), int(cert.keyinfo[1]))]),
        read(lambda: cert.cn and str(cert.cn)),
        read(lambda: cert.organization and str(cert.organization)),
        read(names),
        read(crls),
    )


def parse_size(text):
    """Bytes of "16MiB", "512KiB" or a plain number."""
    match = re.fullmatch(r"\s*(\d+)\s*(B|KiB|MiB|GiB)?\s*", text, re.IGNORECASE)
    if not match:
        raise ValueError(f"grpc_body_max: {text!r} is not a size such as 16MiB")
    units = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
    size = int(match[1]) * units[(match[2] or "").lower()]
    if size > 24 << 20:  # two bodies and more must fit the queue of 64 MiB
        raise ValueError("grpc_body_max: at most 24MiB")
    return size


def parse_events(text):
    """The names of a comma list; "all" stands for every one."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = sorted(names - set(native.EVENTS) - {"all"})
    if unknown:
        raise ValueError(
            f"grpc_events: unknown event {', '.join(unknown)}; "
            f"known are all, {', '.join(native.EVENTS)}"
        )
    if "all" in names:
        return set(native.EVENTS)
    return names


def log(is_warning, text):
    """A line in mitmproxy's event log."""
    if int(version.VERSION.split(".")[0]) < 9:
        (ctx.log.warn if is_warning else ctx.log.info)(text)
    else:
        logging.getLogger(__name__).log(
            logging.WARNING if is_warning else logging.INFO, text
        )


class MitmflowExporter:
    """The addon. Its hooks are attributes, set for the events that are on."""

    def __init__(self):
        self.core = native.Exporter(
            describe_cert=describe_cert,
            dns_type=dns_types.to_str,
            dns_class=dns_classes.to_str,
            mitmproxy_version=version.VERSION,
            log=log,
            on_untold=self._tick_later,
        )
        self._settings = None  # what the library was last given
        self._is_running = False
        self._loop = None
        self._timer = None
        self._pipe = None

    def load(self, loader):
        loader.add_option(
            "grpc_addr",
            str,
            "http://127.0.0.1:50051",
            "The mitmflow server, or a comma list of servers tried in turn.",
        )
        loader.add_option(
            "grpc_events",
            str,
            "all",
            "Comma list of the events that are exported.",
        )
        loader.add_option(
            "grpc_source",
            str,
            "",
            "The name that viewers see for this proxy; the host name by default.",
        )
        loader.add_option(
            "grpc_body_max",
            str,
            "16MiB",
            "Longer bodies are cut and marked.",
        )

    def configure(self, updated):
        if updated and not any(name.startswith("grpc_") for name in updated):
            return
        settings = (
            ctx.options.grpc_addr,
            ctx.options.grpc_source or socket.gethostname(),
            ctx.options.grpc_body_max,
        )
        try:
            events = parse_events(ctx.options.grpc_events)
            if settings != self._settings:
                self.core.configure(*settings[:2], parse_size(settings[2]))
        except ValueError as error:
            raise exceptions.OptionsError(str(error)) from error
        self._settings = settings
        for name in native.EVENTS:
            if name in events:
                setattr(self, name, getattr(self.core, name))
            elif name in self.__dict__:
                delattr(self, name)
        if self._is_running:
            self._start()

    def running(self):
        self._is_running = True
        # Wrong options were told already; the next change may mend them.
        if self._settings:
            self._start()

    def _start(self):
        if self._pipe:
            return
        self._pipe = os.pipe()
        for end in self._pipe:
            os.set_blocking(end, False)
        try:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._pipe[0], self._on_notice)
        except (RuntimeError, NotImplementedError):
            self._loop = None
        self.core.start(self._pipe[1])
        self._tick_later()

    def done(self):
        self._is_running = False
        if self._timer:
            self._timer.cancel()
            self._timer = None
        left = self.core.stop(DRAIN_SECONDS)
        if self._loop:
            self._loop.remove_reader(self._pipe[0])
            self._loop = None
        self._tick()
        if left:
            log(True, f"mitmflow: {left} messages could not be sent before the end")
        if self._pipe:
            for end in self._pipe:
                os.close(end)
            self._pipe = None

    def _on_notice(self):
        try:
            os.read(self._pipe[0], 4096)
        except BlockingIOError:
            pass
        self._tick()

    def _tick(self):
        self._timer = None
        lines, has_untold = self.core.tick()
        for is_warning, text in lines:
            log(is_warning, text)
        if has_untold:
            self._tick_later()

    def _tick_later(self):
        if self._loop and not self._timer:
            self._timer = self._loop.call_later(TICK_SECONDS, self._tick)


addons = [MitmflowExporter()]
