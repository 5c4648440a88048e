"""A damaged page of flows.db: told by `check` and in the log, and the rest is
served."""

import contextlib
import random
import sqlite3

import grpc
import pytest
from harness import build, command
from harness.process import DEADLINE_S

FLOWS = 600


def text_of(n):
    """Random, so that no two frames have bytes in common."""
    chance = random.Random(n)
    return " ".join(f"word{chance.randrange(10**6)}" for _ in range(400)).encode()


def fill(server):
    """Flows, enough of them for blocks."""
    messages = (
        build.http(f"http://host/{n}", flow_id=f"flow-{n}", body=text_of(n))
        for n in range(FLOWS)
    )
    server.ingest.ExportFlow(messages, timeout=DEADLINE_S)


@pytest.fixture
def damaged(start_server):
    """A data directory with a damaged frame, the block's frames, and the
    numbers of the flows in that block."""
    server = start_server()
    fill(server)
    server.stop()
    file = server.data_dir / "flows.db"
    with contextlib.closing(sqlite3.connect(file)) as database:
        frame, frames, data = database.execute(
            "SELECT frame, frames, data FROM block ORDER BY frame LIMIT 1"
        ).fetchone()
        numbers = {
            number
            for (number,) in database.execute(
                "SELECT number FROM flow WHERE frame BETWEEN ? AND ?",
                (frame, frame + frames - 1),
            )
        }
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    piece = data[len(data) // 3 :][:64]
    at = content.find(piece)
    assert at > 0
    content[at : at + 16] = bytes(byte ^ 0xFF for byte in content[at : at + 16])
    file.write_bytes(content)
    return server.data_dir, range(frame, frame + frames), numbers


def test_check_tells_a_damaged_frame(damaged):
    data_dir, frames, _ = damaged
    status, stdout, _ = command.run("check", "--data-dir", data_dir)
    assert status == command.FAILED
    assert any(f"frame {frame}: block: " in stdout for frame in frames), stdout
    assert stdout.splitlines()[-1].endswith("faults")


def test_what_is_not_damaged_is_served(damaged, start_server):
    data_dir, _, numbers = damaged
    server = start_server(data_dir=data_dir)
    flows = server.flows()
    assert len(flows) == FLOWS
    lost = 0
    for flow in flows:
        try:
            whole = server.flow(flow)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.DATA_LOSS
            assert flow.number in numbers
            lost += 1
        else:
            n = int(flow.id.split("-")[1])
            assert whole.http_flow.response.content == text_of(n)
    assert 0 < lost < FLOWS
    server.process.wait_lines("request failed")
    # Flows come in as before.
    server.ingest.ExportFlow(iter([build.http(flow_id="new")]), timeout=DEADLINE_S)
    assert len(server.flows()) == FLOWS + 1
