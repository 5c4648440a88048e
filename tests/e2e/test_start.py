"""Starting: what the command line takes, and one clear line where it cannot."""

import http.client
import os
import pathlib
import pwd
import shutil
import socket
import sqlite3
import stat
import subprocess
import tempfile

import pytest
from harness import build, server as server_module
from harness.process import DEADLINE_S
from harness.server import BINARY

FAILED, USAGE = 1, 2


def run(*arguments, cwd, binary=BINARY, env=None, **more):
    """(exit status, stdout, stderr) of a server that must end by itself."""
    result = subprocess.run(
        [binary, *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env=server_module.environment(**(env or {})),
        **more,
    )
    assert not server_module.SANITIZER.search(result.stderr), result.stderr
    return result.returncode, result.stdout, result.stderr


def refused(*arguments, cwd, status=FAILED, about="", **more):
    code, stdout, stderr = run(*arguments, cwd=cwd, **more)
    assert (code, stdout) == (status, ""), stderr
    lines = [line for line in stderr.splitlines() if "listening" not in line]
    assert len(lines) == 1, stderr
    assert lines[0].startswith("mitmflow: ")
    assert about in lines[0]


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", ":0"])
def test_an_address_that_is_not_loopback_is_refused(tmp_path, address):
    refused("--addr", address, cwd=tmp_path, about="loopback")
    refused("--addr", "127.0.0.1:0", "--addr", address, cwd=tmp_path, about="loopback")


def test_insecure_allows_it(start_server):
    server = start_server("--insecure", addr="0.0.0.0:0")
    assert server.flows() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nothing"],
        ["--max-flows", "many"],
        ["--max-flows", "-1"],
        ["--max-flows"],
        ["--data-dir", ""],
        ["--insecure=yes"],
        ["---help"],
        ["stray"],
        ["serve", "stray"],
        ["serve", "serve"],
    ],
)
def test_wrong_usage_is_told_in_one_line(tmp_path, arguments):
    refused(*arguments, cwd=tmp_path, status=USAGE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:70000", "127.0.0.1:x", "unix:"])
def test_an_address_that_is_none_is_refused(tmp_path, address):
    code, _, stderr = run("--addr", address, "--data-dir", tmp_path / "data", cwd=tmp_path)
    assert code in {FAILED, USAGE}
    assert stderr.startswith("mitmflow: ")


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_version_and_help_go_to_stdout(tmp_path, dashes):
    code, stdout, stderr = run(f"{dashes}version", cwd=tmp_path)
    assert (code, stderr) == (0, "")
    assert stdout.startswith("mitmflow 0.")
    code, stdout, stderr = run("serve", f"{dashes}help", cwd=tmp_path)
    assert (code, stderr) == (0, "")
    for flag in ("--addr", "--data-dir", "--max-flows", "--host", "--insecure"):
        assert flag in stdout


def test_one_dash_is_as_good_as_two(tmp_path):
    """`-data-dir` and `-addr`, as the original's flags were written."""
    process = server_module.Process(
        [BINARY, "-addr", "127.0.0.1:0", "-data-dir", tmp_path / "d", "-max-flows=3"]
    )
    process.wait_lines("listening on ")
    assert (tmp_path / "d" / "flows.db").exists()
    process.signal(15)
    assert process.wait() == 0


def test_a_port_in_use_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        refused("--addr", address, "--data-dir", tmp_path / "d", cwd=tmp_path, about=address)


def test_a_data_directory_that_is_a_file_is_told(tmp_path):
    (tmp_path / "d").write_text("")
    refused("--addr", "127.0.0.1:0", "--data-dir", tmp_path / "d", cwd=tmp_path, about="d")


def test_a_data_directory_that_cannot_be_written_is_told():
    """As another user, whom file modes bind. The binary goes where that
    user can reach it."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        binary = shutil.copy(BINARY, folder)
        (folder / "d").mkdir(mode=0o555)
        who = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        for data_dir in (folder / "d", folder / "d" / "new"):
            refused(
                "--addr",
                "127.0.0.1:0",
                "--data-dir",
                data_dir,
                cwd=folder,
                binary=binary,
                about=str(data_dir),
                **who,
            )


def test_a_second_server_on_a_data_directory_is_refused(server, tmp_path):
    refused("--addr", "127.0.0.1:0", "--data-dir", server.data_dir, cwd=tmp_path, about="data")
    assert server.flows() == []


def test_a_database_of_a_newer_version_is_left_alone(start_server, tmp_path):
    server = start_server()
    server.ingest.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    server.stop()
    file = server.data_dir / "flows.db"
    with sqlite3.connect(file) as database:
        [version] = database.execute("pragma user_version").fetchone()
        assert version > 0
        database.execute("pragma user_version = 9999")
    refused("--addr", "127.0.0.1:0", "--data-dir", server.data_dir, cwd=tmp_path, about="newer")
    with sqlite3.connect(file) as database:
        assert database.execute("pragma user_version").fetchone() == (9999,)
        database.execute(f"pragma user_version = {version}")
    assert len(start_server().flows()) == 1


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "flows.db").write_bytes(b"precious " * 1000)
    refused("--addr", "127.0.0.1:0", "--data-dir", tmp_path / "d", cwd=tmp_path)
    assert (tmp_path / "d" / "flows.db").read_bytes() == b"precious " * 1000


def test_captured_data_is_for_this_user_alone(server):
    server.ingest.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    for file in server.data_dir.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE_S)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(self._path)


def test_several_addresses_serve_the_same(start_server):
    """A Unix socket beside the port, and again after a kill that left it."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "socket"
        server = start_server("--addr", f"unix:{path}")
        server.process.wait_lines(f"listening on unix:{path}")
        server.kill()
        server = start_server("--addr", f"unix:{path}")
        server.process.wait_lines(f"listening on unix:{path}")
        connection = UnixConnection(path)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        assert server.flows() == []


def test_max_flows_keeps_the_newest_and_the_pinned(start_server):
    server = start_server("--max-flows", "5")
    view = server_module.schema.view
    server.ingest.ExportFlow(iter([build.http("http://pinned/")]), timeout=DEADLINE_S)
    [first] = server.flows()
    server.viewer.UpdateFlow(
        view.UpdateFlowRequest(number=first.number, pinned=True), timeout=DEADLINE_S
    )
    for n in range(12):
        server.ingest.ExportFlow(iter([build.http(f"http://{n}/")]), timeout=DEADLINE_S)
    server.wait_urls([f"http://{n}/" for n in (11, 10, 9, 8, 7)] + ["http://pinned/"])
