"""Requests through a mitmdump with the exporter, each of which can be told
from all others, and what a server then has of them."""

import collections
import hashlib
import itertools
import os
import socket
import threading
import time

from harness import http1, mitmdump, schema, sockets
from harness.process import DEADLINE_S, Process

# Of what a server has, so many flows at most are read whole.
READ_MAX = 2000

ENDED = schema.view.FLOW_STATE_ENDED


def content(token, side):
    """Bytes that belong to this request or answer alone; some are long
    enough to be held in place of copied."""
    text = f"{token} {side} ".encode()
    digest = hashlib.sha256(text).digest()
    return text + hashlib.shake_128(text).digest(20000 if digest[0] < 16 else 300)


def _answer(connection):
    stream = connection.makefile("rb")
    while message := http1.read_message(stream):
        token = message.first_line.split()[1].decode().rpartition("/")[2]
        assert message.body == content(token, "asks")
        body = content(token, "answers")
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)


class Origin(sockets.Listener):
    """Answers every request with what belongs to its token."""

    def __init__(self):
        super().__init__(_answer)


class Proxy:
    """A mitmdump, with the exporter unless `script` is None. On `tcp_port` it
    passes TCP on to `echo_port`."""

    def __init__(
        self, kind, folder, *sets, echo_port, script=mitmdump.EXPORTER, wrap=(), ports=None
    ):
        self.port, self.tcp_port = ports or (sockets.free_port(), sockets.free_port())
        command = [*wrap, kind.command, "--set", f"confdir={folder}"]
        command += ["--mode", f"regular@127.0.0.1:{self.port}", "--mode"]
        command += [f"reverse:tcp://127.0.0.1:{echo_port}@127.0.0.1:{self.tcp_port}"]
        command += ["--set", "flow_detail=0"]
        if script:
            command += ["-s", script]
        for option in sets:
            command += ["--set", option]
        folder.mkdir(exist_ok=True)
        environment = dict(os.environ, PYTHONUNBUFFERED="1", HOME=str(folder))
        self.process = Process(command, env=environment, cwd=folder)
        try:
            self.process.wait_lines("listening at", count=2)
        except AssertionError:
            self.process.end()
            raise

    def memory_kib(self):
        """What it has had at most, resident."""
        with open(f"/proc/{self.process.popen.pid}/status") as status:
            [line] = [line for line in status if line.startswith("VmHWM:")]
        return int(line.split()[1])

    def kill(self):
        self.process.end()

    def stop(self, deadline_s=DEADLINE_S):
        """Ends it as Ctrl-C does; no hook may have failed before."""
        self.process.signal(2)
        self.process.wait(deadline_s)
        assert "Traceback" not in self.process.output, self.process.output


class Load:
    """Clients that send one request after the other until they are stopped,
    through whatever proxy listens on that port."""

    def __init__(self, port, origin, name, clients=2, limit=None):
        self._port = port
        self._origin = origin
        self._name = name
        self._numbers = itertools.count()
        self._limit = limit
        self._is_over = threading.Event()
        self._changed = threading.Condition()
        self.asked = set()  # tokens
        self.answered = {}  # token: when, and by the wall clock
        self.answered_at = {}
        self.surprise = None
        self._threads = [
            threading.Thread(target=self._run, daemon=True) for _ in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while not self._is_over.is_set():
            try:
                with socket.create_connection(
                    ("127.0.0.1", self._port), DEADLINE_S
                ) as connection:
                    self._talk(connection)
            except (OSError, EOFError, ValueError):
                pass  # the proxy is gone; what was under way is not answered
            except Exception as error:  # noqa: BLE001 (told by the test)
                self.surprise = error
                return

    def _talk(self, connection):
        stream = connection.makefile("rb")
        while not self._is_over.is_set():
            number = next(self._numbers)
            if self._limit is not None and number >= self._limit:
                self._is_over.set()
                return
            self._ask(connection, stream, f"{self._name}-{number}")

    def _ask(self, connection, stream, token):
        body = content(token, "asks")
        head = (
            f"POST http://127.0.0.1:{self._origin.port}/{token} HTTP/1.1\r\n"
            f"Host: x\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with self._changed:
            self.asked.add(token)
        connection.sendall(head.encode() + body)
        answer = http1.read_message(stream)
        if answer is None:
            raise EOFError
        if answer.body != content(token, "answers"):
            raise AssertionError(f"{token}: {answer.first_line} {answer.body[:100]}")
        with self._changed:
            self.answered[token] = time.monotonic()
            self.answered_at[token] = time.time_ns()
            self._changed.notify_all()

    def count(self):
        with self._changed:
            return len(self.answered)

    def wait_answered(self, count, deadline_s=DEADLINE_S):
        """Until so many more than now have been answered."""
        until = time.monotonic() + deadline_s
        with self._changed:
            count += len(self.answered)
            while len(self.answered) < count and not self.surprise:
                left = until - time.monotonic()
                assert left > 0 and self._changed.wait(left), "requests are not answered"

    def wait_seconds(self, seconds):
        """Until answers have come for so long."""
        self.wait_answered(1)
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            self.wait_answered(1)

    def join(self):
        """Until its limit is reached."""
        for thread in self._threads:
            thread.join()
        assert self.surprise is None, self.surprise

    def stop(self):
        """Ends it; the tokens that were answered."""
        self._is_over.set()
        self.join()
        return set(self.answered)


def _token(flow):
    return flow.http.url.rpartition("/")[2]


def is_spool_empty(tmp_path):
    """Nothing waits in the spool that start_proxy's mitmdump uses."""
    return not list((tmp_path / "confdir").rglob("*.seg"))


def flows_of(server):
    """Summaries by token."""
    found = collections.defaultdict(list)
    for flow in server.flows(limit=10**7, flow_types=["http"]):
        found[_token(flow)].append(flow)
    return found


def wait_there(server, tokens, deadline_s=60):
    """Until the server has all of these, ended."""
    until = time.monotonic() + deadline_s
    while True:
        found = flows_of(server)
        missing = {
            token
            for token in tokens
            if not any(flow.state == ENDED for flow in found.get(token, ()))
        }
        if not missing:
            return
        late = f"{len(missing)} of {len(tokens)} are missing, {sorted(missing)[:5]}"
        assert time.monotonic() < until, late
        time.sleep(0.2)


def check(server, must, may, is_cut=lambda token: False):
    """Every flow of `must` is there, once and whole; what else is there is
    of `may`. `is_cut` tells which may be without their end."""
    found = flows_of(server)
    missing = must - found.keys()
    assert not missing, f"{len(missing)} of {len(must)} are lost: {sorted(missing)[:5]}"
    strange = found.keys() - must - may
    assert not strange, sorted(strange)[:5]
    doubled = [token for token, flows in found.items() if len(flows) > 1]
    assert not doubled, f"{len(doubled)} are there twice: {doubled[:5]}"
    step = max(1, len(found) // READ_MAX)
    for token, [flow] in list(found.items())[::step]:
        if token in must:
            check_content(server, token, flow)
    live = [t for t, [flow] in found.items() if flow.state != ENDED and t in must]
    assert not live, f"{len(live)} have not ended: {live[:5]}"


def check_content(server, token, flow):
    whole = server.flow(flow).http_flow
    assert whole.request.content == content(token, "asks"), token
    assert whole.response.content == content(token, "answers"), token
    assert whole.response.status_code == 200
