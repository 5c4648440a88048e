"""A full disk: ingest is refused and comes back, viewers go on reading."""

import os
import subprocess
import time

import grpc
import pytest
from harness import build
from harness.process import DEADLINE_S
from harness.server import BINARY
from tmpfs import MOUNT, can_mount

class SmallDisk:
    """A server on a tmpfs of its own, which only it sees."""

    def __init__(self, start_server, data_dir, size):
        data_dir.mkdir()
        self._data_dir = data_dir
        wrap = ["unshare", "--mount", "sh", "-c", MOUNT.format(size=size), data_dir]
        self.server = start_server(data_dir=data_dir, wrap=wrap)

    def run(self, *arguments):
        pid = self.server.process.popen.pid
        return subprocess.run(
            ["nsenter", f"--target={pid}", "--mount", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def grow(self, size):
        result = self.run("mount", "-o", f"remount,size={size}", self._data_dir)
        assert result.returncode == 0, result.stderr

    def check(self):
        return self.run(BINARY, "check", "--data-dir", self._data_dir)


@pytest.fixture
def small_disk(start_server, tmp_path):
    if not can_mount(tmp_path):
        pytest.skip("needs root, unshare and nsenter for a tmpfs of its own")
    return SmallDisk(start_server, tmp_path / "small", "24m")


def send(server, name):
    """The ids of one call of 20 flows that no compression makes small, or the
    error that it ended with."""
    ids = [f"{name}-{n}" for n in range(20)]
    messages = [
        build.http(f"http://{flow_id}/", flow_id=flow_id, body=os.urandom(20000))
        for flow_id in ids
    ]
    try:
        answer = server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)
    except grpc.RpcError as error:
        return [], error
    assert answer.flows_processed == len(ids)
    return ids, None


def send_until(server, name, is_enough):
    """Calls until `is_enough(error)`; the ids that were acknowledged."""
    acknowledged = []
    until = time.monotonic() + DEADLINE_S
    for call in range(1000):
        ids, error = send(server, f"{name}-{call}")
        acknowledged += ids
        if is_enough(error):
            return acknowledged
        assert time.monotonic() < until, f"{error} after {len(acknowledged)} flows"
    raise AssertionError(f"{len(acknowledged)} flows and nothing happened")


def is_refused(error):
    return error is not None and error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_full_disk_refuses_flows_until_there_is_room(small_disk):
    server = small_disk.server
    acknowledged = send_until(server, "before", is_refused)
    assert acknowledged
    # Viewers go on reading, the flows' contents too.
    flows = {flow.id: flow for flow in server.flows()}
    for flow_id in acknowledged[::50]:
        whole = server.flow(flows[flow_id])
        assert len(whole.http_flow.response.content) == 20000
    small_disk.grow("200m")
    acknowledged += send_until(server, "after", lambda error: error is None)
    flows = [flow.id for flow in server.flows()]
    assert len(flows) == len(set(flows))
    assert set(acknowledged) <= set(flows)
    result = small_disk.check()
    assert (result.returncode, result.stdout.count("\n")) == (0, 1), result.stdout
    server.process.wait_lines("flows are written again")
