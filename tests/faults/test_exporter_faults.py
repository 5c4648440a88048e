"""What happens to a server, a connection or a mitmdump while requests come:
each of them reaches the server, once and whole."""

import os
import random
import shutil
import signal

import pytest
from arrival import check_all_arrives
from cutter import Cutter
from harness import mitmdump, sockets
from talks import check_talks
from traffic import check, is_spool_empty, wait_there

# After kill -9 of mitmdump what came so late may be lost.
LATE_S = 0.5

pytestmark = pytest.mark.timeout(0)


def test_a_server_that_is_restarted_again_and_again_gets_every_flow_once(
    start_server, start_proxy, start_load, start_talks, port, rounds, tmp_path
):
    addr = f"127.0.0.1:{port}"
    server = start_server(addr=addr)
    proxy = start_proxy(f"grpc_addr=http://{addr}")
    load, talks = start_load(proxy), start_talks(proxy)
    load.wait_answered(50)
    for number in range(max(2, rounds // 10)):
        if number % 2:
            server.kill()
        else:
            server.stop()
        load.wait_answered(100)
        server = start_server(addr=addr)
        load.wait_answered(100)
    check_all_arrives(server, proxy, load, talks, tmp_path)


def test_a_server_that_is_frozen_for_a_while_gets_every_flow_once(
    start_server, start_proxy, start_load, start_talks, rounds, tmp_path
):
    server = start_server()
    proxy = start_proxy(f"grpc_addr={server.url}")
    load, talks = start_load(proxy), start_talks(proxy)
    load.wait_answered(50)
    server.process.signal(signal.SIGSTOP)
    try:
        load.wait_seconds(rounds * 0.3)
    finally:
        server.process.signal(signal.SIGCONT)
    load.wait_answered(50)
    check_all_arrives(server, proxy, load, talks, tmp_path)


def test_connections_that_are_cut_in_mid_frame_lose_nothing(
    start_server, start_proxy, start_load, start_talks, rounds, tmp_path
):
    server = start_server()
    chance = random.Random(rounds)
    cuts = iter([chance.randrange(1, 60000) for _ in range(max(3, rounds // 4))])
    count = rounds // 4
    cutter = Cutter((server.host, server.port), lambda: next(cuts, None))
    proxy = start_proxy(f"grpc_addr={cutter.url}")
    load, talks = start_load(proxy), start_talks(proxy)
    cutter.wait_cuts(count)
    load.wait_answered(50)
    check_all_arrives(server, proxy, load, talks, tmp_path)
    cutter.close()


def kill_under_load(proxy, load, chance):
    """kill -9 at some moment; when that was, as far as its clients know."""
    load.wait_answered(chance.randrange(100, 400))
    load.wait_seconds(2 * LATE_S)
    proxy.kill()
    return max(load.answered.values())


@pytest.mark.parametrize("is_away", [False, True], ids=["connected", "server away"])
def test_a_killed_mitmdump_loses_at_most_its_last_half_second(
    start_server, start_proxy, start_load, start_talks, port, rounds, is_away, tmp_path
):
    addr = f"127.0.0.1:{port}"
    server = start_server(addr=addr)
    chance = random.Random(rounds)
    ports = sockets.free_port(), sockets.free_port()
    must, may, conversations = set(), set(), []
    if is_away:
        # What it takes is known from then on.
        proxy = start_proxy(f"grpc_addr=http://{addr}", ports=ports)
        proxy.process.wait_lines("exporting to")
        proxy.stop()
        server.stop()
    for number in range(max(2, rounds // 10)):
        proxy = start_proxy(f"grpc_addr=http://{addr}", ports=ports)
        load = start_load(proxy, name=f"round{number}")
        talks = start_talks(proxy, name=f"talk{number}")
        until = kill_under_load(proxy, load, chance) - LATE_S
        load.stop()
        talks.stop()
        must |= {token for token, at in load.answered.items() if at < until}
        may |= load.asked
        conversations.append((talks, until))
    if is_away:
        server = start_server(addr=addr)
    # The last one sends what the others left.
    proxy = start_proxy(f"grpc_addr=http://{addr}", ports=ports)
    last = start_load(proxy, name="last", limit=100)
    last.join()
    must |= set(last.answered)
    wait_there(server, must)
    proxy.stop()
    check(server, must, may)
    for talks, until in conversations:
        check_talks(server, talks, until)
    assert is_spool_empty(tmp_path)


def test_a_script_that_is_loaded_anew_under_load_loses_nothing(
    start_server, start_proxy, start_load, start_talks, rounds, tmp_path
):
    server = start_server()
    folder = tmp_path / "script"
    folder.mkdir()
    for name in (mitmdump.EXPORTER.name, "_mitmflow.abi3.so"):
        shutil.copy(mitmdump.EXPORTER.with_name(name), folder / name)
    script = folder / mitmdump.EXPORTER.name
    proxy = start_proxy(f"grpc_addr={server.url}", script=script)
    load, talks = start_load(proxy), start_talks(proxy)
    proxy.process.wait_lines("exporting to")
    for number in range(rounds // 4):
        load.wait_answered(20)
        # A later modification time than any before, whatever the clock.
        newer = script.stat().st_mtime + 10
        os.utime(script, (newer, newer))
        proxy.process.wait_lines("exporting to", count=number + 2)
    load.wait_answered(20)
    check_all_arrives(server, proxy, load, talks, tmp_path)
