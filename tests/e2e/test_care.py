"""mitmflow check and mitmflow backup, and what a deletion leaves behind."""

import contextlib
import random
import sqlite3
import stat
import threading

import pytest
from harness import build, command
from harness.process import DEADLINE_S
from harness.schema import proxy, view
from harness.wait import wait_until

MARKER = b"the-marker-that-must-go"


def text_of(n):
    return " ".join(f"{n}-{word}" for word in range(500)).encode()


def fill(server, first=0, count=600, **more):
    messages = (
        build.http(f"http://host{n % 7}/{n}", flow_id=f"flow-{n}", body=text_of(n), **more)
        for n in range(first, first + count)
    )
    server.ingest.ExportFlow(messages, timeout=DEADLINE_S)


def database_of(server):
    return contextlib.closing(sqlite3.connect(server.data_dir / "flows.db"))


def check(server):
    return command.run("check", "--data-dir", server.data_dir)


# ---- check ----


def test_check_finds_no_fault_beside_a_server(server):
    fill(server)
    messages = [
        build.request("tcp", proxy.EVENT_TYPE_TCP_START, flow_id="tcp"),
        *(build.append("tcp", "tcp", n, [b"message"]) for n in range(20)),
    ]
    server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)
    status, stdout, stderr = check(server)
    assert (status, stderr) == (command.DONE, ""), stdout
    assert stdout.startswith(f"{server.data_dir}: 601 flows, ")
    assert stdout.endswith(": no fault\n")
    server.stop()
    status, stdout, _ = check(server)
    assert status == command.DONE, stdout


def test_check_finds_no_fault_while_flows_come_in(server):
    stop = threading.Event()

    def send():
        for n in range(1000):
            fill(server, n * 40, 40)
            if stop.is_set():
                return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for _ in range(3):
            status, stdout, _ = check(server)
            assert status == command.DONE, stdout
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE store SET flow_count = flow_count + 1", "it counts"),
        ("UPDATE store SET pinned_count = 1", "pinned"),
        ("DELETE FROM flow WHERE number = 5", "dead"),
        ("UPDATE flow SET slot = slot + 1 WHERE number = 5", "flow 5: frame"),
        ("UPDATE flow SET status = 404 WHERE number = 6", "flow 6: status"),
        ("UPDATE flow SET url = 'http://other/' WHERE number = 6", "flow 6: URL"),
        ("UPDATE flow SET change = 999999 WHERE number = 6", "flow 6: a change"),
        ("UPDATE flow SET host = 60000 WHERE number = 6", "flow 6: name"),
        ("DELETE FROM name WHERE kind = 1", "name"),
        ("DELETE FROM unsealed WHERE frame = 1", "frame 1: its signature is missing"),
        (
            "UPDATE unsealed SET signature = (SELECT signature FROM unsealed WHERE frame = 2)"
            " WHERE frame = 1",
            "frame 1: its signature is not",
        ),
        ("UPDATE block SET ceiling = 1 WHERE frame = 1", "ceiling"),
        ("UPDATE block SET entries = entries + 1 WHERE frame = 1", "block 1: its row counts"),
        ("UPDATE block SET data = substr(data, 1, 1000) WHERE frame = 1", "1: "),
        ("INSERT OR REPLACE INTO block_dead VALUES (1, 3, 0)", "block 1: it counts"),
        ("DELETE FROM block WHERE frame = 1", "does not have its snapshot"),
        ("DELETE FROM recent", "its snapshot is nowhere"),
        ("INSERT INTO recent VALUES (5, '', 0, 0, x'00')", "in `recent` and in frame"),
        ("INSERT INTO recent VALUES (99999, '', 0, 0, x'00')", "there is no such flow"),
        ("INSERT INTO piece VALUES (99999, 0, 1, 0, 0, x'')", "there is no such flow"),
        ("INSERT INTO tombstone VALUES (999999, 1, NULL)", "tombstone"),
        ("INSERT INTO stale VALUES (99999)", "stale"),
    ],
)
def test_check_tells_what_does_not_agree(start_server, damage, words):
    server = start_server()
    fill(server)
    server.stop()
    with database_of(server) as database:
        assert database.execute(damage).rowcount > 0
        database.commit()
    status, stdout, stderr = check(server)
    assert (status, stderr) == (command.FAILED, "")
    lines = stdout.splitlines()
    assert any(words in line for line in lines[:-1]), stdout
    assert lines[-1].endswith("faults")


def test_check_tells_wrong_usage_and_missing_data(tmp_path):
    assert command.run("check", "stray")[0] == command.USAGE
    assert command.run("check", "--nothing")[0] == command.USAGE
    status, stdout, stderr = command.run("check", "--data-dir", tmp_path)
    assert (status, stdout) == (command.FAILED, "")
    assert stderr == f"mitmflow: {tmp_path}/flows.db: No such file or directory\n"
    (tmp_path / "flows.db").write_bytes(b"precious " * 1000)
    status, stdout, stderr = command.run("check", "--data-dir", tmp_path)
    assert (status, stdout, stderr.count("\n")) == (command.FAILED, "", 1)
    status, stdout, _ = command.run("check", "--help")
    assert status == command.DONE
    assert "--data-dir" in stdout


# ---- backup ----


def epoch_of(server):
    """Of the cursor that a viewer is given."""
    watch = server.viewer.WatchFlows(view.WatchFlowsRequest(), timeout=DEADLINE_S)
    cursor = next(told.cursor for told in watch if told.cursor)
    watch.cancel()
    return cursor.split(".")[0]


def test_a_backup_is_a_database_of_its_own(start_server, tmp_path):
    server = start_server()
    fill(server)
    file = tmp_path / "copy" / "flows.db"
    file.parent.mkdir()
    status, stdout, stderr = command.run("backup", file, "--data-dir", server.data_dir)
    assert (status, stderr) == (command.DONE, "")
    assert stdout.startswith(f"{file}: 600 flows, ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["flows.db"]
    fill(server, 600, 1)
    copy = start_server(data_dir=file.parent)
    assert len(copy.flows()) == 600
    assert epoch_of(copy) != epoch_of(server)
    newest = copy.flows(limit=1)[0]
    assert copy.flow(newest).http_flow.response.content == text_of(599)
    assert check(copy)[0] == command.DONE


def test_a_backup_overwrites_nothing(server, tmp_path):
    file = tmp_path / "precious"
    file.write_text("precious")
    status, stdout, stderr = command.run("backup", file, "--data-dir", server.data_dir)
    assert (status, stdout) == (command.FAILED, "")
    assert stderr == f"mitmflow: {file}: File exists\n"
    assert file.read_text() == "precious"
    status, _, stderr = command.run("backup", tmp_path / "no" / "copy", "--data-dir", server.data_dir)
    assert (status, stderr.count("\n")) == (command.FAILED, 1)
    assert command.run("backup")[0] == command.USAGE
    assert {path.name for path in tmp_path.iterdir()} == {"data", "precious"}


def test_backups_end_while_flows_come_in(server, tmp_path):
    stop = threading.Event()
    sent = 0

    def send():
        nonlocal sent
        while not stop.is_set():
            fill(server, sent, 100)
            sent += 100

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for n in range(5):
            folder = tmp_path / f"copy-{n}"
            folder.mkdir()
            before = sent
            status, stdout, _ = command.run(
                "backup", folder / "flows.db", "--data-dir", server.data_dir
            )
            assert status == command.DONE
            assert int(stdout.split(": ")[1].split()[0]) >= before
            status, stdout, _ = command.run("check", "--data-dir", folder)
            assert status == command.DONE, stdout
    finally:
        stop.set()
        thread.join()


# ---- what a deletion leaves ----


def files_with_marker(server):
    return [
        file.name for file in server.data_dir.iterdir() if MARKER in file.read_bytes().lower()
    ]


def wait_gone(server):
    wait_until(
        lambda: not files_with_marker(server), 60, lambda: files_with_marker(server)
    )


def marked(flow_id="marked", body=b"", **more):
    """Its text is in the row, the dictionary of names, and a block."""
    text = MARKER.decode()
    url = f"http://{text}.example/?{text}"
    return build.http(url, flow_id=flow_id, body=MARKER + b" " + body, **more)


def delete(server, *ids):
    request = view.DeleteFlowsRequest(flow_ids=ids)
    assert server.viewer.DeleteFlows(request, timeout=DEADLINE_S).count == len(ids)


def pack(server, first):
    """So many flows that what was there before is in blocks."""
    fill(server, first, 600)


def test_what_a_person_deletes_leaves_the_files(server):
    server.ingest.ExportFlow(iter([marked()]), timeout=DEADLINE_S)
    assert files_with_marker(server)
    delete(server, "marked")
    wait_gone(server)


def test_what_a_person_deletes_leaves_its_block(server):
    fill(server)
    server.ingest.ExportFlow(iter([marked(body=text_of(0))]), timeout=DEADLINE_S)
    pack(server, 600)
    with database_of(server) as database:
        [[frame]] = database.execute("SELECT frame FROM flow WHERE id = 'marked'")
    assert frame > 0
    delete(server, "marked")
    wait_gone(server)
    with database_of(server) as database:
        assert database.execute("SELECT * FROM block_dead WHERE purge").fetchall() == []
        # Its neighbours are all there.
    flows = {flow.id: flow for flow in server.flows()}
    assert len(flows) == 1200
    for n in range(560, 640):
        assert server.flow(flows[f"flow-{n}"]).http_flow.response.content == text_of(n)
    assert check(server)[0] == command.DONE


def test_what_a_person_deletes_leaves_no_older_state(server):
    """It was live, grew, was sent again after it had been packed, had a note,
    and lost its neighbours."""
    fill(server, 0, 300)
    for event in (proxy.EVENT_TYPE_REQUEST, proxy.EVENT_TYPE_RESPONSE):
        server.ingest.ExportFlow(
            iter([marked(body=text_of(1), event=event)]), timeout=DEADLINE_S
        )
    pack(server, 300)
    server.ingest.ExportFlow(iter([marked(body=text_of(2))]), timeout=DEADLINE_S)
    request = view.UpdateFlowRequest(flow_id="marked", note=MARKER.decode())
    server.viewer.UpdateFlow(request, timeout=DEADLINE_S)
    pack(server, 900)
    delete(server, *(f"flow-{n}" for n in range(290, 310)))
    delete(server, "marked")
    wait_gone(server)
    assert check(server)[0] == command.DONE


def test_what_a_person_deletes_leaves_the_pieces_of_a_growing_flow(server):
    messages = [
        build.request("tcp", proxy.EVENT_TYPE_TCP_START, flow_id="tcp"),
        *(build.append("tcp", "tcp", n, [MARKER + b" %d" % n]) for n in range(300)),
    ]
    server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)
    pack(server, 0)
    assert files_with_marker(server)
    delete(server, "tcp")
    wait_gone(server)
    assert check(server)[0] == command.DONE


def test_a_deletion_that_a_kill_cut_short_is_finished_by_the_next_server(start_server):
    server = start_server()
    fill(server)
    server.ingest.ExportFlow(iter([marked(body=text_of(0))]), timeout=DEADLINE_S)
    pack(server, 600)
    delete(server, "marked")
    server.kill()
    server = start_server()
    wait_gone(server)
    assert len(server.flows()) == 1200


def test_evicted_flows_are_counted_and_their_space_comes_back(start_server):
    server = start_server("--max-flows", "500")
    for n in range(10):
        fill(server, 600 * n, 600)
    wait_until(lambda: len(server.flows()) <= 500)
    assert {flow.id for flow in server.flows()} == {f"flow-{n}" for n in range(5500, 6000)}
    status, stdout, _ = check(server)
    assert status == command.DONE, stdout
    with database_of(server) as database:
        [[blocks]] = database.execute("SELECT count(*) FROM block")
        [[flows]] = database.execute("SELECT count(*) FROM flow")
    assert flows == 500
    assert blocks < 30


def pin(server, flow_id):
    request = view.UpdateFlowRequest(flow_id=flow_id, pinned=True)
    server.viewer.UpdateFlow(request, timeout=DEADLINE_S)


def test_flows_that_are_too_old_go_but_for_pinned_ones(start_server):
    server = start_server("--max-age", "1s")
    server.ingest.ExportFlow(iter([build.http(flow_id="pinned")]), timeout=DEADLINE_S)
    pin(server, "pinned")
    # From 1970 by its own account, and just arrived.
    server.ingest.ExportFlow(
        iter([build.http(flow_id="old", start_ns=0), build.http(flow_id="new")]),
        timeout=DEADLINE_S,
    )
    wait_until(lambda: [flow.id for flow in server.flows()] == ["pinned"])
    status, stdout, _ = check(server)
    assert status == command.DONE, stdout


def test_the_data_stay_within_their_size(start_server):
    limit = 16 << 20
    server = start_server("--max-size", str(limit))
    fill(server, 0, 1)
    pin(server, "flow-0")
    for n in range(40):
        messages = (
            build.http(f"http://host/{n}/{k}", body=random.Random(n * 100 + k).randbytes(20000))
            for k in range(100)
        )
        server.ingest.ExportFlow(messages, timeout=DEADLINE_S)

    def size():
        return sum(file.stat().st_size for file in server.data_dir.iterdir())

    wait_until(lambda: size() <= limit)
    flows = server.flows()
    assert flows[-1].id == "flow-0"
    assert len(flows) > 100, "more went than had to"
    status, stdout, _ = check(server)
    assert status == command.DONE, stdout
