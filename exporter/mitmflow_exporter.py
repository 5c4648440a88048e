"""Sends mitmproxy's flows to a mitmflow server.

    mitmdump -s mitmflow_exporter.py --set grpc_addr=http://127.0.0.1:50051

Works with mitmproxy 8.1 and later. The work is done by the library beside
this file, which must stay there; its hooks are methods of this addon.
"""

import asyncio
import atexit
import collections.abc
import datetime
import importlib.machinery
import importlib.util
import logging
import os
import re
import socket

from mitmproxy import command
from mitmproxy import ctx
from mitmproxy import exceptions
from mitmproxy import version
from mitmproxy.net.dns import classes as dns_classes
from mitmproxy.net.dns import types as dns_types

LIBRARY = "_mitmflow.abi3.so"

# How long a clean exit waits for what the server has not acknowledged yet.
DRAIN_SECONDS = 3.0

# The same for flows that finish after that, at the end of the process.
LATE_SECONDS = 1.0

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


UNITS = {"": 0, "b": 0, "kib": 10, "mib": 20, "gib": 30, "tib": 40}


def read_size(text):
    """Bytes of "16MiB", "512KiB" or a plain number; None: it is no size."""
    match = re.fullmatch(r"\s*(\d{1,15})\s*([KMGT]iB|B)?\s*", text, re.IGNORECASE)
    return match and int(match[1]) << UNITS[(match[2] or "").lower()]


def parse_size(name, text, limit):
    """Bytes of an option that is a size of at most `limit`, another one."""
    size = read_size(text)
    if size is None:
        raise ValueError(f"{name}: {text!r} is not a size such as 16MiB")
    if size > read_size(limit):
        raise ValueError(f"{name}: at most {limit}")
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


OPTIONS = (
    (
        "grpc_addr",
        str,
        "http://127.0.0.1:50051",
        "The mitmflow server, or a comma list of servers tried in turn; https:// for TLS.",
    ),
    ("grpc_events", str, "all", "Comma list of the events that are exported."),
    (
        "grpc_token",
        str,
        "",
        "A token for the server. MITMFLOW_TOKEN in the environment shows in no list of options.",
    ),
    (
        "grpc_source",
        str,
        "",
        "The name that viewers see for this proxy; the host name by default.",
    ),
    (
        "grpc_spool_dir",
        str,
        "",
        "Flows wait here while the server is away; mitmflow-spool in the confdir by default.",
    ),
    (
        "grpc_spool_max",
        str,
        "1GiB",
        "Past it the oldest flows that wait are given up, counted and told. 0: no spool.",
    ),
    ("grpc_body_max", str, "16MiB", "Longer bodies are cut and marked."),
    (
        "grpc_stream_capture",
        bool,
        False,
        "Keep a copy of bodies that are streamed, up to grpc_body_max.",
    ),
    (
        "grpc_redact",
        collections.abc.Sequence[str],
        [],
        "Rules, one each, for what is replaced or left out before it leaves the proxy.",
    ),
    ("grpc_ca", str, "", "PEM file of the authorities to trust, in place of the system's."),
    ("grpc_cert", str, "", "PEM file of a client certificate, with its chain."),
    ("grpc_key", str, "", "PEM file of its key, if it is not in the same file."),
)

# mitmproxy's own that matter here.
OTHERS = {"confdir", "stream_large_bodies"}

# Read again whenever they are set: the file may be another one by now.
FILES = {"grpc_ca", "grpc_cert", "grpc_key"}


def expand(path):
    return os.path.expanduser(path) if path else ""


def read_settings(options):
    """Arguments for configure() of the library, and the events."""
    confdir = expand(options.confdir)
    settings = {
        "addr": options.grpc_addr,
        "source": options.grpc_source or socket.gethostname(),
        # Two bodies and more must fit the queue.
        "body_max": parse_size("grpc_body_max", options.grpc_body_max, "24MiB"),
        "token": options.grpc_token or os.environ.get("MITMFLOW_TOKEN", ""),
        "ca": expand(options.grpc_ca),
        "cert": expand(options.grpc_cert),
        "key": expand(options.grpc_key),
        "spool_dir": expand(options.grpc_spool_dir) or os.path.join(confdir, "mitmflow-spool"),
        "spool_max": parse_size("grpc_spool_max", options.grpc_spool_max, "1024TiB"),
        "rules": list(options.grpc_redact),
        "key_path": os.path.join(confdir, "mitmflow-redact.key"),
    }
    return settings, parse_events(options.grpc_events)


def describe_size(size):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError


def describe_state(stats):
    if not stats["running"]:
        return "not running"
    if stats["connected"]:
        state = "connected, catching up" if stats["backlog"] else "connected"
        return state + (", published schema" if stats["published"] else "")
    return "not connected, trying again"


def describe_lost(stats):
    reason = stats["lost_reason"]
    return f"{stats['lost'] + stats['refused']}" + (f" ({reason})" if reason else "")


def describe(stats):
    """Lines for a person."""
    lines = [
        f"server: {stats['server'] or 'none was tried yet'}",
        f"state: {describe_state(stats)}",
    ]
    if stats["version"]:
        lines.append(f"version of the server: {stats['version']}")
    lines += [
        f"acknowledged: {stats['acked']}",
        f"waiting: {stats['waiting']}",
        f"in flight: {stats['in_flight']}",
        f"spool: {stats['spool_records']} waiting, {describe_size(stats['spool_bytes'])}",
        f"lost: {describe_lost(stats)}",
        f"rejected by the server: {stats['rejected']}",
        f"left out by a rule: {stats['skipped']}",
        f"not exported for want of sense: {stats['failures']}",
    ]
    for name in ("error", "spool_error"):
        if stats[name]:
            lines.append(f"last error{' of the spool' if name != 'error' else ''}: {stats[name]}")
    return lines


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
            on_late=self._end_later,
        )
        self._settings = None  # what the library was last given
        self._events = None  # for which there are hooks
        self._complaint = None  # why it could not be given what the options say
        self._is_running = False
        self._loop = None
        self._timer = None
        self._pipe = None

    # ---- options ----

    def load(self, loader):
        for option in OPTIONS:
            loader.add_option(*option)

    def configure(self, updated):
        if updated and not any(name.startswith("grpc_") or name in OTHERS for name in updated):
            return
        try:
            settings, events = read_settings(ctx.options)
            is_new = settings != self._settings
            if is_new or FILES & set(updated):
                if settings["rules"]:  # their key lies there
                    os.makedirs(expand(ctx.options.confdir), exist_ok=True)
                self.core.configure(**settings)
        except (ValueError, OSError) as error:
            self._complain(str(error), updated)
            return
        if is_new and settings["key"] and not settings["cert"]:
            log(True, "mitmflow: grpc_key is of no use without grpc_cert")
        if not events and events != self._events:
            log(True, "mitmflow: grpc_events names no event: nothing is exported")
        streams = "stream_large_bodies" in ctx.options and ctx.options.stream_large_bodies
        self.core.set_capture(ctx.options.grpc_stream_capture, bool(streams))
        self._settings, self._events, self._complaint = settings, events, None
        self._set_hooks(events)
        if self._is_running:
            self._start()

    def _complain(self, text, updated):
        """An option is wrong. mitmproxy ends if one is found to be so while
        it starts, and a proxy is worth more than its exporter: so that is a
        line in the log, and nothing is exported until it is mended. Later,
        mitmproxy takes back a change that is refused."""
        was_good = self._settings is not None and self._complaint is None
        if self._is_running and (was_good or text.partition(":")[0] in updated):
            if text == self._complaint:
                return  # taken back, to what was wrong before
            raise exceptions.OptionsError(text)
        if text != self._complaint:
            log(True, f"mitmflow: {text}; nothing is exported until that is mended")
        self._complaint = text

    def _set_hooks(self, events):
        for name in native.EVENTS:
            if name in events:
                setattr(self, name, getattr(self.core, name))
            elif name in self.__dict__:
                delattr(self, name)

    # ---- life ----

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
        lost = self.core.stop(DRAIN_SECONDS)
        if self._loop:
            self._loop.remove_reader(self._pipe[0])
            self._loop = None
        self._tick()
        if self._pipe:
            for end in self._pipe:
                os.close(end)
            self._pipe = None
        if lost:
            log(True, f"mitmflow: {lost} messages could not be sent before the end and are lost")

    def _end_later(self):
        """A flow finished after done()."""
        atexit.register(self.core.stop, LATE_SECONDS)

    # ---- what the library has to say ----

    @command.command("mitmflow.status")
    def status(self) -> collections.abc.Sequence[str]:
        """What becomes of the flows that are exported to mitmflow."""
        lines = describe(self.core.stats())
        if self._complaint:
            lines.append(f"wrong option: {self._complaint}")
        return lines

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
