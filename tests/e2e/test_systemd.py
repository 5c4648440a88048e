"""Under a service manager: its sockets, and what it is told."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

import grpc
import pytest
from harness import build, connect, schema, server as server_module
from harness.process import DEADLINE_S, Process
from harness.server import BINARY, environment

ACTIVATE = pathlib.Path(server_module.__file__).with_name("activate.py")


def activated(names, *sockets):
    """The wrapping command that passes `sockets`, and its descriptors."""
    fds = [sock.fileno() for sock in sockets]
    wrap = [sys.executable, ACTIVATE, ",".join(map(str, fds)), names]
    return {"wrap": wrap, "pass_fds": fds}


@pytest.fixture
def listener():
    sockets = []

    def listen(host="127.0.0.1"):
        sockets.append(socket.create_server((host, 0)))
        return sockets[-1]

    yield listen
    for sock in sockets:
        sock.close()


@pytest.fixture
def folder():
    """Short enough for the path of a socket."""
    with tempfile.TemporaryDirectory() as name:
        yield pathlib.Path(name)


def test_a_passed_socket_takes_the_place_of_addr(start_server, listener):
    sock = listener()
    server = start_server(addr="127.0.0.1:1", **activated("", sock))
    assert server.port == sock.getsockname()[1]
    server.ingest.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    assert len(server.flows()) == 1
    assert "127.0.0.1:1\n" not in server.process.output + "\n"


def test_one_named_ingest_takes_the_place_of_ingest_addr(start_server, listener):
    viewers, exporters = listener(), listener()
    server = start_server(addr=None, **activated("web:ingest", viewers, exporters))
    assert server.port == viewers.getsockname()[1]
    addr = f"127.0.0.1:{exporters.getsockname()[1]}"
    assert server.exporters_addr() == addr
    with server_module.open_channel(addr) as channel:
        stub = schema.proxy_grpc.ServiceStub(channel)
        stub.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    assert len(server.flows()) == 1
    with pytest.raises(grpc.RpcError) as error:
        server.ingest.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_passed_unix_socket_is_served(start_server, listener, folder):
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        start_server(addr=None, **activated("", listener(), sock))
        # It names the path as its authority otherwise.
        options = [("grpc.default_authority", "localhost")]
        with server_module.open_channel(f"unix:{path}", options=options) as channel:
            stub = schema.view_grpc.ServiceStub(channel)
            flows = stub.GetFlows(schema.view.GetFlowsRequest(), timeout=DEADLINE_S)
            assert list(flows) == []


def ends(tmp_path, *arguments, wrap=(), **popen):
    """(status, last line) of a server that does not start."""
    result = subprocess.run(
        [*map(str, wrap), BINARY, "--data-dir", tmp_path / "d", *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        **popen,
    )
    return result.returncode, result.stderr.splitlines()[-1]


def test_a_passed_socket_that_is_not_loopback_falls_under_the_rule(tmp_path, listener):
    status, line = ends(tmp_path, **activated("", listener("0.0.0.0")))
    assert status == 1
    assert line.startswith("mitmflow: 0.0.0.0:")
    assert "not a loopback address" in line


def test_what_is_no_listening_socket_is_refused(tmp_path):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        status, line = ends(tmp_path, **activated("", sock))
    assert status == 1
    assert "not a listening" in line
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        status, line = ends(tmp_path, **activated("", sock))
    assert status == 1
    assert "not a listening" in line


def test_sockets_of_another_process_are_not_ours(start_server):
    server = start_server(env={"LISTEN_PID": "1", "LISTEN_FDS": "7"})
    assert server.flows() == []


def test_garbled_variables_are_told(tmp_path):
    env = environment(LISTEN_PID=str(os.getpid()), LISTEN_FDS="many")
    status, line = ends(tmp_path, env=env)
    assert status == 1
    assert line.startswith("mitmflow: LISTEN_FDS")


class Manager:
    """Hears what a service says."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(DEADLINE_S)

    def hear(self):
        lines = self.socket.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_a_service_manager_is_told_of_start_reload_and_stop(start_server, folder, kind):
    path = str(folder / "notify")
    name = path if kind == "path" else "@" + path
    manager = Manager(name if kind == "path" else "\0" + path)
    server = start_server(env={"NOTIFY_SOCKET": name})
    told = manager.hear()
    assert told["READY"] == "1"
    assert "127.0.0.1" in told["STATUS"]
    assert connect.http_request(server, "GET", "/healthz").status == 200
    server.process.signal(signal.SIGHUP)
    told = manager.hear()
    assert told["RELOADING"] == "1"
    assert int(told["MONOTONIC_USEC"]) > 0
    assert manager.hear() == {"READY": "1"}
    server.process.signal(signal.SIGTERM)
    assert manager.hear()["STOPPING"] == "1"
    server.stop()
    manager.socket.close()


def test_ready_is_told_once_it_listens(tmp_path, folder, listener):
    """The port is known beforehand, so that nothing else is waited for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    manager = Manager(str(folder / "notify"))
    process = Process(
        [BINARY, f"--addr=127.0.0.1:{port}", "--data-dir", tmp_path / "d"],
        env=environment(NOTIFY_SOCKET=str(folder / "notify")),
    )
    assert manager.hear()["READY"] == "1"
    with socket.create_connection(("127.0.0.1", port), DEADLINE_S):
        pass
    process.signal(signal.SIGTERM)
    assert process.wait() == 0


def test_a_manager_that_does_not_listen_changes_nothing(start_server, folder):
    server = start_server(env={"NOTIFY_SOCKET": str(folder / "nobody")})
    server.process.wait_lines("cannot notify")
    assert server.flows() == []


def test_sighup_without_tls_files_changes_nothing(server):
    server.process.signal(signal.SIGHUP)
    server.process.wait_lines("nothing to read again")
    assert server.flows() == []
