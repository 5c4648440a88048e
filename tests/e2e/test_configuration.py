"""Flags from the environment and from a file; the log; limits."""

import json
import socket

import grpc
import pytest
from harness import build, connect, http1, schema
from harness.process import DEADLINE_S, Process
from harness.server import BINARY, environment
from test_start import FAILED, USAGE, refused


def test_a_file_configures_the_server(start_server, tmp_path):
    config = tmp_path / "mitmflow.conf"
    config.write_text(
        "# how we run it\n"
        "addr = 127.0.0.1:0   # any port\n"
        "ingest-addr = 127.0.0.1:0\n"
        "host = flows.example\n"
        "host = other.example\n"
    )
    server = start_server("--config", config, addr=None)
    assert server.exporters_addr() != server.addr
    for name in ("flows.example", "other.example"):
        answer = connect.http_request(server, "GET", "/healthz", headers={"host": name})
        assert answer.status == 200
    answer = connect.http_request(server, "GET", "/healthz", headers={"host": "no.example"})
    assert answer.status == 403


def test_the_environment_configures_the_server(start_server, tmp_path):
    config = tmp_path / "mitmflow.conf"
    config.write_text("host = file.example\nmax-flows = 1\n")
    server = start_server(
        "--max-flows=3",
        addr=None,
        env={
            "MITMFLOW_CONFIG": str(config),
            "MITMFLOW_ADDR": "127.0.0.1:0",
            "MITMFLOW_HOST": "a.example, b.example",
            "MITMFLOW_MAX_FLOWS": "2",
        },
    )
    hosts = {"a.example": 200, "b.example": 200, "file.example": 403}
    for name, status in hosts.items():
        answer = connect.http_request(server, "GET", "/healthz", headers={"host": name})
        assert answer.status == status
    for n in range(5):
        server.ingest.ExportFlow(iter([build.http(f"http://{n}/")]), timeout=DEADLINE_S)
    server.wait_urls([f"http://{n}/" for n in (4, 3, 2)])


def test_flows_go_when_they_are_too_old_unless_they_are_pinned(start_server):
    server = start_server("--max-age=1s")
    server.ingest.ExportFlow(iter([build.http("http://pinned/")]), timeout=DEADLINE_S)
    [first] = server.flows()
    server.viewer.UpdateFlow(
        schema.view.UpdateFlowRequest(number=first.number, pinned=True), timeout=DEADLINE_S
    )
    server.ingest.ExportFlow(iter([build.http("http://old/")]), timeout=DEADLINE_S)
    server.wait_urls(["http://pinned/"])


def test_names_of_ours_that_are_nobodys_are_warned_of(start_server):
    server = start_server(
        env={"MITMFLOW_MAXFLOWS": "secret", "MITMFLOW_TOKEN": "secret", "OTHER": "secret"}
    )
    before = server.process.output.split("listening")[0]
    warnings = [line for line in before.splitlines() if " warn " in line]
    assert len(warnings) == 1
    assert "MITMFLOW_MAXFLOWS" in warnings[0]
    assert "secret" not in before


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("nope = 1\n", 'c:1: unknown name "nope"'),
        ("\nmax-flows = many\n", "c:2: max-flows takes a whole number"),
        ("addr\n", "c:1: a line says"),
        ("token-file = x\n", "c:1: token-file is not supported"),
    ],
)
def test_a_wrong_file_is_told_by_file_and_line(tmp_path, text, about):
    (tmp_path / "c").write_text(text)
    refused("--config", "c", cwd=tmp_path, status=USAGE, about=about)


def test_a_missing_file_is_told(tmp_path):
    refused("--config", "c", cwd=tmp_path, status=FAILED, about="cannot read --config c: No ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MITMFLOW_MAX_FLOWS", "many"),
        ("MITMFLOW_INSECURE", "yes"),
        ("MITMFLOW_ADDR", "127.0.0.1"),
        ("MITMFLOW_TOKEN_FILE", "/etc/tokens"),
        ("MITMFLOW_IDLE_TIMEOUT", "10"),
    ],
)
def test_a_wrong_variable_is_told_by_name(tmp_path, name, value):
    refused(cwd=tmp_path, status=USAGE, about=name, env={name: value})


def test_log_lines_can_be_json(tmp_path):
    process = Process(
        [BINARY, "--addr=127.0.0.1:0", "--data-dir", tmp_path / "d", "--log-format=json"],
        env=environment(MITMFLOW_NOPE="1"),
    )
    process.wait_lines("listening on ")
    process.signal(15)
    assert process.wait() == 0
    lines = [json.loads(line) for line in process.lines]
    assert [line["level"] for line in lines] == ["warn", "info", "info"]
    assert all(set(line) == {"time", "level", "text"} for line in lines)
    assert lines[1]["text"].startswith("listening on http://127.0.0.1:")


def test_the_log_can_be_kept_to_errors(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(DEADLINE_S)
        process = Process(
            [BINARY, "--addr=127.0.0.1:0", "--data-dir", tmp_path / "d", "--log-level=error"],
            env=environment(NOTIFY_SOCKET=str(path)),
        )
        assert manager.recv(4096).startswith(b"READY=1\n")
    process.signal(15)
    assert process.wait() == 0
    assert process.lines == []


def test_a_message_over_the_limit_is_refused(start_server):
    server = start_server("--max-message", "64KiB")
    hello = server.ingest.Hello(schema.proxy.HelloRequest(), timeout=DEADLINE_S)
    assert hello.max_message_bytes == 64 << 10
    server.ingest.ExportFlow(iter([build.http(body=b"x" * (60 << 10))]), timeout=DEADLINE_S)
    with pytest.raises(grpc.RpcError) as error:
        server.ingest.ExportFlow(iter([build.http(body=b"x" * (70 << 10))]), timeout=DEADLINE_S)
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(server.flows()) == 1


def test_a_head_over_the_limit_is_refused(start_server):
    server = start_server("--max-head", "4KiB")
    for size, status in ((2 << 10, 200), (6 << 10, 431)):
        answer = connect.http_request(server, "GET", "/healthz", headers={"x": "a" * size})
        assert answer.status == status


def test_connections_over_the_limit_wait_for_one_to_end(start_server):
    server = start_server("--max-connections", "1")
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection((server.host, server.port), DEADLINE_S) as first:
        first.sendall(request)
        assert first.recv(4096).startswith(b"HTTP/1.1 200")
        second = socket.create_connection((server.host, server.port), DEADLINE_S)
        second.sendall(request)
        # The first is served again and again while the second waits.
        for _ in range(50):
            first.sendall(request)
            assert first.recv(4096).startswith(b"HTTP/1.1 200")
        second.setblocking(False)
        with pytest.raises(BlockingIOError):
            second.recv(4096)
        second.settimeout(DEADLINE_S)
    with second:
        assert second.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_silent_connection_is_closed_after_the_time_that_was_given(start_server):
    """Every one is 100 ms here; by default this would take minutes."""
    server = start_server("--first-timeout=100ms", "--idle-timeout=100ms")
    with socket.create_connection((server.host, server.port), DEADLINE_S) as sock:
        assert sock.recv(1) == b""
    with socket.create_connection((server.host, server.port), DEADLINE_S) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream = sock.makefile("rb")
        assert http1.read_message(stream).body == b"healthy\n"
        assert stream.read(1) == b""


def test_given_origins_may_call(start_server):
    server = start_server("--cors-origin", "https://tool.example")
    method = "/mitmflow.v1.Service/GetFlow"
    allowed = connect.unary(
        server, method, {"number": "1"}, {"origin": "https://tool.example"}
    )
    assert allowed.headers["access-control-allow-origin"] == "https://tool.example"
    assert allowed.status == 404
    other = connect.unary(server, method, {"number": "1"}, {"origin": "https://evil.example"})
    assert other.status == 403
    assert other.headers["access-control-allow-origin"] is None
    preflight = connect.http_request(
        server,
        "OPTIONS",
        method,
        headers={
            "origin": "https://tool.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        },
    )
    assert preflight.headers["access-control-allow-origin"] == "https://tool.example"
