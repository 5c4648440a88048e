"""tools/check-layers passes this tree and fails bad ones."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

TABLE = """\
# Architecture

## Layers

```
src/base/     ground                       -> libc only
src/flow/     the record; why -> is here   -> base
src/store/    only user of sqlite3.h       -> flow
src/net/      sockets                      -> base
src/cli/      wiring                       -> all
exporter/     the addon                    -> flow
```

## Threads
"""


def check(root):
    return subprocess.run(
        [ROOT / "tools" / "check-layers", root], capture_output=True, text=True, check=False
    )


@pytest.fixture
def tree(tmp_path):
    """A function that writes a file into a small tree that is fine so far."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path

    write("docs/ARCHITECTURE.md", TABLE)
    write("src/base/buf.h", "#include <stddef.h>\n")
    write("src/flow/flow.h", '#include "base/buf.h"\n')
    write("src/store/store.c", '#include <sqlite3.h>\n#include "flow/flow.h"\n')
    write("src/net/loop.c", '#include <uv.h>\n#include "net/loop.h"\n')
    write("src/cli/main.c", '#include "store/store.h"\n#include "net/loop.h"\n')
    write("exporter/addon.c", '#include <Python.h>\n#include "queue.h"\n#include "flow/flow.h"\n')
    write("exporter/queue.h", "")
    return write


def test_this_tree_keeps_its_layers():
    result = check(ROOT)
    assert (result.returncode, result.stdout) == (0, "")


def test_a_good_tree_passes(tree):
    result = check(tree("src/base/buf.c", '#include "base/buf.h"\n'))
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("src/base/bad.c", '#include "flow/flow.h"', 'base may not include "flow/flow.h"'),
        ("src/flow/bad.h", '# include "store/store.h"', 'flow may not include "store/store.h"'),
        ("src/net/bad.c", '#include "flow/flow.h"', 'net may not include "flow/flow.h"'),
        ("exporter/bad.c", '#include "store/store.h"', "exporter may not include"),
        ("src/net/sql.c", "#include <sqlite3.h>", "<sqlite3.h> is for store alone"),
        ("src/store/uv.c", "#include <uv.h>", "<uv.h> is for net alone"),
        ("src/store/h2.c", "#include <nghttp2/nghttp2.h>", "for exporter and net alone"),
        ("src/cli/py.c", '#include "Python.h"', "for exporter alone"),
        ("src/flow/up.c", '#include "../base/buf.h"', "write includes from src/"),
        ("src/extra/new.c", "", "src/extra: not in the layer table"),
    ],
)
def test_a_forbidden_include_is_told_with_its_place(tree, name, line, said):
    result = check(tree(name, f"/* first */\n{line}\n"))
    assert result.returncode == 1
    assert said in result.stdout
    if line:
        assert result.stdout.startswith(f"{name}:2: ")


def test_a_document_without_the_table_fails(tree):
    result = check(tree("docs/ARCHITECTURE.md", "# Architecture\n"))
    assert result.returncode == 1
    assert "no layer table" in result.stdout
