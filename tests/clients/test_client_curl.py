"""curl, with JSON."""

import base64
import dataclasses
import gzip
import io
import json
import urllib.parse

import judges
import pytest
from harness import connect
from place import VIEW

HTTP2 = "h2"
VERSIONS = {"http/1.1": "--http1.1", HTTP2: "--http2-prior-knowledge"}


@dataclasses.dataclass
class Answer:
    status: int
    version: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Curl:
    def __init__(self, place, version):
        self._place = place
        self.version = version
        # Over TLS the versions are agreed on by ALPN.
        flag = "--http2" if place.is_tls and version == HTTP2 else VERSIONS[version]
        self._command = [judges.program("curl"), "-sS", flag, "--max-time", "30"]
        if place.is_tls:
            self._command += ["--cacert", place.trust.authority.cert]

    def ask(self, path, *options, data=None):
        # Not header_json: this curl's loses some where one is repeated.
        command = [*self._command, *options, "-o", "-", "-D", "/dev/stderr"]
        if data is not None:
            command += ["--data-binary", "@-"]
        body, told = judges.run_both([*command, self._place.url + path], data)
        first, *lines = told.decode().split("\r\n")
        version, status = first.split()[:2]
        pairs = (line.split(": ", 1) for line in lines if line)
        headers = {name.lower(): value for name, value in pairs}
        return Answer(
            int(status),
            {"HTTP/1.1": "http/1.1", "HTTP/2": HTTP2}[version],
            headers,
            body,
        )

    def call(self, method, message, *options):
        """A unary call by JSON."""
        head = ["-H", "content-type: application/json"]
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.ask(VIEW + method, *head, *options, data=data)


@pytest.fixture(params=VERSIONS)
def curl(request, place):
    return Curl(place, request.param)


def test_a_call_by_json_is_answered(curl, known):
    answer = curl.call("GetFlow", {"flowId": "known"})
    assert (answer.status, answer.version) == (200, curl.version)
    assert answer.headers["content-type"] == "application/json"
    flow = answer.json["flow"]["httpFlow"]
    assert flow["request"]["url"] == known.flow.http_flow.request.url
    assert base64.b64decode(flow["response"]["content"]) == b"body " * 2000


def test_a_method_without_side_effects_is_called_by_get(curl, known):
    query = urllib.parse.urlencode(
        {"connect": "v1", "encoding": "json", "message": '{"flowId":"known"}'}
    )
    answer = curl.ask(f"{VIEW}GetFlow?{query}")
    assert (answer.status, answer.version) == (200, curl.version)
    assert answer.json["flow"]["httpFlow"]["id"] == "known"


def test_an_answer_is_compressed_for_who_asks(curl, known):
    plain = curl.call("GetFlow", {"flowId": "known"})
    packed = curl.call("GetFlow", {"flowId": "known"}, "--compressed")
    gzipped = curl.call("GetFlow", {"flowId": "known"}, "-H", "accept-encoding: gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] in {"gzip", "br", "zstd"}
    assert packed.json == plain.json
    assert gzipped.headers["content-encoding"] == "gzip"
    assert len(gzipped.body) < len(plain.body) / 4
    assert json.loads(gzip.decompress(gzipped.body)) == plain.json


def test_a_compressed_request_is_taken(curl, known):
    data = gzip.compress(b'{"flowId":"known"}')
    answer = curl.call("GetFlow", data, "-H", "content-encoding: gzip", "--compressed")
    assert answer.json["flow"]["httpFlow"]["id"] == "known"


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ({"flowId": "nothing"}, 404, "not_found"),
        (b'{"flowId":', 400, "invalid_argument"),
        (b'{"flowId": {}}', 400, "invalid_argument"),
        (b"\xff\xfe", 400, "invalid_argument"),
        (b"", 400, "invalid_argument"),
    ],
    ids=["no-such-flow", "cut", "wrong-type", "not-text", "empty"],
)
def test_an_error_is_told_in_json(curl, message, status, code):
    answer = curl.call("GetFlow", message)
    assert (answer.status, answer.version) == (status, curl.version)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["code"] == code
    assert set(answer.json) <= {"code", "message"}


def test_a_stream_by_json_comes_in_envelopes(curl, known):
    head = ["-H", "content-type: application/connect+json"]
    wanted = b'{"filter":{"flowIds":["known"]}}'
    answer = curl.ask(f"{VIEW}GetFlows", *head, data=connect.envelope(wanted))
    assert (answer.status, answer.version) == (200, curl.version)
    messages, end = connect.read_stream(io.BytesIO(answer.body))
    assert [json.loads(message)["flow"]["id"] for message in messages] == ["known"]
    assert end == {}


def test_the_page_and_health_are_served(curl):
    page = curl.ask("/")
    assert (page.status, page.version) == (200, curl.version)
    assert b"<title>mitmflow" in page.body
    assert curl.ask("/healthz").status == 200
