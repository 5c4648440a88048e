"""Bodies by themselves, in a zip."""

import gzip
import io
import zipfile

from files import convert
from netstrings import dump, request


def zipped(flows, folder):
    source = folder / "flows.mitm"
    source.write_bytes(b"".join(map(dump, flows)))
    status, content, lines = convert(source, "bodies")
    assert status == 0, lines
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        return {info.filename: file.read(info) for info in file.infolist()}, lines


def post(path, kind, body, *more):
    return request(80, b"POST", path, [(b"Content-Type", kind), *more], body)


def test_bodies_have_their_bytes_and_a_suffix_of_their_type(tmp_path):
    every = bytes(range(256)) * 1000
    flows = [
        post(b"/api/users.json?x=/y", b"application/json; charset=utf-8", b"{}"),
        post(b"/", b"application/vnd.x+json", b"1"),
        post(b"/a/b/", b"image/png", every),
        post(b"/z", b"text/html", gzip.compress(b"<p>"), (b"Content-Encoding", b"gzip")),
        request(80),
    ]
    assert zipped(flows, tmp_path) == (
        {
            "1-request-users.json": b"{}",
            "2-request.json": b"1",
            "3-request.png": every,
            "4-request-z.html": b"<p>",
        },
        [],
    )


def test_names_have_no_path_parts_whatever_the_url(tmp_path):
    hostile = [
        b"/../../etc/passwd",
        b"/..",
        b"/a%2f..%2fb\\..\\c:d",
        b"/nul\x00\n\xff\xfe",
        b"/CON.txt",
        b"/" + b"x" * 5000,
        "/\u202egpj.exe".encode(),
    ]
    files, _ = zipped([post(path, b"a/b", b"x") for path in hostile], tmp_path)
    assert len(files) == len(hostile)
    for name in files:
        assert len(name) <= 80
        assert name.isascii() and name[0].isdigit() and name.endswith(".bin")
        assert not set(name) & set("/\\:\0\n%*?\"<>|") and ".." not in name


def test_a_zip_of_nothing_is_a_zip(tmp_path):
    assert zipped([request(80)], tmp_path) == ({}, [])
