"""`mitmflow search` and `tail` with the real server."""

import json
import pathlib
import queue
import signal
import tempfile

import pytest
from harness import build, command
from harness.authority import Authority
from harness.command import DONE, FAILED, USAGE, run
from harness.process import DEADLINE_S
from harness.schema import proxy, view


def export(server, *messages):
    server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


class Export:
    """A call of an exporter that stays open."""

    def __init__(self, server):
        self._server = server
        self._queue = queue.Queue()

    def __enter__(self):
        messages = iter(self._queue.get, None)
        self._call = self._server.ingest.ExportFlow.future(messages, timeout=DEADLINE_S)
        return self

    def send(self, message):
        self._queue.put(message)

    def __exit__(self, *_):
        self._queue.put(None)
        self._call.result(DEADLINE_S)


def search(server, *arguments):
    return run("search", "--server", server.url, *arguments)


def urls(stdout):
    return [line.split()[-1] for line in stdout.splitlines()]


@pytest.fixture
def some(server):
    """A server with a few flows, the oldest first."""
    export(
        server,
        build.http("http://a.example/one", body=b"a needle in here"),
        build.http("http://a.example/two", method="POST", status=503),
        build.http("http://b.example/three", body=b"x" * 5000),
    )
    return server


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["needle"], ["one"]),
        (["~m POST"], ["two"]),
        (["~m", "POST"], ["two"]),
        (["~d a.example & !~m POST"], ["one"]),
        (["~all"], ["three", "two", "one"]),
        ([""], ["three", "two", "one"]),
        (["nowhere"], []),
    ],
)
def test_a_search_prints_what_the_filter_matches_newest_first(some, words, found):
    status, stdout, stderr = search(some, *words)
    assert (status, stderr) == (DONE, "")
    assert [url.rpartition("/")[2] for url in urls(stdout)] == found


def test_a_search_can_be_sorted_and_limited(some):
    _, stdout, _ = search(some, "--sort", "size", "--limit", "2", "~all")
    assert urls(stdout) == ["http://b.example/three", "http://a.example/one"]
    _, stdout, _ = search(some, "--sort", "status", "--ascending", "--limit", "2", "~all")
    assert "http://a.example/two" not in urls(stdout)


def test_a_search_of_more_flows_than_a_page_prints_each_once(server):
    total = 10500
    for first in range(0, total, 500):
        export(server, *(build.http(f"http://a/{n}") for n in range(first, first + 500)))
    status, stdout, _ = search(server, "--limit", "0", "~all")
    assert status == DONE
    assert urls(stdout) == [f"http://a/{n}" for n in reversed(range(total))]


def test_json_says_what_a_call_would(some):
    _, stdout, _ = search(some, "--json", "needle")
    summary = json.loads(stdout)
    [flow] = some.flows(filter_text="needle")
    assert summary["id"] == flow.id
    assert summary["http"]["url"] == "http://a.example/one"


def test_a_wrong_filter_is_marked_where_it_is_wrong(some):
    for name in ("search", "tail"):
        status, stdout, stderr = run(name, "--server", some.url, "~m GET & ~nope")
        assert (status, stdout) == (USAGE, "")
        first, expression, mark = stderr.splitlines()
        assert first.startswith("mitmflow: the filter is wrong: ")
        assert expression == "  ~m GET & ~nope"
        assert mark.index("^") == expression.index("~nope")


def test_a_search_goes_over_tls_with_a_ca_and_a_certificate(start_server, tmp_path):
    ca = Authority(tmp_path, "ca")
    mine, client = ca.issue("server"), ca.issue("client")
    server = start_server(
        *("--tls-cert", mine.cert, "--tls-key", mine.key, "--tls-client-ca", ca.cert),
        addr="0.0.0.0:0",
    )
    url = f"https://localhost:{server.port}"
    shown = ("--cert", client.cert, "--key", client.key)
    status, stdout, stderr = run("search", "--server", url, "--ca", ca.cert, *shown, "~all")
    assert (status, stdout, stderr) == (DONE, "", "")
    for less in (["--ca", ca.cert], shown):
        status, _, stderr = run("search", "--server", url, *less, "~all")
        assert (status, stderr.count("\n")) == (FAILED, 1)
        assert stderr.startswith(f"mitmflow: cannot ask {url}: ")


def test_a_search_goes_over_a_unix_socket(start_server):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "socket"
        server = start_server("--addr", f"unix:{path}")
        export(server, build.http("http://a/1"))
        status, stdout, _ = run("search", "--server", f"unix:{path}", "~all")
        assert (status, urls(stdout)) == (DONE, ["http://a/1"])


# ---- tail ----


def test_a_tail_follows_and_goes_on_after_a_restart(start_server):
    server = start_server()
    export(server, *(build.http(f"http://a/before{n}") for n in range(12)))
    tail = command.start("tail", "--server", server.url, "~d ^a$")
    tail.wait_lines("/before11")
    with Export(server) as live:
        live.send(build.started(url="http://a/live", flow_id="live"))
        export(server, build.http("http://b/other"), build.http("http://a/while"))
        tail.wait_lines("/while")
        live.send(build.http("http://a/live", flow_id="live"))
        tail.wait_lines("/live")
    server.stop()
    tail.wait_lines("waiting for the server")
    again = start_server(addr=server.addr)
    export(again, build.http("http://a/after"))
    tail.wait_lines("/after")
    tail.signal(signal.SIGINT)
    assert tail.wait() == -signal.SIGINT
    shown = [line for line in tail.lines if not line.startswith("mitmflow: ")]
    names = [line.rpartition("/")[2] for line in shown]
    assert names == [*(f"before{n}" for n in range(2, 12)), "while", "live", "after"]


def test_a_tail_tells_of_a_conversation_when_it_begins_and_when_it_ends(server):
    tail = command.start("tail", "--server", server.url)
    message = build.request("tcp", proxy.EVENT_TYPE_TCP_START, flow_id="t")
    message.flow.tcp_flow.server.address_host = "192.0.2.25"
    message.flow.tcp_flow.server.address_port = 25
    with Export(server) as live:
        live.send(message)
        [first] = tail.wait_lines("192.0.2.25:25")
        ended = type(message)()
        ended.CopyFrom(message)
        ended.event_type = proxy.EVENT_TYPE_TCP_END
        live.send(ended)
        [_, last] = tail.wait_lines("192.0.2.25:25", count=2)
    tail.signal(signal.SIGTERM)
    tail.wait()
    assert first.split()[2:4] == ["TCP", "open"]
    assert last.split()[2:4] == ["TCP", "-"]


def test_a_tail_as_json_tells_pins_too(server):
    export(server, build.http("http://a/1"))
    tail = command.start("tail", "--json", "--server", server.url)
    [line] = tail.wait_lines("http://a/1")
    number = json.loads(line)["number"]
    server.viewer.UpdateFlow(
        view.UpdateFlowRequest(number=int(number), pinned=True), timeout=DEADLINE_S
    )
    tail.wait_lines('"pinned":true')
    tail.signal(signal.SIGTERM)
    tail.wait()
