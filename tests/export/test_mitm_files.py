"""mitmproxy's own files, both ways, with each mitmproxy that is here."""

import pytest
from files import convert, in_mitmproxy, made_by

VERSIONS = range(17, 22)


@pytest.fixture(scope="module")
def made(kind, tmp_path_factory):
    return made_by(kind, tmp_path_factory.mktemp("made"))


def test_a_file_of_mitmproxy_comes_back_equal_in_every_field(kind, made, tmp_path):
    path, version = made
    status, content, lines = convert(path, "mitm", version)
    assert (status, lines) == (0, [])
    back = tmp_path / "back.mitm"
    back.write_bytes(content)
    run = in_mitmproxy(kind, "compare", path, back)
    assert run.returncode == 0, run.stderr
    first, *differences = run.stdout.splitlines()
    one, two = first.split(", ")
    assert one == two and int(one.split()[0]) > 40
    assert differences == []


def test_every_version_that_is_written_is_read_by_every_mitmproxy_that_is_as_new(
    kind, made, tmp_path
):
    path, own = made
    for version in VERSIONS:
        status, content, lines = convert(path, "mitm", version)
        assert status == 0
        back = tmp_path / f"{version}.mitm"
        back.write_bytes(content)
        run = in_mitmproxy(kind, "compare", back, back)
        if version > own:
            assert run.returncode != 0 and "version" in run.stderr
        else:
            assert run.returncode == 0, (version, run.stderr)
        lacks = set()
        if version < 18 <= own:
            lacks |= {"left out: flow type udp", "left out: the proxy's mode"}
        if version < 19 <= own:
            lacks.add("left out: a connection's transport protocol")
        assert set(lines) == lacks, version


def test_what_is_written_is_the_same_when_it_was_read_and_is_written_again(made, tmp_path):
    path, version = made
    first = convert(path, "mitm", version)[1]
    again = tmp_path / "again.mitm"
    again.write_bytes(first)
    assert convert(again, "mitm", version)[1] == first


def test_a_file_of_a_newer_mitmproxy_is_refused_with_the_versions_in_words(made, tmp_path):
    path, version = made
    newer = tmp_path / "newer.mitm"
    newer.write_bytes(path.read_bytes().replace(b"7:version;2:%d#" % version, b"7:version;2:99#"))
    status, _, lines = convert(newer, "mitm")
    assert status == 1
    assert lines == [
        "flow 1, byte 0: version 99 of mitmproxy's file format, from a newer mitmproxy;"
        " the newest that is known here is 21"
    ]


def test_a_file_that_breaks_off_gives_the_flows_before_and_names_the_place(made, tmp_path):
    path, version = made
    content = path.read_bytes()
    first_len = len(content[: content.index(b":")]) + 2 + int(content[: content.index(b":")])
    second = content[first_len:]
    cut = tmp_path / "cut.mitm"
    cut.write_bytes(content[:first_len] + second[:100])
    status, written, lines = convert(cut, "mitm", version)
    assert status == 1
    assert lines == [f"flow 2, byte {first_len}: the file ends inside of it"]
    assert written.count(b"7:version;") == 1


def test_a_byte_that_is_wrong_is_named(made, tmp_path):
    path, version = made
    content = path.read_bytes()
    at = content.index(b"7:version;2:%d#" % version) + len(b"7:version;2:")
    wrong = tmp_path / "wrong.mitm"
    wrong.write_bytes(content[:at] + b"x1" + content[at + 2 :])
    status, _, lines = convert(wrong, "mitm", version)
    assert status == 1
    assert lines == [f"flow 1, byte {at}: not a whole number"]


def test_a_version_that_is_not_written_is_refused(made):
    status, content, lines = convert(made[0], "mitm", 16)
    assert (status, content) == (1, b"")
    assert lines == [
        "mitmproxy's files are written here in the versions 17 to 21 of their format"
    ]
