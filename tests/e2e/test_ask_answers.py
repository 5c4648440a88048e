"""`search` and `tail` with a server whose answers are made by hand: what they
ask, and what they make of answers good and bad."""

import json
import os
import pty
import signal
import subprocess
import threading

import pytest
from harness import command, server as server_module
from harness.command import DONE, FAILED, USAGE, run
from harness.fake_viewer import FakeViewer
from harness.process import DEADLINE_S
from harness.schema import view
from harness.server import BINARY


def search(viewer, *arguments, **more):
    return run("search", "--server", viewer.url, *arguments, **more)


def start_tail(viewer, *arguments):
    return command.start("tail", "--server", viewer.url, *arguments)


def flow(number, url=None, state=view.FLOW_STATE_ENDED, **more):
    summary = view.FlowSummary(
        id=f"id-{number}", number=number, change=number, type="http", state=state, **more
    )
    summary.timestamp_start.FromSeconds(1795428104)
    summary.http.url = url or f"http://a.example/{number}"
    summary.http.method = "GET"
    if state != view.FLOW_STATE_LIVE:
        summary.http.status_code = 200
    return summary


def found(*flows, next_cursor="", **more):
    """An answer with these flows and nothing after them."""

    def answer(_, to):
        to.send(view.QueryFlowsResponse(flows=flows, **more))
        to.send(view.QueryFlowsResponse(end=view.QueryEnd(next=next_cursor)))
        to.end()

    return answer


def refusal(*arguments, **more):
    return lambda _, to: to.end(*arguments, **more)


# ---- search ----


def test_a_search_asks_for_what_it_was_told_and_prints_a_line_a_flow():
    viewer = FakeViewer(found(flow(2, server_bytes=1900, duration_ms=41), flow(1)))
    status, stdout, stderr = search(
        viewer, "--limit", "7", "--sort=size", "-ascending", "~m GET", "&", "word"
    )
    assert (status, stderr) == (DONE, "")
    assert viewer.paths == [b"/mitmflow.v1.Service/QueryFlows"]
    assert viewer.requests == [
        view.QueryFlowsRequest(
            filter=view.FlowFilter(expression="~m GET & word"),
            sort=view.SORT_KEY_SIZE,
            ascending=True,
            limit=7,
        )
    ]
    assert [line.split() for line in stdout.splitlines()] == [
        "2026-11-23 10:01:44.000 GET 200 1.9 kB 41 ms http://a.example/2".split(),
        "2026-11-23 10:01:44.000 GET 200 0 B 0.0 ms http://a.example/1".split(),
    ]


def test_a_long_search_goes_on_page_by_page_up_to_its_limit():
    viewer = FakeViewer(
        found(flow(9), flow(8), next_cursor="p2"),
        found(flow(7), flow(6), next_cursor="p3"),
        found(flow(5), next_cursor="p4"),
    )
    status, stdout, _ = search(viewer, "--limit=5", "x")
    assert status == DONE
    assert [r.cursor for r in viewer.requests] == ["", "p2", "p3"]
    assert [r.limit for r in viewer.requests] == [5, 3, 1]
    assert [line[-1] for line in stdout.splitlines()] == list("98765")


def test_limit_0_takes_every_page():
    viewer = FakeViewer(found(flow(2), next_cursor="more"), found(flow(1)))
    assert search(viewer, "--limit", "0", "x")[1].count("\n") == 2
    assert viewer.requests[0].limit == viewer.requests[1].limit == 10000


def test_json_is_one_summary_a_line():
    told = flow(2, url="http://a/\x1b[2J\x9b\u202e\n", note="n")
    viewer = FakeViewer(found(told, flow(1)))
    status, stdout, _ = search(viewer, "--json", "x")
    assert status == DONE
    first, second = map(json.loads, stdout.splitlines())
    assert first["http"]["url"] == told.http.url
    assert first["number"] == "2"
    assert second["id"] == "id-1"
    assert not {"\x1b", "\x9b", "\u202e"} & set(stdout)


def test_captured_text_cannot_reach_the_terminal():
    viewer = FakeViewer(found(flow(1, url="http://a/\x1b]0;pwned\a\n\x9b31m\u202e")))
    _, stdout, _ = search(viewer, "x")
    assert stdout.endswith("http://a/\\x1b]0;pwned\\x07\\n\\u{9B}31m\\u{202E}\n")
    assert stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("expression", "position", "length", "marked"),
    [
        ("~m GET &", 8, 0, "        ^"),
        ("~zz x", 0, 3, "^~~"),
        ("grüß ~zz", 7, 3, "     ^~~"),  # bytes there, characters here
        ("a\tb ~zz", 4, 3, "     ^~~"),  # shown as a\tb
        ("x", 4000000000, 4000000000, " ^"),
    ],
)
def test_a_wrong_filter_is_marked_where_it_is_wrong(expression, position, length, marked):
    fault = view.FilterError(message="no \x1b such", position=position, length=length)
    viewer = FakeViewer(refusal("invalid_argument", "the filter", fault))
    status, stdout, stderr = search(viewer, expression)
    assert (status, stdout) == (USAGE, "")
    shown = expression.replace("\t", "\\t")
    assert stderr.splitlines() == [
        "mitmflow: the filter is wrong: no \\x1b such",
        f"  {shown}",
        f"  {marked}",
    ]


@pytest.mark.parametrize(
    ("code", "status"),
    [("permission_denied", FAILED), ("internal", FAILED), ("invalid_argument", USAGE)],
)
def test_a_refusal_is_one_line(code, status):
    viewer = FakeViewer(refusal(code, "because\nof \x1b this"))
    assert search(viewer, "x") == (
        status,
        "",
        f"mitmflow: because\\nof \\x1b this ({code})\n",
    )


def test_a_regular_expression_that_met_its_limits_is_told():
    viewer = FakeViewer(found(flow(1), progress=view.QueryProgress(limited=True)))
    status, stdout, stderr = search(viewer, "x")
    assert (status, stdout.count("\n"), stderr.count("\n")) == (FAILED, 1, 1)
    assert "met its limits" in stderr


def cut(_, to):
    to.send(view.QueryFlowsResponse(flows=[flow(1)]))


def ended_early(_, to):
    cut(_, to)
    to.raw(b"0\r\n\r\n")


def garbage(_, to):
    cut(_, to)
    to.send_bytes(b"\xff\xff\xff")
    to.end()


@pytest.mark.parametrize(
    ("answer", "about"),
    [
        (cut, "cannot ask http://127.0.0.1:"),
        (ended_early, "ended its answer too early"),
        (garbage, "sent a malformed message"),
    ],
)
def test_what_came_before_a_broken_end_is_shown_and_the_end_told(answer, about):
    status, stdout, stderr = search(FakeViewer(answer), "x")
    assert (status, stdout.count("\n"), stderr.count("\n")) == (FAILED, 1, 1)
    assert about in stderr


@pytest.mark.parametrize(
    ("raw", "about"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno\x1b such\n", "answered 404: no"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", "200"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", "302"),
        (b"SSH-2.0-OpenSSH\r\n", "cannot ask"),
        (b"", "cannot ask"),
    ],
)
def test_something_that_is_no_mitmflow_is_told(raw, about):
    status, stdout, stderr = search(FakeViewer(lambda _, to: to.raw(raw)), "x")
    assert (status, stdout, stderr.count("\n")) == (FAILED, "", 1)
    assert about in stderr


def test_a_server_that_cannot_be_reached_is_told():
    viewer = FakeViewer()
    viewer.close()
    for name in ("search", "tail"):
        status, stdout, stderr = run(name, "--server", viewer.url, "x")
        assert (status, stdout, stderr.count("\n")) == (FAILED, "", 1)
        assert stderr.startswith(f"mitmflow: cannot ask {viewer.url}: ")


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        (["search"], "usage: mitmflow search"),
        (["search", "--nope", "x"], "unknown flag --nope"),
        (["search", "--limit", "-1", "x"], "--limit takes"),
        (["search", "--sort", "colour", "x"], "size, status"),
        (["search", "--server", "ftp://x", "x"], "ftp://x"),
        (["tail", "--server", "unix:"], "unix:"),
        (["tail", "--cert", "x"], "--cert and --key"),
        (["tail", "--limit", "3"], "unknown flag --limit"),
    ],
)
def test_wrong_usage_is_told_in_one_line(arguments, about):
    status, stdout, stderr = run(*arguments)
    assert (status, stdout, stderr.count("\n")) == (USAGE, "", 1)
    assert about in stderr


def test_the_server_can_stand_in_the_environment_and_proxies_there_are_ignored():
    viewer = FakeViewer(found(flow(1)))
    env = {"MITMFLOW_SERVER": viewer.url, "http_proxy": "http://127.0.0.1:1"}
    assert run("search", "x", env=env)[0] == DONE


def test_a_closed_pipe_ends_a_search_quietly():
    is_gone = threading.Event()

    def endless(_, to):
        try:
            while True:
                to.send(view.QueryFlowsResponse(flows=[flow(n) for n in range(500)]))
        finally:
            is_gone.set()

    line = f"'{BINARY}' search --server {FakeViewer(endless).url} --limit 0 x | head -n 1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (result.returncode, result.stderr, result.stdout.count(b"\n")) == (DONE, b"", 1)
    assert is_gone.wait(DEADLINE_S)


def test_progress_is_shown_on_a_terminal_and_wiped_away():
    progress = view.QueryProgress(share=0.25, found=1)
    progress.back_to.FromSeconds(1795424523)

    def slow(_, to):
        to.send(view.QueryFlowsResponse(progress=progress))
        to.send(view.QueryFlowsResponse(flows=[flow(1)], progress=progress))
        to.send(view.QueryFlowsResponse(progress=progress, end=view.QueryEnd(next="p")))
        to.end()

    ours, theirs = pty.openpty()
    result = subprocess.run(
        [BINARY, "search", "--limit=1", "--server", FakeViewer(slow).url, "x"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=DEADLINE_S,
        check=False,
        env=server_module.environment(TZ="UTC"),
    )
    os.close(theirs)
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert (result.returncode, result.stdout.count(b"\n")) == (DONE, 1)
    shown = "\r\x1b[Ksearching, back to 2026-11-23 09:02:03.000, 25%"
    more = "mitmflow: there are more: --limit N shows N, --limit 0 all\r\n"
    assert said == f"{shown}\r\x1b[K{shown}\r\x1b[K{more}"


# ---- tail ----


def told(*flows, cursor, **more):
    return view.WatchFlowsResponse(flows=flows, cursor=cursor, caught_up=True, **more)


LIVE = view.FLOW_STATE_LIVE


def test_a_tail_shows_the_last_flows_and_then_each_once_it_has_ended():
    websocket = flow(7, state=LIVE)
    websocket.http.is_websocket = True

    def answer(_, to):
        to.send(told(flow(4), flow(5), cursor="c1", reset=True))
        to.send(told(flow(6, state=LIVE), websocket, cursor="c2"))
        to.send(told(websocket, cursor="c3"))
        to.send(told(flow(6), flow(5, pinned=True), cursor="c4"))
        to.send(told(flow(8, state=view.FLOW_STATE_CUT_OFF), cursor="c5"))
        to.send(told(flow(8), flow(7), cursor="c6"))
        to.send(told(cursor="c6"))
        to.wait_gone()

    viewer = FakeViewer(answer)
    tail = start_tail(viewer, "~m", "GET")
    tail.wait_lines("/7", count=2)
    tail.signal(signal.SIGINT)
    assert tail.wait() == -signal.SIGINT
    assert [line.rpartition("/")[2] for line in tail.lines] == list("4576887")
    assert [line.split()[2:4] for line in tail.lines[2:]] == [
        ["WS", "open"],
        ["GET", "200"],
        ["GET", "200"],
        ["GET", "200"],
        ["GET", "200"],
    ]
    assert viewer.requests == [
        view.WatchFlowsRequest(filter=view.FlowFilter(expression="~m GET"), limit=10)
    ]


def test_json_of_a_tail_is_every_change():
    def answer(_, to):
        to.send(told(flow(4), cursor="c1", reset=True))
        to.send(told(flow(5, state=LIVE), cursor="c2"))
        to.send(told(flow(5), cursor="c3"))
        to.wait_gone()

    tail = start_tail(FakeViewer(answer), "--json")
    tail.wait_lines('"number":"5"', count=2)
    tail.signal(signal.SIGTERM)
    tail.wait()
    states = [json.loads(line)["state"] for line in tail.lines]
    assert states == ["FLOW_STATE_ENDED", "FLOW_STATE_LIVE", "FLOW_STATE_ENDED"]


def lost(_, to):
    to.send(told(flow(1), cursor="c1", reset=True))


def stopping(_, to):
    lost(_, to)
    to.end("unavailable", "the server is stopping")


def ending(_, to):
    lost(_, to)
    to.end()


@pytest.mark.parametrize("first", [lost, stopping, ending])
def test_a_tail_goes_on_at_its_cursor_when_the_server_is_back(first):
    def second(_, to):
        to.send(told(flow(2), cursor="c2"))
        to.wait_gone()

    viewer = FakeViewer(first, second)
    tail = start_tail(viewer)
    tail.wait_lines("/2")
    tail.signal(signal.SIGTERM)
    tail.wait()
    assert [r.cursor for r in viewer.requests] == ["", "c1"]
    flows = [line for line in tail.lines if "mitmflow: " not in line]
    assert [line[-1] for line in flows] == ["1", "2"]
    said = [line for line in tail.lines if "mitmflow: " in line]
    assert said[1:] == [
        "mitmflow: waiting for the server to come back",
        "mitmflow: the server is back",
    ]


def test_a_tail_that_cannot_go_on_says_so_and_shows_only_what_is_new():
    def anew(_, to):
        to.send(told(flow(1), flow(2), cursor="d1", reset=True))
        to.wait_gone()

    tail = start_tail(FakeViewer(lost, anew))
    tail.wait_lines("/2")
    tail.signal(signal.SIGTERM)
    tail.wait()
    assert any("flows may be missing here" in line for line in tail.lines)
    assert [line[-1] for line in tail.lines if "GET" in line] == ["1", "2"]


def test_a_tail_ends_when_the_server_refuses_it():
    fault = view.FilterError(message="unknown", position=0, length=2)
    status, stdout, stderr = run(
        "tail",
        "--server",
        FakeViewer(refusal("invalid_argument", "the filter", fault)).url,
        "~q~",
    )
    assert (status, stdout) == (USAGE, "")
    assert stderr.endswith("  ~q~\n  ^~\n")


def test_a_tail_whose_reader_has_gone_ends_with_the_next_word_of_the_server():
    """A heartbeat is enough: no flow need come."""
    heartbeat = threading.Event()

    def answer(_, to):
        to.send(told(flow(1), cursor="c1", reset=True))
        assert heartbeat.wait(DEADLINE_S)
        to.send(told(cursor="c1"))
        to.wait_gone()

    reader, writer = os.pipe()
    tail = subprocess.Popen(
        [BINARY, "tail", "--server", FakeViewer(answer).url],
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    assert os.read(reader, 4096).endswith(b"/1\n")
    os.close(reader)
    heartbeat.set()
    _, stderr = tail.communicate(timeout=DEADLINE_S)
    assert (tail.returncode, stderr) == (DONE, b"")
