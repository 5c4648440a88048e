"""script/server: one command, then a request through the proxy is kept."""

import os
import re
import signal

import pytest
from harness import certificate, connect, http1, schema, sockets
from harness.process import Process


class ScriptServer:
    def __init__(self, folder, *arguments):
        self.proxy_port = sockets.free_port()
        self.process = Process(
            [
                # A test run in the background may have none of its own.
                *("env", "--default-signal=INT"),
                schema.ROOT / "script" / "server",
                *("--addr", "127.0.0.1:0"),
                *("--data-dir", "data"),
                *("--proxy-addr", f"127.0.0.1:{self.proxy_port}"),
                *arguments,
            ],
            cwd=folder,
            env=dict(os.environ, HOME=str(folder)),
            start_new_session=True,
        )

    def wait(self):
        self.process.wait_lines("Ctrl-C stops", deadline_s=100)
        url = re.search(r"page +(http://\S+)", self.process.output)[1]
        self.host, port = url.removeprefix("http://").split(":")
        self.port = int(port)

    def children(self, name):
        """Process ids of the script's children that run `name`."""
        pid = self.process.popen.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            pids = [int(child) for child in file.read().split()]
        found = []
        for child in pids:
            with open(f"/proc/{child}/cmdline", "rb") as file:
                if name in file.read():
                    found.append(child)
        return found


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*arguments):
        started.append(ScriptServer(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.popen.poll() is None:
            one.process.signal(signal.SIGTERM)
            one.process.wait()


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("arguments", [(), ("--ingest-addr", "127.0.0.1:0")])
def test_a_request_through_the_proxy_is_kept_and_ctrl_c_stops_both(
    start, tmp_path, arguments
):
    server = start(*arguments)
    server.wait()
    assert (tmp_path / "data" / "flows.db").exists()
    line = re.search(r"try +curl -x http://(\S+) (\S+)", server.process.output)
    assert line[1] == f"127.0.0.1:{server.proxy_port}"
    target = line[2]
    with sockets.socket.create_connection(("127.0.0.1", server.proxy_port)) as sock:
        host = f"{server.host}:{server.port}"
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert http1.read_message(sock.makefile("rb")).first_line == b"HTTP/1.1 200 OK"
    with connect.ServerStream(server, "/mitmflow.v1.Service/WatchFlows", {}) as stream:
        for told in stream:
            if any(flow["http"]["url"] == target for flow in told.get("flows", [])):
                break
        else:
            pytest.fail("the watch ended")
    pids = server.children(b"mitmflow\0serve") + server.children(b"mitmdump")
    assert len(pids) == 2
    # As a terminal does: to everyone in the group.
    os.killpg(server.process.popen.pid, signal.SIGINT)
    assert server.process.wait(100) == 130
    assert not any(map(is_running, pids))


def test_without_a_proxy_there_is_none(start):
    server = start("--no-proxy")
    server.wait()
    assert server.children(b"mitmdump") == []
    assert connect.http_request(server, "GET", "/healthz").status == 200
    server.process.signal(signal.SIGTERM)
    assert server.process.wait() == 143


def test_with_tls_it_says_what_to_do(start, tmp_path):
    """The exporter has no TLS: either no proxy, or no TLS."""
    made = certificate.make(tmp_path)
    flags = ("--tls-cert", made.chain_path, "--tls-key", made.key_path)
    server = start(*flags)
    assert server.process.wait(100) == 1
    assert "use --no-proxy" in server.process.output
    server = start("--no-proxy", *flags)
    server.process.wait_lines("Ctrl-C stops", deadline_s=100)
    assert re.search(r"page +https://127.0.0.1:\d+\n", server.process.output)
    assert re.search(r"try +curl -k https://\S+/healthz\n", server.process.output)
    server.process.signal(signal.SIGTERM)
    assert server.process.wait() == 143


def test_json_log_lines_are_understood(start):
    server = start("--no-proxy", "--log-format=json")
    server.wait()
    assert connect.http_request(server, "GET", "/healthz").status == 200
    server.process.signal(signal.SIGTERM)
    assert server.process.wait() == 143


def test_a_log_that_says_too_little_is_refused(start):
    server = start("--no-proxy", "--log-level", "error")
    assert server.process.wait(100) == 1
    assert "--log-level" in server.process.output


@pytest.mark.parametrize(
    ("victim", "other"), [(b"mitmflow\0serve", b"mitmdump"), (b"mitmdump", b"mitmflow\0serve")]
)
def test_when_one_dies_the_other_is_stopped_and_the_status_told(start, victim, other):
    server = start()
    server.wait()
    [dies], [stops] = server.children(victim), server.children(other)
    os.kill(dies, signal.SIGKILL)
    assert server.process.wait(100) == 128 + signal.SIGKILL
    assert not is_running(stops)
    assert "ended with status 137" in server.process.output


def test_a_server_that_cannot_start_ends_the_script(start):
    server = start("--max-flows", "many")
    assert server.process.wait(100) == 2
    assert "whole number" in server.process.output
