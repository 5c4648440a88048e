"""--descriptor-set: what is said of a set that cannot be used, and SIGHUP."""

import signal

from google.protobuf import descriptor_pb2
from test_start import refused


def write_set(path, *files):
    """A set of files, each a name, its messages and its imports."""
    made = descriptor_pb2.FileDescriptorSet()
    for name, messages, imports in files:
        file = made.file.add(name=name, package="example", dependency=imports)
        for message in messages:
            file.message_type.add(name=message)
    path.write_bytes(made.SerializeToString())
    return path


def test_a_set_that_does_not_resolve_ends_the_start(tmp_path):
    whole = write_set(tmp_path / "whole.binpb", ("a.proto", ["A"], []))
    broken = write_set(tmp_path / "broken.binpb", ("b.proto", ["B"], ["c.proto"]))
    arguments = ["--addr", "127.0.0.1:0"]
    for path, about in [
        (broken, "broken.binpb: b.proto imports c.proto, which is not there"),
        (tmp_path / "none.binpb", "none.binpb: No such file"),
        (__file__, "test_descriptor_sets.py: not a descriptor set"),
    ]:
        refused(
            *arguments,
            "--descriptor-set",
            whole,
            "--descriptor-set",
            path,
            cwd=tmp_path,
            about=about,
        )


def test_sets_are_read_again_on_sighup(start_server, tmp_path):
    first = write_set(tmp_path / "first.binpb", ("a.proto", ["A"], []))
    second = write_set(tmp_path / "second.binpb", ("b.proto", ["B"], ["a.proto"]))
    server = start_server("--descriptor-set", first, "--descriptor-set", second)
    server.process.wait_lines(" 2 message types are known")

    write_set(second, ("b.proto", ["B", "C"], ["a.proto"]))
    server.process.signal(signal.SIGHUP)
    server.process.wait_lines(" 3 message types are known")

    write_set(first, ("other.proto", ["A"], []))
    server.process.signal(signal.SIGHUP)
    [line] = server.process.wait_lines("descriptor sets not taken")
    assert " error " in line
    assert "second.binpb: b.proto imports a.proto" in line
    assert server.flows() == []
