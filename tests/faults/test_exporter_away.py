"""No server for a long time: what waits on disk, what that costs, and what is
lost when there is no room."""

import subprocess
import time

import pytest
from arrival import check_all_arrives
from harness.process import DEADLINE_S
from harness.watch import Watch
from tmpfs import MOUNT, can_mount
from recorder import Recorder
from traffic import check, check_content, content, flows_of, is_spool_empty, wait_there

pytestmark = pytest.mark.timeout(0)

MEMORY_MAX_KIB = 32 << 10

# After kill -9 of mitmdump what came so late may be lost.
LATE_S = 0.5

# Of the proxy without an exporter: it has come to its own by then.
OWN_FLOWS = 3000


def own_memory_kib(start_proxy, start_load):
    proxy = start_proxy(script=None)
    start_load(proxy, name="own", limit=OWN_FLOWS).join()
    memory = proxy.memory_kib()
    proxy.stop()
    return memory


def test_a_proxy_stays_small_while_its_server_is_away_and_all_arrives_later(
    start_server, start_proxy, start_load, port, rounds, tmp_path
):
    own = own_memory_kib(start_proxy, start_load)
    addr = f"127.0.0.1:{port}"
    proxy = start_proxy(f"grpc_addr=http://{addr}")
    load = start_load(proxy, limit=1000 * rounds)
    load.join()
    away = proxy.memory_kib()
    server = start_server(addr=addr)
    wait_there(server, set(load.answered), deadline_s=60 + rounds * 5)
    at_last = proxy.memory_kib()
    proxy.stop()
    print(f"{len(load.answered)} flows: {own} KiB without, {away} away, {at_last} at last")
    check(server, set(load.answered), load.asked)
    assert away - own <= MEMORY_MAX_KIB
    assert at_last - own <= MEMORY_MAX_KIB
    assert is_spool_empty(tmp_path)


class Published:
    """A server of the published schema, which has no Hello: what it is sent
    replaces what it has by the flow's id."""

    def __init__(self, port):
        self.whole = {}  # token: ids of the flows that came whole
        self.strange = []
        self.recorder = Recorder(port=port, takes_raw=False)
        self.recorder.on_message = self._take

    def _take(self, message, context):
        flow = message.flow.http_flow
        token = flow.request.url.rpartition("/")[2]
        said = flow.request.content, flow.response.content
        if said == (content(token, "asks"), content(token, "answers")):
            self.whole.setdefault(token, set()).add(flow.id)
        elif flow.response.content:
            self.strange.append(token)
        self.recorder.messages.clear()


def test_a_server_of_the_published_schema_gets_what_waited_for_it(
    start_proxy, start_load, port, rounds, tmp_path
):
    own = own_memory_kib(start_proxy, start_load)
    proxy = start_proxy(f"grpc_addr=http://127.0.0.1:{port}")
    load = start_load(proxy, limit=100 * rounds)
    load.join()
    server = Published(port)
    try:
        server.recorder.wait(
            lambda: server.whole.keys() == load.answered.keys(), deadline_s=60 + rounds
        )
        memory = proxy.memory_kib()
        proxy.stop()
    finally:
        server.recorder.stop()
    print(f"{len(load.answered)} flows: {own} KiB without, {memory} with")
    assert not server.strange
    assert all(len(ids) == 1 for ids in server.whole.values())
    assert memory - own <= MEMORY_MAX_KIB
    assert is_spool_empty(tmp_path)


def test_what_a_clean_end_leaves_is_sent_by_the_next_start(
    start_server, start_proxy, start_load, start_talks, port, tmp_path
):
    addr = f"127.0.0.1:{port}"
    proxy = start_proxy(f"grpc_addr=http://{addr}")
    load, talks = start_load(proxy), start_talks(proxy)
    load.wait_answered(300)
    load.stop()
    talks.stop()
    proxy.stop()
    assert not is_spool_empty(tmp_path)
    server = start_server(addr=addr)
    proxy = start_proxy(f"grpc_addr=http://{addr}")
    check_all_arrives(server, proxy, load, talks, tmp_path)


def test_two_proxies_that_share_a_folder_do_not_disturb_each_other(
    start_server, start_proxy, start_load, port, tmp_path
):
    addr = f"127.0.0.1:{port}"
    first, second = (start_proxy(f"grpc_addr=http://{addr}") for _ in range(2))
    loads = [start_load(first, name="first"), start_load(second, name="second")]
    for load in loads:
        load.wait_answered(200)
    until = time.monotonic()
    loads[0].wait_seconds(2 * LATE_S)
    first.kill()
    must = {token for token, at in loads[0].answered.items() if at < until}
    loads[0].stop()
    # It adopts what the first left, and leaves alone what the second has.
    third = start_proxy(f"grpc_addr=http://{addr}")
    loads.append(start_load(third, name="third"))
    for load in loads[1:]:
        load.wait_answered(50)
        must |= load.stop()
    server = start_server(addr=addr)
    wait_there(server, must)
    for proxy in second, third:
        proxy.stop()
    check(server, must, set().union(*(load.asked for load in loads)))
    assert is_spool_empty(tmp_path)


def losses_of(server):
    return list(Watch(server).catch_up().losses.values())


def check_lost(server, load):
    """What is not there was told as lost, with its times."""
    found = flows_of(server)
    missing = [token for token in load.answered if token not in found]
    losses = losses_of(server)
    told = sum(loss.count for loss in losses)
    assert 0 < len(missing) <= told, f"{len(missing)} are missing, {told} told"
    # A flow may have been written before its end and after it.
    assert told <= 3 * len(missing), f"{len(missing)} are missing, {told} told"
    assert all(loss.reason for loss in losses)
    for token in missing:
        at = load.answered_at[token]
        # It was answered a little after it was told.
        assert any(
            getattr(loss, "from").ToNanoseconds() <= at
            and at - 10**9 <= loss.to.ToNanoseconds()
            for loss in losses
        ), f"{token} is in the time of no loss"
    doubled = [token for token, flows in found.items() if len(flows) > 1]
    assert not doubled
    for token in found.keys() & load.answered.keys():
        check_content(server, token, found[token][0])
    return missing


def test_a_full_spool_gives_up_the_oldest_and_tells_how_many(
    start_server, start_proxy, start_load, port, tmp_path
):
    addr = f"127.0.0.1:{port}"
    proxy = start_proxy(f"grpc_addr=http://{addr}", "grpc_spool_max=2MiB")
    load = start_load(proxy, limit=6000)
    load.join()
    server = start_server(addr=addr)
    newest = max(load.answered, key=load.answered.get)
    wait_there(server, {newest})
    proxy.stop()
    missing = check_lost(server, load)
    # The oldest they were.
    last = max(load.answered[token] for token in missing)
    older = [token for token, at in load.answered.items() if at <= last]
    assert len(missing) > 0.9 * len(older)
    assert is_spool_empty(tmp_path)


def listed(proxy, folder):
    """What `ls` says of a folder in the proxy's own mounts."""
    command = ["nsenter", f"--target={proxy.process.popen.pid}", "--mount", "ls", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    return done.stdout


def test_a_full_disk_gives_up_the_oldest_and_tells_how_many(
    start_server, start_proxy, start_load, port, tmp_path
):
    if not can_mount(tmp_path):
        pytest.skip("needs root, unshare and nsenter for a tmpfs of its own")
    addr = f"127.0.0.1:{port}"
    disk = tmp_path / "disk"
    disk.mkdir()
    proxy = start_proxy(
        f"grpc_addr=http://{addr}",
        f"grpc_spool_dir={disk}/spool",
        wrap=["unshare", "--mount", "sh", "-c", MOUNT.format(size="2m"), disk],
    )
    load = start_load(proxy, limit=6000)
    load.join()
    server = start_server(addr=addr)
    newest = max(load.answered, key=load.answered.get)
    wait_there(server, {newest})
    # Its own mount is gone with it; what was kept goes once it is acknowledged.
    until = time.monotonic() + DEADLINE_S
    while ".seg" in (files := listed(proxy, disk / "spool")):
        assert time.monotonic() < until, files
        time.sleep(0.05)
    proxy.stop()
    check_lost(server, load)
    assert ".lock" in files
