"""HTTP/2 and HTTP/1.1 as judged by h2spec and h2load."""

import json
import re

import judges
import pytest
from place import VIEW

CLIENTS = 100


def test_h2spec_finds_nothing(place, tmp_path):
    command = [judges.go_tool("h2spec"), "--strict", "-h", place.host, "-p", place.port]
    command += ["-P", "/healthz", *(["-t", "-k"] if place.is_tls else [])]
    said = judges.run(command).decode()
    assert said.splitlines()[-1] == "146 tests, 146 passed, 0 skipped, 0 failed", said


@pytest.fixture(params=["get", "call"])
def h2load_target(request, place, known, tmp_path):
    """Path and options of /healthz, or of a unary call by JSON."""
    if request.param == "get":
        return ["/healthz"]
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"flowId": "known"}))
    return [VIEW + "GetFlow", "-H", "content-type: application/json", "-d", body]


@pytest.mark.parametrize("version", ["h2", "h1"])
def test_a_hundred_h2load_clients_are_answered_without_an_error(place, h2load_target, version):
    path, *options = h2load_target
    requests = 2000 if options else 10000
    command = [judges.program("h2load"), "-n", requests, "-c", CLIENTS, *options]
    command += ["--h1"] if version == "h1" else ["-m", "10"]
    said = judges.run([*command, place.url + path]).decode()
    counts = re.search(r"^requests: (.*)$", said, re.M)[1]
    assert counts == (
        f"{requests} total, {requests} started, {requests} done, "
        f"{requests} succeeded, 0 failed, 0 errored, 0 timeout"
    ), said
    assert f"status codes: {requests} 2xx" in said
