"""Requests as commands to paste: each is run, and what arrives is looked at."""

import pathlib
import shutil
import subprocess
import sys

import pytest
from files import DEADLINE_S, convert
from harness import sockets
from netstrings import dump, request

HOSTILE = [
    b"plain",
    b"",
    b"it's",
    b"''';touch pwned;'''",
    b"$(touch pwned)",
    b"`touch pwned`",
    b"${HOME} $HOME %s %n %% \\n",
    b"!! !touch !$ ^a^b",
    b'"; touch pwned; "',
    b"back\\slash \\' \\\\x",
    b"@/etc/passwd",
    b"=/etc/passwd",
    b"=@/etc/passwd",
    b":=1 ==2 ;3 :x",
    b"a=b:c@d;e",
    b"-o pwned --help",
    b"#comment * ? [a-c] {1,2} ~ &",
    b"</script><!-- */ ${1+1}",
    "Gr\u00fc\u00dfe \u2028\u202e \U0001f600".encode(),
    b"\xff\xfe\x80",
    b"esc \x1b]0;x\x07 \x01 \x7f del",
]
BODIES = [
    *HOSTILE,
    b"line\n",
    b"\nlines\n\n",
    b"crlf\r\n\ttab\x00nul",
    bytes(range(256)),
    b"'\n'" * 10,
    b"x" * 200_000,
]
PATHS = [
    b"/",
    b"/a/../b/./c//d?e=/../f",
    b"/'\"$(touch pwned)`touch pwned`;&|!!?q={a,b}&r=[1-3]&s=%20%zz+~*",
    b"/-o?--help&@/etc/passwd=x:y",
]


class Listener:
    """Takes requests and keeps them: (line, fields, body)."""

    def __init__(self):
        self.requests = []
        self.listener = sockets.Listener(self.serve)
        self.port = self.listener.port

    def serve(self, connection):
        file = connection.makefile("rb")
        line = file.readline()
        fields, length = [], 0
        while (field := file.readline()) not in (b"\r\n", b""):
            name, _, value = field.rstrip(b"\r\n").partition(b":")
            fields.append((name, value.removeprefix(b" ")))
            if name.lower() == b"content-length":
                length = int(value)
        self.requests.append((line.rstrip(b"\r\n"), fields, file.read(length)))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self):
        self.listener.close()


@pytest.fixture
def listener():
    it = Listener()
    yield it
    it.close()


# Even history, which "!" would ask for, is on where a shell has it.
SHELLS = {
    "sh": (["sh", "-s"], b""),
    "bash": (["bash", "--norc", "-s"], b"set -o history\nset -H\n"),
}
RUNS = {
    "curl sh": ("curl", *SHELLS["sh"]),
    "curl bash": ("curl", *SHELLS["bash"]),
    "httpie sh": ("httpie", *SHELLS["sh"]),
    "fetch": ("fetch", ["node", "--input-type=module", "-"], b""),
    "python": ("python", [sys.executable, "-"], b""),
}


@pytest.fixture(params=RUNS)
def way(request):
    return RUNS[request.param]


def run(way, flows, folder):
    """What a format makes of flows, run: what it left out."""
    form, command, before = way
    source = folder / "flows.mitm"
    source.write_bytes(b"".join(map(dump, flows)))
    status, text, lines = convert(source, form)
    assert status == 0, lines
    assert all(0x20 <= byte <= 0x7E or byte == 0x0A for byte in text)
    here = folder / "here"
    here.mkdir()
    path = f"{pathlib.Path(sys.executable).parent}:{pathlib.Path(shutil.which('node')).parent}:/usr/bin:/bin"
    done = subprocess.run(
        command,
        input=before + text,
        capture_output=True,
        cwd=here,
        env={"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "NO_PROXY": "*"},
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(here.iterdir()) == []
    return lines


def test_header_fields_arrive_as_they_were(way, listener, tmp_path):
    flows = [
        request(listener.port, headers=[(b"X-Hostile", value), (b"-o", b"x"), (b"a'b!*", b"1")])
        for value in HOSTILE
    ]
    left_out = run(way, flows, tmp_path)
    assert len(listener.requests) == len(HOSTILE)
    lacking = 0
    for value, (_, fields, _) in zip(HOSTILE, listener.requests):
        got = [v for name, v in fields if name.lower() == b"x-hostile"]
        if got != [value]:
            assert got == [], (value, got)
            lacking += 1
        names = {name.lower() for name, _ in fields}
        assert {b"-o", b"a'b!*"} <= names
    # What a client cannot send is named; most can send nearly all.
    assert lacking == len(left_out)
    assert lacking == {"httpie": lacking, "fetch": 1}.get(way[0], 0) and lacking <= 4


def test_nothing_is_sent_that_the_flow_did_not_have(way, listener, tmp_path):
    headers = [(b"Host", b"named.example")]
    left_out = run(way, [request(listener.port, headers=headers)], tmp_path)
    [(line, fields, body)] = listener.requests
    assert (line, body) == (b"GET / HTTP/1.1", b"")
    names = {name.lower() for name, _ in fields}
    host = {name.lower(): value for name, value in fields}[b"host"]
    assert (host == b"named.example") == (left_out == []) == (way[0] != "fetch")
    if way[0] == "fetch":
        # Its standard has it send these.
        names -= {b"accept", b"accept-language", b"accept-encoding", b"user-agent"}
        names -= {b"sec-fetch-mode", b"connection"}
    assert names <= {b"host", b"content-length"}


def test_bodies_arrive_byte_for_byte(way, listener, tmp_path):
    flows = [
        request(listener.port, b"POST", b"/", [(b"Content-Type", b"x/y")], body) for body in BODIES
    ]
    assert run(way, flows, tmp_path) == []
    assert [body for _, _, body in listener.requests] == BODIES


def test_urls_and_methods_arrive_as_they_were(way, listener, tmp_path):
    flows = [request(listener.port, b"GET", path) for path in PATHS]
    flows += [request(listener.port, method) for method in (b"DELETE", b"HEAD", b"PROPFIND")]
    flows += [request(listener.port, b"a'$(touch)"), request(listener.port, b"GET", b"*")]
    run(way, flows, tmp_path)
    lines = [line.split(b" ") for line, _, _ in listener.requests]
    assert [line[0] for line in lines[len(PATHS) :]] == [b"DELETE", b"HEAD", b"PROPFIND"]
    for path, line in zip(PATHS, lines):
        if way[0] == "curl":
            assert line == [b"GET", path.replace(b" ", b"%20"), b"HTTP/1.1"]
        else:
            assert len(line) == 3 and line[0] == b"GET"


def test_a_compressed_body_is_sent_compressed(way, listener, tmp_path):
    headers = [(b"Content-Encoding", b"gzip"), (b"Accept-Encoding", b"br")]
    run(way, [request(listener.port, b"PUT", b"/", headers, b"\x1f\x8b\x00")], tmp_path)
    [(_, fields, body)] = listener.requests
    assert body == b"\x1f\x8b\x00"
    got = {name.lower(): value for name, value in fields}
    assert got[b"content-encoding"] == b"gzip" and got[b"accept-encoding"] == b"br"


def test_what_no_command_can_ask_for_is_left_out_and_named(way, listener, tmp_path):
    flows = [
        request(listener.port, scheme=b"file", path=b"/etc/passwd"),
        request(listener.port, host="a b$(touch pwned)"),
        request(listener.port, host="-o"),
        request(listener.port, b"GET x"),
        request(listener.port, b""),
    ]
    assert len(run(way, flows, tmp_path)) == len(flows)
    assert listener.requests == []


@pytest.mark.parametrize("version, is_told", [(b"HTTP/2.0", True), (b"HTTP/1.1", False)])
def test_curl_says_te_where_a_server_of_grpc_wants_it(version, is_told, tmp_path):
    source = tmp_path / "flow.mitm"
    headers = [(b"te", b"trailers")]
    source.write_bytes(dump(request(80, b"POST", headers=headers, http_version=version)))
    status, text, _ = convert(source, "curl")
    assert (status, b"-H 'te: trailers'" in text) == (0, is_told)


def test_raw_messages_are_what_was_on_the_wire(tmp_path):
    headers = [(b"Host", b"a"), (b"X", b"\xff"), (b"x", b"2"), (b"Transfer-Encoding", b"chunked")]
    trailers = [[b"T", b"1"]]
    flow = request(80, b"POST", b"/\xff", headers, b"\x00body", trailers=trailers)
    source = tmp_path / "flow.mitm"
    source.write_bytes(dump(flow))
    head = b"POST /\xff HTTP/1.1\r\nHost: a\r\nX: \xff\r\nx: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw = head + b"5\r\n\x00body\r\n0\r\nT: 1\r\n\r\n"
    assert convert(source, "raw-request")[:2] == (0, raw)
