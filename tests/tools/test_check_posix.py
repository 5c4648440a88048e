"""tools/check-posix finds what only some systems have."""

import json
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def check(root, source):
    folder = root / "exporter"
    folder.mkdir(exist_ok=True)
    (folder / "a.c").write_text(source)
    entry = {"directory": str(root), "file": "exporter/a.c"}
    entry["command"] = "cc -D_GNU_SOURCE -O2 -o a.o -c exporter/a.c"
    (root / "compile_commands.json").write_text(json.dumps([entry]))
    command = [ROOT / "tools" / "check-posix", root, root]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_plain_posix_passes(tmp_path):
    done = check(tmp_path, "#include <unistd.h>\nint f(int p[2]) { return pipe(p); }\n")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "use, header",
    [
        ("pipe2(0, 0)", "unistd.h"),
        ("accept4(0, 0, 0, 0)", "sys/socket.h"),
        ("memrchr(\"\", 0, 1) != 0", "string.h"),
        ("fdatasync(0)", "unistd.h"),
    ],
)
def test_what_macos_lacks_is_named(tmp_path, use, header):
    done = check(tmp_path, f"#include <{header}>\nint f(void) {{ return {use}; }}\n")
    assert done.returncode == 1
    assert use.partition("(")[0] in done.stdout


def test_no_file_at_all_is_no_pass(tmp_path):
    (tmp_path / "compile_commands.json").write_text("[]")
    command = [ROOT / "tools" / "check-posix", tmp_path, tmp_path]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
