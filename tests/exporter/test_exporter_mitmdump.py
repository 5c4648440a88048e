"""The exporter in a real mitmdump: loading, options, reloading, ending."""

import os
import shutil
import socket

from harness.mitmdump import DEADLINE_S
from inside import EXPORTER, result_of
from recorder import flow_of


def paths_of(messages):
    return [m.flow.http_flow.request.url.partition("/p")[2] for m in messages]


def test_it_says_where_it_exports_to_and_drains_at_its_end(start_proxy, recorder):
    proxy = start_proxy(f"grpc_addr={recorder.url}", "grpc_source=here")
    proxy.process.wait_lines(f"mitmflow: exporting to {recorder.url} (mitmflow test)")
    for number in range(5):
        proxy.get(f"/p{number}")
    proxy.stop()
    assert sorted(paths_of(recorder.ended().values())) == ["0", "1", "2", "3", "4"]
    assert len(proxy.process.wait_lines("mitmflow:")) == 1


def test_only_the_events_that_are_asked_for_are_sent(start_proxy, recorder):
    proxy = start_proxy(f"grpc_addr={recorder.url}", "grpc_events=response")
    proxy.process.wait_lines("exporting to")
    proxy.get("/p1")
    proxy.get("/p2")
    proxy.stop()
    assert [m.event_type for m in recorder.messages] == [4, 4]


def test_a_wrong_option_is_told_in_one_line_and_ends_no_proxy(start_proxy, recorder):
    proxy = start_proxy("grpc_addr=nonsense://x")
    [line] = proxy.process.wait_lines("mitmflow: grpc_addr: ")
    assert "nonsense://x is not http://HOST:PORT" in line
    assert "nothing is exported until that is mended" in line
    proxy.wait_listening()
    proxy.get("/p1")
    assert "grpc_addr: nonsense://x" in proxy.status()["wrong option"]
    assert proxy.set(grpc_addr=recorder.url) is None
    proxy.process.wait_lines("mitmflow: exporting to")
    proxy.get("/p2")
    assert "is not http://HOST:PORT" in proxy.set(grpc_addr="nonsense://y")
    proxy.get("/p3")
    proxy.stop()
    assert paths_of(recorder.ended().values()) == ["2", "3"]


def test_how_things_stand_can_be_asked_for(start_proxy, recorder):
    proxy = start_proxy(f"grpc_addr={recorder.url}", "grpc_events=response")
    proxy.process.wait_lines("exporting to")
    proxy.get("/p1")
    status = proxy.wait_status(lambda status: status["acknowledged"] == "1")
    assert status["server"] == recorder.url
    assert status["state"] == "connected"
    assert status["version of the server"] == "test"
    assert (status["waiting"], status["lost"]) == ("0", "0")
    assert status["spool"].startswith("0 waiting")
    assert "last error" not in status
    proxy.stop()


def test_a_loss_and_its_end_are_told(start_one_proxy, start_recorder):
    recorder = start_recorder()
    proxy = start_one_proxy(f"grpc_addr={recorder.url}")
    proxy.process.wait_lines("mitmflow: exporting to")
    recorder.stop()
    proxy.process.wait_lines(f"mitmflow: lost {recorder.url}: ")
    proxy.get("/p1")
    proxy.wait_status(lambda status: status["state"] == "not connected, trying again")
    again = start_recorder(port=recorder.port)
    proxy.process.wait_lines(f"mitmflow: connected again to {recorder.url}")
    again.wait(again.ended)
    proxy.stop()
    assert len(proxy.mitmflow_lines()) == 3


def test_what_waits_at_the_end_is_told_and_sent_by_the_next_start(start_proxy, start_recorder):
    recorder = start_recorder()
    recorder.stop()
    proxy = start_proxy(f"grpc_addr={recorder.url}")
    proxy.process.wait_lines("mitmflow: cannot export to")
    for number in range(5):
        proxy.get(f"/p{number}")
    proxy.stop()
    [line] = proxy.process.wait_lines("wait in the spool")
    again = start_recorder(port=recorder.port)
    proxy = start_proxy(f"grpc_addr={recorder.url}")
    again.wait(lambda: len(again.ended()) == 5)
    proxy.stop()
    assert sorted(paths_of(again.ended().values())) == ["0", "1", "2", "3", "4"]


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
    assert sorted(paths_of(recorder.ended().values())) == [*wanted, "last"]
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


def test_flows_that_finish_after_the_end_are_sent_too(one, recorder):
    process = one.start("late", recorder.url)
    for number in range(2):
        flow_id = process.stdout.readline().strip()
        recorder.wait_flows([flow_id])
        process.stdin.write("\n")
        process.stdin.flush()
    assert len(result_of(process)["ids"]) == 2


def test_a_connection_that_closes_after_the_end_starts_nothing(one, recorder):
    result = one.run("closed_late", recorder.url)
    assert not result["closed"]["running"]
    assert result["threads"] == 1
    assert len(recorder.hellos) == 1


def test_flows_that_finish_after_the_end_without_a_server_are_kept(one, start_recorder, tmp_path):
    """By the thread that is stopped with the process."""
    recorder = start_recorder()
    recorder.stop()
    process = one.start("late", recorder.url, env={"HOME": str(tmp_path)})
    ids = []
    for _ in range(2):
        ids.append(process.stdout.readline().strip())
        process.stdin.write("\n")
        process.stdin.flush()
    result_of(process)
    again = start_recorder(port=recorder.port)
    process = one.start("reload", recorder.url, "1", env={"HOME": str(tmp_path)})
    again.wait_flows(ids)
    result_of(process)


def test_a_script_that_is_loaded_anew_takes_over_what_waits_on_disk(
    one, start_recorder, tmp_path
):
    recorder = start_recorder()
    recorder.stop()
    result = one.run("spooled", recorder.url, str(tmp_path / "spool"))
    assert result["kept"] == 30
    again = start_recorder(port=recorder.port)
    one.run("spooled", recorder.url, str(tmp_path / "spool"))
    again.wait_flows(result["ids"])


def test_a_token_is_sent_and_shown_nowhere(start_one_proxy, recorder):
    proxy = start_one_proxy(f"grpc_addr={recorder.url}", env={"MITMFLOW_TOKEN": "token-1"})
    proxy.process.wait_lines("exporting to")
    proxy.get("/p1")
    recorder.wait(recorder.ended)
    assert {m["authorization"] for m in recorder.metadata} == {"Bearer token-1"}
    assert proxy.set(grpc_token="token-2") is None
    assert "grpc_token: only printable" in proxy.set(grpc_token="token 3")
    recorder.wait(lambda: recorder.metadata[-1]["authorization"] == "Bearer token-2")
    status = str(proxy.status())
    proxy.stop()
    assert "token-" not in proxy.process.output + status


def test_that_no_event_is_exported_is_told_once(start_one_proxy, recorder):
    proxy = start_one_proxy(f"grpc_addr={recorder.url}", "grpc_events=")
    proxy.process.wait_lines("grpc_events names no event: nothing is exported")
    assert proxy.set(grpc_source="me") is None
    proxy.get("/p1")
    assert proxy.set(grpc_events="response") is None
    proxy.get("/p2")
    recorder.wait(recorder.ended)
    proxy.stop()
    assert paths_of(recorder.ended().values()) == ["2"]
    assert proxy.process.output.count("names no event") == 1


def test_options_may_stand_in_its_file_rules_among_them(start_proxy, recorder, tmp_path):
    (tmp_path / "config.yaml").write_text(
        f"grpc_addr: {recorder.url}\n"
        "grpc_events: response\n"
        "grpc_redact:\n"
        "  - header nothing-like-it\n"
        "  - query key, token\n"
    )
    proxy = start_proxy()
    proxy.process.wait_lines("exporting to")
    proxy.get("/p1?token=secret")
    proxy.get("/p2?token=secret")
    wrong = proxy.set(grpc_redact=["query key", "hide it"])
    assert wrong.startswith("grpc_redact: ")
    assert "hide it" in wrong
    proxy.get("/p3?token=secret")
    assert proxy.set(grpc_redact=[]) is None
    recorder.wait(lambda: len(recorder.ended()) == 3)
    proxy.get("/p4?token=plain")
    proxy.stop()
    first, second, third, fourth = sorted(paths_of(recorder.ended().values()))
    mark = first.partition("=")[2]
    assert mark.startswith("REDACTED-")
    assert (second, third, fourth) == (f"2?token={mark}", f"3?token={mark}", "4?token=plain")
    key = tmp_path / "mitmflow-redact.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_wrong_rule_ends_no_proxy_and_lets_nothing_out(start_one_proxy, recorder):
    proxy = start_one_proxy(f"grpc_addr={recorder.url}", "grpc_redact=hide the secrets")
    [line] = proxy.process.wait_lines("mitmflow: grpc_redact: ")
    assert "hide the secrets" in line
    proxy.get("/p1?token=secret")
    assert proxy.set(grpc_redact=["query token"]) is None
    proxy.process.wait_lines("exporting to")
    proxy.get("/p2?token=secret")
    proxy.stop()
    [path] = paths_of(recorder.ended().values())
    assert path.startswith("2?token=REDACTED-")


def test_a_streamed_body_is_captured_if_that_is_asked_for(start_proxy, recorder):
    proxy = start_proxy(
        f"grpc_addr={recorder.url}", "stream_large_bodies=1", "grpc_stream_capture=true"
    )
    proxy.process.wait_lines("exporting to")
    proxy.get("/p1")
    assert proxy.set(grpc_stream_capture=False) is None
    recorder.wait(recorder.ended)
    proxy.get("/p2")
    proxy.stop()
    first, second = (flow_of(m).response for m in recorder.ended().values())
    assert first.streamed
    assert first.content == b"hi"
    assert second.streamed
    assert second.content == b""
    assert second.content_size == 2
