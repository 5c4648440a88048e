"""HAR files as other programs write them, who take liberties."""

import json

import pytest
from files import convert
from harness import har_schema


def entry(request=None, response=None, **more):
    return {
        "startedDateTime": "2026-11-28T11:12:13.456+01:00",
        "time": 12,
        "request": {
            "method": "GET",
            "url": "http://a.example/x",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "A", "value": "1"}],
            **(request or {}),
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": [],
            "content": {"mimeType": "text/plain", "size": 2, "text": "hi"},
            **(response or {}),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 1},
        **more,
    }


def read(folder, entry, before=b""):
    path = folder / "one.har"
    path.write_bytes(before + json.dumps({"log": {"entries": [entry]}}).encode())
    status, lines, errors = convert(path, "jsonl")
    assert (status, errors) == (0, [])
    return json.loads(lines)["httpFlow"]


@pytest.mark.parametrize(
    "told, version",
    [
        ("h2", "HTTP/2.0"),
        ("http/2.0", "HTTP/2.0"),
        ("HTTP/2", "HTTP/2.0"),
        ("h3", "HTTP/3"),
        ("http/1.1", "HTTP/1.1"),
        ("unknown", None),
        ("SPDY", "SPDY"),
    ],
)
def test_versions_of_http_have_one_name(told, version, tmp_path):
    flow = read(tmp_path, entry({"httpVersion": told}, {"httpVersion": told}))
    assert flow["request"].get("httpVersion") == version
    assert flow["response"].get("httpVersion") == version


def test_numbers_may_be_text_and_text_numbers(tmp_path):
    header = {"name": "Content-Length", "value": 2}
    flow = read(
        tmp_path,
        entry(
            response={"status": "404", "headers": [header]},
            time="12.5",
            timings={"send": "1", "wait": "2", "receive": "3"},
        ),
    )
    assert flow["response"]["statusCode"] == 404
    assert flow["response"]["headerFields"] == [{"name": "Content-Length", "value": "2"}]
    assert flow["durationMs"] == 12.5
    assert flow["response"]["timestampEnd"] == "2026-11-28T10:12:13.462Z"


@pytest.mark.parametrize(
    "odd",
    [
        entry(time=-1),
        entry(time=None, timings=None),
        entry(response={"content": {"size": 0, "mimeType": ""}}),
        entry(response={"content": None, "headers": None, "status": 0}),
        entry({"headers": None, "postData": {"mimeType": "a/b", "text": None}}),
        entry(comment="c", pageref="page_1", serverIPAddress="", connection=443),
        entry(response={"content": {"text": "x", "encoding": ""}}),
        {key: value for key, value in entry().items() if key not in ("timings", "cache", "time")},
    ],
)
def test_what_is_missing_or_of_another_type_is_left_out(odd, tmp_path):
    flow = read(tmp_path, odd, before=b"\xef\xbb\xbf")
    assert flow["request"]["url"] == "http://a.example/x"


FORM = (
    '--xx\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\nb "c"\r\n'
    '--xx\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n'
    "Content-Type: text/plain; charset=utf-8\r\n\r\nhi\r\n"
    '--xx\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n--xx--\r\n'
)


def write_har(folder, path):
    """What is read is written as a HAR: the file, and its entry."""
    status, content, errors = convert(path, "har")
    assert (status, errors) == (0, [])
    har_schema.check(json.loads(content))
    written = folder / "written.har"
    written.write_bytes(content)
    return written, json.loads(content)["log"]["entries"][0]


@pytest.mark.parametrize(
    "kind, text, params",
    [
        (
            "multipart/form-data; boundary=xx",
            FORM,
            [
                {"name": "text", "value": 'a\r\nb "c"'},
                {"name": "file", "fileName": "x.txt", "contentType": "text/plain"},
                {"name": "empty", "value": ""},
            ],
        ),
        ("multipart/form-data; boundary=other", FORM, []),
        ("multipart/form-data", "no form", []),
        ("multipart/related; boundary=xx", FORM, None),
    ],
)
def test_parts_of_a_form_are_params_and_come_back_the_same(kind, text, params, tmp_path):
    path = tmp_path / "form.har"
    headers = [{"name": "Content-Type", "value": kind}]
    post = {"mimeType": kind, "text": text}
    made = entry({"method": "POST", "headers": headers, "postData": post})
    path.write_text(json.dumps({"log": {"entries": [made]}}))
    written, back = write_har(tmp_path, path)
    assert back["request"]["postData"].get("params") == params
    assert back["request"]["postData"]["text"] == text
    [one], [two] = (
        [json.loads(line) for line in convert(file, "jsonl")[1].splitlines()]
        for file in (path, written)
    )
    assert one["httpFlow"]["request"] == two["httpFlow"]["request"]


def untimed(told):
    """An entry whose start is told so; None: not at all."""
    made = entry()
    del made["startedDateTime"]
    return made if told is None else {**made, "startedDateTime": told}


@pytest.mark.parametrize("told", [None, "", "yesterday", 1764320000, {}])
def test_an_entry_without_a_time_has_that_of_the_one_before(told, tmp_path):
    path = tmp_path / "untimed.har"
    entries = [untimed(told), entry(), untimed(told)]
    path.write_text(json.dumps({"log": {"entries": entries}}))
    status, lines, errors = convert(path, "jsonl")
    assert (status, errors) == (0, [])
    first, second, third = (json.loads(line)["httpFlow"] for line in lines.splitlines())
    assert "timestampStart" not in first
    assert "timestampStart" not in first["request"]
    assert first["request"]["url"] == "http://a.example/x"
    assert third["timestampStart"] == second["timestampStart"] == "2026-11-28T10:12:13.456Z"


def test_members_may_stand_before_the_log(tmp_path):
    path = tmp_path / "members.har"
    before = {"comment": '{"log":', "log ": 1, "more": [{"log": {"entries": 7}}]}
    path.write_text(json.dumps({**before, "log": {"entries": [entry()]}}))
    status, lines, errors = convert(path, "jsonl")
    assert (status, errors) == (0, [])
    assert json.loads(lines)["httpFlow"]["request"]["url"] == "http://a.example/x"


def test_why_a_websocket_failed_is_no_message(tmp_path):
    messages = [
        {"type": "receive", "time": 1764324733.5, "opcode": 1, "data": "hi"},
        {"type": "error", "time": 1764324734, "opcode": -1, "data": "it was masked"},
    ]
    flow = read(tmp_path, entry(_webSocketMessages=messages))
    assert [message["content"] for message in flow["websocketMessages"]] == ["hi"]
    assert flow["error"] == "it was masked"


def test_files_in_a_form_become_its_parts(tmp_path):
    params = [
        {"name": "text", "value": "a\r\nb"},
        {"name": 'a "file"', "fileName": "x.txt", "contentType": "text/plain", "value": "hi"},
    ]
    post = {"mimeType": "multipart/form-data; boundary=----xx", "params": params}
    flow = read(tmp_path, entry({"method": "POST", "postData": post}))
    assert flow["request"]["content"] == (
        "------xx\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na\r\nb\r\n"
        "------xx\r\nContent-Disposition: form-data; name=\"a %22file%22\"; filename=\"x.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\nhi\r\n------xx--\r\n"
    )
