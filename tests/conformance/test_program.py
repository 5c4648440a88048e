"""What the judge asks of the program before and after its calls, and what it
has no case for."""

import http.client
import json
import os
import signal
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# It is built beside the server.
PROGRAM = (
    Path(os.environ.get("MITMFLOW_TEST_SERVER", ROOT / "build-asan/mitmflow")).parent
    / "mitmflow-conformance"
)
SERVICE = "/connectrpc.conformance.v1.ConformanceService/"
TYPE = "type.googleapis.com/connectrpc.conformance.v1."

# What the judge sends for Connect over h2c: protocol 1, HTTP 2, no TLS, and
# a limit of 204800 bytes for a message.
CLEAR = bytes.fromhex("0801 1002 3080c00c")


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(message):
    """number -> value, of fields that are varints or bytes."""
    found, at = {}, 0
    while at < len(message):
        key, at = varint(message, at)
        value, at = varint(message, at)
        if key & 7 == 2:
            value, at = message[at : at + value], at + value
        found[key >> 3] = value
    return found


def length_delimited(number, data):
    return bytes([number << 3 | 2]) + put_varint(len(data)) + data


def put_varint(value):
    low = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
    return low + put_varint(value >> 7) if value > 0x7F else low


class Program:
    def __init__(self, stdin):
        self.process = subprocess.Popen(
            [PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.process.stdin.write(stdin)
        self.process.stdin.close()

    def answer(self):
        """The one message that it writes."""
        (length,) = struct.unpack(">I", self.process.stdout.read(4))
        return fields(self.process.stdout.read(length))

    def end(self):
        """Its exit status, what else it wrote, and what it said."""
        said = self.process.stderr.read()
        return self.process.wait(60), self.process.stdout.read(), said.decode()


@pytest.fixture
def start():
    programs = []

    def start(request, prefix=None):
        prefix = struct.pack(">I", len(request)) if prefix is None else prefix
        programs.append(Program(prefix + request))
        return programs[-1]

    yield start
    for program in programs:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


@pytest.fixture
def clear(start):
    """A program that serves in clear, and a connection to it."""
    program = start(CLEAR)
    connection = http.client.HTTPConnection("127.0.0.1", program.answer()[2], timeout=60)
    yield connection
    connection.close()
    program.process.send_signal(signal.SIGTERM)
    assert program.end() == (0, b"", "")


def post(connection, method, request, headers={}):
    connection.request(
        "POST",
        SERVICE + method,
        json.dumps(request),
        {"content-type": "application/json", "connect-protocol-version": "1", **headers},
    )
    answer = connection.getresponse()
    return answer, json.loads(answer.read())


def envelopes(body):
    """(flags, message) of each."""
    while body:
        flags, length = struct.unpack(">BI", body[:5])
        yield flags, json.loads(body[5 : 5 + length] or b"{}")
        body = body[5 + length :]


def test_it_tells_where_it_listens_and_ends_on_sigterm(start):
    program = start(CLEAR)
    answer = program.answer()
    assert answer.keys() == {1, 2}
    assert answer[1] == b"127.0.0.1"
    program.process.send_signal(signal.SIGTERM)
    assert program.end() == (0, b"", "")


def test_it_ends_on_sigterm_with_a_call_open(start):
    program = start(CLEAR)
    connection = http.client.HTTPConnection("127.0.0.1", program.answer()[2], timeout=60)
    body = json.dumps({"responseDefinition": {"responseDelayMs": 600_000}})
    connection.request("POST", SERVICE + "Unary", body, {"content-type": "application/json"})
    # When another connection has its answer the request above was read, too.
    second = http.client.HTTPConnection(connection.host, connection.port, timeout=60)
    assert post(second, "Unary", {})[0].status == 200
    second.close()
    program.process.send_signal(signal.SIGTERM)
    assert program.end() == (0, b"", "")


@pytest.mark.parametrize(
    ("request_", "prefix", "words"),
    [
        (b"", b"", "stdin ends too early"),
        (b"\x08", b"\0\0\0\x02", "stdin ends too early"),
        (b"", b"\xff\xff\xff\xff", "a request of 4294967295 bytes"),
        (b"\xff\xff", None, "not a ServerCompatRequest"),
        (b"\x20\x01", None, "TLS without server_creds"),
        (b"\x20\x01" + length_delimited(7, length_delimited(1, b"?")), None, "certificate"),
    ],
)
def test_what_it_cannot_do_is_said_and_ends_it(start, request_, prefix, words):
    status, written, said = start(request_, prefix).end()
    assert (status, written) == (1, b"")
    assert words in said


def test_a_request_is_told_back_in_json(clear):
    definition = {
        "responseHeaders": [{"name": "X-Twice", "value": ["a", "b"]}],
        "responseTrailers": [{"name": "x-after", "value": ["c"]}],
        "responseData": "aGVsbG8=",
    }
    request = {"responseDefinition": definition, "requestData": "d29ybGQ="}
    answer, body = post(clear, "Unary", request, {"x-given": "1", "connect-timeout-ms": "60000"})
    assert answer.headers.get_all("x-twice") == ["a", "b"]
    assert answer.headers["trailer-x-after"] == "c"
    assert body["payload"]["data"] == "aGVsbG8="
    info = body["payload"]["requestInfo"]
    assert {"name": "x-given", "value": ["1"]} in info["requestHeaders"]
    assert 0 < int(info["timeoutMs"]) <= 60000
    assert info["requests"] == [{"@type": TYPE + "UnaryRequest", **request}]


def test_no_timeout_is_told_where_none_was_given(clear):
    info = post(clear, "Unary", {})[1]["payload"]["requestInfo"]
    assert "timeoutMs" not in info


def test_an_error_has_its_details_and_what_was_seen(clear):
    detail = {"@type": TYPE + "Header", "name": "why", "value": ["so"]}
    error = {"code": "CODE_ABORTED", "message": "no", "details": [detail]}
    answer, body = post(clear, "Unary", {"responseDefinition": {"error": error}})
    assert (answer.status, body["code"], body["message"]) == (409, "aborted", "no")
    assert [detail["type"] for detail in body["details"]] == [
        "connectrpc.conformance.v1.Header",
        "connectrpc.conformance.v1.ConformancePayload.RequestInfo",
    ]


def test_a_query_is_told_back_decoded_and_in_order(clear):
    clear.request(
        "GET",
        SERVICE + "IdempotentUnary?encoding=json&connect=v1&message=%7b%7d&x=1+2&flag&x=%26",
    )
    body = json.loads(clear.getresponse().read())
    assert body["payload"]["requestInfo"]["connectGetInfo"]["queryParams"] == [
        {"name": "encoding", "value": ["json"]},
        {"name": "connect", "value": ["v1"]},
        {"name": "message", "value": ["{}"]},
        {"name": "x", "value": ["1 2", "&"]},
        {"name": "flag", "value": [""]},
    ]


def test_a_client_stream_without_a_message_is_answered(clear):
    clear.request(
        "POST", SERVICE + "ClientStream", b"", {"content-type": "application/connect+json"}
    )
    answer, end = envelopes(clear.getresponse().read())
    assert "requests" not in answer[1]["payload"]["requestInfo"]
    assert end == (2, {})


def test_requests_that_come_at_once_are_answered_one_by_one_and_then_refused(clear):
    """Also while each answer has to wait."""
    first = {
        "fullDuplex": True,
        "responseDefinition": {
            "responseData": ["YQ==", "Yg=="],
            "responseDelayMs": 20,
            "error": {"code": "CODE_OUT_OF_RANGE"},
        },
    }
    later = [{"requestData": "Mg=="}, {"requestData": "Mw=="}, {"requestData": "NA=="}]
    sent = [json.dumps(request).encode() for request in [first, *later]]
    clear.request(
        "POST",
        SERVICE + "BidiStream",
        b"".join(struct.pack(">BI", 0, len(message)) + message for message in sent),
        {"content-type": "application/connect+json"},
    )
    *answers, (flags, end) = envelopes(clear.getresponse().read())
    payloads = [message["payload"] for _, message in answers]
    type_ = {"@type": TYPE + "BidiStreamRequest"}
    assert [payload["data"] for payload in payloads] == ["YQ==", "Yg=="]
    assert payloads[0]["requestInfo"]["requests"] == [{**type_, **first}]
    assert payloads[1]["requestInfo"] == {"requests": [{**type_, **later[0]}]}
    assert (flags, end["error"]["code"]) == (2, "out_of_range")
    assert "details" not in end["error"]


def test_what_is_not_a_call_is_not_found(clear):
    clear.request("GET", "/")
    answer = clear.getresponse()
    assert (answer.status, answer.read()) == (404, b"")
