"""Files of mitmproxies that are long gone."""

import json
import pathlib

import pytest
from files import convert, in_mitmproxy
from harness.mitmdump import HERE
from netstrings import bytes_only, dump

SAMPLES = pathlib.Path(__file__).resolve().parents[1] / "golden" / "export" / "mitm"

# mitmproxy makes these up when it reads a file without them: one offer, of
# what was agreed on; an end of a WebSocket that is the connection's; and a
# flow for the handshake beside that of the WebSocket, which here is one.
MADE_UP = (".client_conn.alpn_offers", ".client_conn.cipher_list")
WEBSOCKETS = (".websocket", ".metadata.duplicated", ".websocket.timestamp_end")


@pytest.mark.parametrize("version", ["4.0.4", "5.3.0", "6.0.2", "7.0.4"])
def test_a_file_of_an_old_mitmproxy_says_the_same_to_us_as_to_a_new_one(version, tmp_path):
    path = SAMPLES / f"{version}.mitm"
    status, content, lines = convert(path, "mitm")
    assert (status, lines) == (0, [])
    back = tmp_path / "back.mitm"
    back.write_bytes(content)
    run = in_mitmproxy(HERE[-1], "compare", path, back)
    assert run.returncode == 0, run.stderr
    differences = [line.partition(" ")[2].lstrip("0123456789") for line in run.stdout.splitlines()]
    places = {line.split(":")[0] for line in differences[1:]}
    assert places <= {*MADE_UP, *WEBSOCKETS}
    if version == "7.0.4":
        assert places == set()


def oldest():
    """What compat.py of mitmproxy says version 0.13 had."""
    address = {"address": ["127.0.0.1", 50000], "use_ipv6": False}
    times = {"timestamp_start": 1.5, "timestamp_end": 2.5}
    return {
        "version": [0, 13],
        "type": "http",
        "id": "an-old-one",
        "error": {"msg": "gone\xff", "timestamp": 3.0},
        "client_conn": {
            "address": address,
            "clientcert": None,
            "ssl_established": True,
            "timestamp_ssl_setup": 2.0,
            **times,
        },
        "server_conn": {
            "address": {"address": ["example.com", 443], "use_ipv6": False},
            "source_address": address,
            "cert": "-----BEGIN CERTIFICATE-----",
            "ssl_established": False,
            "timestamp_ssl_setup": None,
            "timestamp_tcp_setup": 1.75,
            "sni": "example.com",
            "state": [],
            **times,
        },
        "request": {
            "form_in": "relative",
            "httpversion": [1, 1],
            "method": "POST",
            "scheme": "https",
            "host": "example.com",
            "port": 443,
            "path": "/old",
            "headers": [["A", "1"], ["a", "2"]],
            "content": "asked",
            "is_replay": True,
            **times,
        },
        "response": {
            "httpversion": [1, 0],
            "code": 404,
            "msg": "Not There",
            "headers": [["Content-Length", "8"]],
            "content": "answered",
            **times,
        },
    }


def test_a_flow_of_python_2_has_all_its_parts(tmp_path):
    path = tmp_path / "old.mitm"
    path.write_bytes(dump(bytes_only(oldest())))
    status, content, lines = convert(path, "jsonl")
    assert (status, lines) == (0, [])
    flow = json.loads(content)
    http, meta = flow["httpFlow"], flow["meta"]
    assert http["id"] == "an-old-one"
    assert http["error"] == "goneÿ"
    request, response = http["request"], http["response"]
    assert (request["method"], request["url"]) == ("POST", "https://example.com/old")
    assert request["httpVersion"] == "HTTP/1.1" and response["httpVersion"] == "HTTP/1.0"
    assert [field["name"] for field in request["headerFields"]] == ["A", "a"]
    assert (response["statusCode"], response["reason"]) == (404, "Not There")
    assert http["client"]["peernamePort"] == 50000 and http["client"]["tls"] is True
    assert http["server"]["addressHost"] == "example.com"
    assert http["client"]["id"] != http["server"]["id"]
    assert meta["replayed"] == "request"
    assert http["durationMs"] == 1500
