"""`mitmflow export` and `mitmflow import`, of a data directory and of a
running server."""

import json
import shutil
import subprocess

import pytest
from harness import build, har_schema, schema
from harness.command import DONE, FAILED, USAGE, run
from harness.process import DEADLINE_S
from harness.schema import proxy, view


def feed(server, *messages):
    return server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


def flow_messages():
    return [
        build.http("http://a.example/one", flow_id="one", body=b"a needle in here"),
        build.http("http://a.example/two", flow_id="two", method="POST", status=503),
        build.http("http://b.example/three", flow_id="three", body=bytes(range(256))),
        build.request("tcp", proxy.EVENT_TYPE_TCP_END, flow_id="tcp"),
        build.request("dns", proxy.EVENT_TYPE_DNS_RESPONSE, flow_id="dns"),
    ]


@pytest.fixture
def some(server):
    feed(server, *flow_messages())
    server.viewer.UpdateFlow(
        view.UpdateFlowRequest(flow_id="two", note="look here"), timeout=DEADLINE_S
    )
    return server


def urls(text):
    return [entry["request"]["url"] for entry in json.loads(text)["log"]["entries"]]


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


ALL_URLS = ["http://a.example/one", "http://a.example/two", "http://b.example/three"]
LEFT_OUT = (
    "mitmflow: left out: flow type tcp (of 1 flows; the first is number 4)\n"
    "mitmflow: left out: flow type dns (of 1 flows; the first is number 5)\n"
)


def listed(server):
    flows = server.viewer.GetFlows(view.GetFlowsRequest(), timeout=DEADLINE_S)
    return [answer.flow for answer in flows]


# ---- export ----


def test_a_running_server_is_asked(some):
    status, stdout, stderr = run("export", "--server", some.url)
    assert (status, stderr) == (DONE, LEFT_OUT)
    assert urls(stdout) == ALL_URLS


def test_a_data_directory_is_read_without_a_server(some, tmp_path):
    some.stop()
    status, stdout, stderr = run("export", "--data-dir", some.data_dir)
    assert (status, stderr) == (DONE, LEFT_OUT)
    assert urls(stdout) == ALL_URLS
    status, stdout, stderr = run(
        "export", "--data-dir", some.data_dir, "-filter", "needle", "-format=jsonl"
    )
    assert (status, stderr) == (DONE, "")
    assert [flow["httpFlow"]["id"] for flow in lines(stdout)] == ["one"]


def test_a_directory_that_a_server_has_says_how_to_ask_it(some):
    status, stdout, stderr = run("export", "--data-dir", some.data_dir)
    assert (status, stdout) == (FAILED, "")
    assert "a server has it" in stderr and "--server" in stderr


def test_a_directory_without_flows_is_not_made_one(tmp_path):
    status, _, stderr = run("export", "--data-dir", tmp_path / "none")
    assert status == FAILED and "no flows are kept there" in stderr
    assert not (tmp_path / "none").exists()


def test_a_file_appears_when_it_is_whole(some, tmp_path):
    file = tmp_path / "flows.har"
    status, stdout, _ = run("export", "--server", some.url, "-o", file)
    assert (status, stdout) == (DONE, "")
    assert urls(file.read_text()) == ALL_URLS
    assert file.stat().st_mode & 0o777 == 0o600
    status, _, _ = run("export", "--server", some.url, "-filter", "~", "-o", tmp_path / "no")
    assert status == USAGE
    assert [path.name for path in tmp_path.iterdir() if "no" in path.name] == []


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--format", "exe"], "--format takes har, "),
        (["--mitm-version", "x"], "--mitm-version takes a whole number"),
        (["--filter", "~"], "the filter is wrong"),
        (["word"], "unexpected argument"),
        (["--server", "ftp://x"], "is no server"),
    ],
)
def test_wrong_usage_is_told(arguments, words, tmp_path):
    status, stdout, stderr = run("export", *arguments)
    assert (status, stdout) == (USAGE, "")
    assert words in stderr


def test_a_server_that_is_away_is_told():
    status, _, stderr = run("export", "--server", "http://127.0.0.1:1")
    assert status == FAILED and "cannot ask" in stderr


# ---- import ----


@pytest.fixture
def saved(some, tmp_path):
    """Files of the flows of a server."""
    files = {}
    for name in ("har", "jsonl"):
        files[name] = tmp_path / f"saved.{name}"
        assert run("export", "--server", some.url, "--format", name, "-o", files[name])[0] == DONE
    return files


def normalized(server, flow_id, source):
    [number] = [
        flow.number for flow in listed(server) if (flow.id, flow.source) == (flow_id, source)
    ]
    flow = server.viewer.GetFlow(
        view.GetFlowRequest(number=number), timeout=DEADLINE_S
    ).flow
    flow.ClearField("summary")
    flow.ClearField("note")
    return flow


def test_lines_go_into_another_server_and_are_the_same(some, saved, start_server, tmp_path):
    other = start_server(data_dir=tmp_path / "other")
    status, stdout, stderr = run("import", saved["jsonl"], "--server", other.url)
    assert (status, stdout) == (DONE, f"{saved['jsonl']}: 5 flows (JSON lines)\n")
    assert stderr == "mitmflow: left out: 1 notes, which only --data-dir takes\n"
    for flow_id in ("one", "two", "three", "tcp", "dns"):
        assert normalized(other, flow_id, "import:saved.jsonl") == normalized(some, flow_id, "")
    assert all(flow.state == view.FLOW_STATE_ENDED for flow in listed(other))


def test_entries_without_a_time_of_their_own_are_counted(tmp_path):
    request = {"method": "GET", "url": "http://a.example/"}
    entries = [
        {"startedDateTime": "2026-11-28T10:12:13Z", "request": request},
        {"startedDateTime": "soon", "request": request},
    ]
    path = tmp_path / "untimed.har"
    path.write_text(json.dumps({"log": {"entries": entries}}))
    status, stdout, stderr = run("import", path, "--data-dir", tmp_path / "data")
    assert (status, stderr) == (DONE, "")
    assert stdout == (
        f"{path}: 2 flows (HAR)\n"
        f"{path}: 1 of them without a time of their own: they have that of the flow before\n"
    )


def test_an_import_that_is_repeated_doubles_nothing(saved, server):
    for _ in range(2):
        assert run("import", saved["har"], "--server", server.url)[0] == DONE
    imported = [flow for flow in listed(server) if flow.source == "import:saved.har"]
    assert sorted(flow.id for flow in imported) == ["one", "three", "two"]


def test_a_data_directory_takes_files_with_their_notes(saved, start_server, tmp_path):
    data = tmp_path / "fresh"
    status, stdout, stderr = run("import", saved["har"], saved["jsonl"], "--data-dir", data)
    assert (status, stderr) == (DONE, "")
    assert stdout == (
        f"{saved['har']}: 3 flows (HAR)\n{saved['jsonl']}: 5 flows (JSON lines)\n"
    )
    server = start_server(data_dir=data)
    notes = {(flow.source, flow.id): flow.note for flow in listed(server)}
    assert len(notes) == 8
    assert notes["import:saved.har", "two"] == "look here"
    assert notes["import:saved.jsonl", "two"] == "look here"
    assert notes["import:saved.jsonl", "one"] == ""


def test_a_data_directory_that_a_server_has_is_refused(saved, server):
    status, _, stderr = run("import", saved["har"], "--data-dir", server.data_dir)
    assert status == FAILED and "a server has it" in stderr and "--server" in stderr


@pytest.mark.parametrize("to_server", [True, False])
def test_a_bad_file_names_the_flow_and_what_came_in_before(
    saved, start_server, tmp_path, to_server
):
    bad = tmp_path / "bad.jsonl"
    good = saved["jsonl"].read_bytes().splitlines(keepends=True)[:2]
    bad.write_bytes(b"".join(good) + b'{"httpFlow":{"id":7}}\n')
    data = tmp_path / "fresh"
    target = ["--data-dir", data]
    if to_server:
        server = start_server(data_dir=data)
        target = ["--server", server.url]
    status, stdout, stderr = run("import", bad, *target)
    assert (status, stdout) == (FAILED, "")
    at = sum(map(len, good))
    assert f'{bad}: flow 3, byte {at}: "id" is not a string; 2 flows before it' in stderr
    if not to_server:
        server = start_server(data_dir=data)
    assert sorted(flow.id for flow in listed(server)) == ["one", "two"]


def test_what_is_no_file_of_flows_is_told(tmp_path):
    text = tmp_path / "text"
    text.write_text("hello")
    for path, words in [
        (text, "not a file that can be read here; these can: HAR, JSON lines"),
        (tmp_path / "none", "No such file"),
        (tmp_path, "Is a directory"),
    ]:
        status, _, stderr = run("import", path, "--data-dir", tmp_path / "data")
        assert status == FAILED and words in stderr
    assert run("import")[0] == USAGE


def test_an_empty_file_is_a_mitm_file_without_flows(tmp_path):
    empty = tmp_path / "empty.mitm"
    empty.touch()
    status, stdout, stderr = run("import", empty, "--data-dir", tmp_path / "data")
    assert (status, stderr) == (0, "")
    assert stdout == f"{empty}: 0 flows (mitmproxy's flow file)\n"


# ---- with a browser ----

HARS = schema.ROOT / "tests" / "golden" / "har"


def test_a_har_that_a_browser_made_is_read(tmp_path):
    data = tmp_path / "data"
    status, stdout, _ = run("import", HARS / "chromium.har", "--data-dir", data)
    assert (status, stdout) == (DONE, f"{HARS / 'chromium.har'}: 6 flows (HAR)\n")
    flows = [
        flow["httpFlow"]
        for flow in lines(run("export", "--data-dir", data, "--format", "jsonl")[1])
    ]
    theirs = json.loads((HARS / "chromium.har").read_text())["log"]["entries"]
    assert [flow["request"]["url"] for flow in flows] == [
        entry["request"]["url"] for entry in theirs
    ]
    assert flows[1]["response"]["content"] == '{"a":[1,2,"ü"]}'
    assert flows[2]["response"]["contentBase64"] == "AAH+/w=="
    assert flows[3]["response"]["content"] == "zipped " * 20
    assert flows[4]["request"]["content"] == "k=v+%26&l="
    assert "response" not in flows[5]
    cookies = [
        field["value"]
        for field in flows[0]["response"]["headerFields"]
        if field["name"].lower() == "set-cookie"
    ]
    assert cookies == ["a=1; Path=/; HttpOnly", "b=2; Max-Age=60"]


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not here")
def test_a_browser_opens_our_har(tmp_path):
    data, ours = tmp_path / "data", tmp_path / "ours.har"
    assert run("import", HARS / "chromium.har", "--data-dir", data)[0] == DONE
    assert run("export", "--data-dir", data, "-o", ours)[0] == DONE
    har = json.loads(ours.read_text())
    har_schema.check(har)
    urls = [entry["request"]["url"] for entry in har["log"]["entries"]]
    out = subprocess.run(
        ["node", HARS / "open.mjs", ours, *urls[:4]],
        capture_output=True, timeout=DEADLINE_S, check=True,
    ).stdout
    got = json.loads(out)
    assert got.pop("title") == "héllo"
    assert [bytes(got[url]["bytes"]) for url in urls[1:4]] == [
        '{"a":[1,2,"ü"]}'.encode(),
        b"\0\1\xfe\xff",
        b"zipped " * 20,
    ]
