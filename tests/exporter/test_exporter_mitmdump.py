"""The exporter in a real mitmdump: loading, options, reloading, ending."""

import os
import shutil
import socket

from harness.mitmdump import DEADLINE_S
from inside import EXPORTER
from recorder import flow_of


def paths_of(messages):
    return [m.flow.http_flow.request.url.partition("/p")[2] for m in messages]


def test_it_says_where_it_exports_to_and_drains_at_its_end(start_proxy, recorder):
    proxy = start_proxy(f"grpc_addr={recorder.url}", "grpc_source=here")
    proxy.process.wait_lines(f"mitmflow: exporting to {recorder.url} (mitmflow test)")
    for number in range(5):
        proxy.get(f"/p{number}")
    proxy.stop()
    assert paths_of(recorder.ended().values()) == ["0", "1", "2", "3", "4"]
    assert len(proxy.process.wait_lines("mitmflow:")) == 1


def test_only_the_events_that_are_asked_for_are_sent(start_proxy, recorder):
    proxy = start_proxy(f"grpc_addr={recorder.url}", "grpc_events=response")
    proxy.process.wait_lines("exporting to")
    proxy.get("/p1")
    proxy.get("/p2")
    proxy.stop()
    assert [m.event_type for m in recorder.messages] == [4, 4]


def test_a_wrong_option_is_told_in_one_clear_line(start_one_proxy):
    proxy = start_one_proxy("grpc_events=respnse")
    proxy.process.wait_lines("grpc_events: unknown event respnse")


def test_a_touched_script_is_loaded_anew_and_loses_nothing(start_proxy, recorder, tmp_path):
    folder = tmp_path / "script"
    folder.mkdir()
    for name in (EXPORTER.name, "_mitmflow.abi3.so"):
        shutil.copy(EXPORTER.with_name(name), folder / name)
    script = folder / EXPORTER.name
    proxy = start_proxy(f"grpc_addr={recorder.url}", script=script)
    proxy.process.wait_lines("exporting to")
    for round_number in range(3):
        for number in range(5):
            proxy.get(f"/p{round_number}{number}")
        # A later modification time than any before, whatever the clock.
        newer = script.stat().st_mtime + 10
        os.utime(script, (newer, newer))
        proxy.process.wait_lines("exporting to", count=round_number + 2)
    proxy.get("/plast")
    proxy.stop()
    wanted = [f"{part}{number}" for part in range(3) for number in range(5)]
    assert paths_of(recorder.ended().values()) == [*wanted, "last"]
    assert len({hello.session for hello in recorder.hellos}) == 4


def test_it_needs_its_library_and_says_so(start_one_proxy, tmp_path):
    script = tmp_path / "alone.py"
    shutil.copy(EXPORTER, script)
    proxy = start_one_proxy(script=script)
    line = proxy.process.wait_lines("_mitmflow.abi3.so is missing")
    assert "keep the two files together" in line[0]


def test_a_flow_that_fails_is_exported_with_its_error(start_proxy, recorder):
    proxy = start_proxy(f"grpc_addr={recorder.url}")
    proxy.process.wait_lines("exporting to")
    proxy.origin.close()
    with socket.create_connection(("127.0.0.1", proxy.port), DEADLINE_S) as connection:
        connection.sendall(b"GET http://127.0.0.1:1/p HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 502"
    recorder.wait(lambda: any(m.event_type == 5 for m in recorder.messages))
    flow = flow_of(recorder.messages[-1])
    assert flow.error
    assert not flow.live
