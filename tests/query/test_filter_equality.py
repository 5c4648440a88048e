"""The filter language finds what mitmproxy's own flowfilter finds, for the
same expressions and the same flows."""

import base64
import json
import os
import pathlib
import struct
import subprocess

import pytest
from filter_expressions import FAULTY, expressions
from harness import mitmdump, schema
from harness.schema import proxy

EXPORTER = pathlib.Path(os.environ.get("MITMFLOW_TEST_EXPORTER", mitmdump.EXPORTER))
SERVER = os.environ.get("MITMFLOW_TEST_SERVER", schema.ROOT / "build" / "mitmflow")
BUILD = pathlib.Path(SERVER).parent
HERE = pathlib.Path(__file__).parent
KIND = "12.2.3-py3.13"
DEADLINE_S = 100


@pytest.fixture(scope="module")
def subject():
    """What mitmproxy makes of all expressions."""
    kind = next(kind for kind in mitmdump.KINDS if kind.name == KIND)
    if not kind.is_here:
        pytest.skip(f"mitmproxy {KIND} is not on this machine")
    done = subprocess.run(
        [kind.command.parent / "python", HERE / "filter_subject.py", EXPORTER],
        input=json.dumps(expressions()),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def flow_bytes(exported):
    """The exported flow, with the metadata that mitmproxy's flow has."""
    message = proxy.ExportFlowRequest.FromString(base64.b64decode(exported["message"]))
    del message.flow.meta.metadata[:]
    for key, value in exported["metadata"]:
        message.flow.meta.metadata.add(key=key, value=value)
    return message.flow.SerializeToString()


@pytest.fixture(scope="module")
def ours(subject, tmp_path_factory):
    """What we make of them: verdicts by flow, or a fault."""
    path = tmp_path_factory.mktemp("query") / "cases"
    with path.open("wb") as file:
        flows = [flow_bytes(flow) for flow in subject["flows"]]
        for items in (flows, [text.encode() for text in expressions()]):
            file.write(struct.pack("<I", len(items)))
            for item in items:
                file.write(struct.pack("<I", len(item)) + item)
    done = subprocess.run(
        [BUILD / "tests" / "query" / "query-match", path],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_same_flows_match(subject, ours):
    cases = list(zip(expressions(), subject["verdicts"], ours, strict=True))
    accepted = [case for case in cases if case[1] is not None]
    assert len(accepted) > 2000
    assert {verdict for case in accepted for verdict in case[1]} == {"0", "1"}
    wrong = [
        (text, theirs, mine) for text, theirs, mine in accepted if mine != f"= {theirs}"
    ]
    assert wrong == []


def test_many_expressions_tell_the_flows_apart(subject):
    kinds = {verdicts for verdicts in subject["verdicts"] if verdicts}
    assert len(kinds) > 250


def test_a_wrong_regular_expression_is_refused_as_mitmproxy_refuses_it(subject, ours):
    faulty = {f'~{name} "{text}"' for name in ("b", "u") for text in FAULTY}
    cases = [
        case
        for case in zip(expressions(), subject["verdicts"], ours, strict=True)
        if case[0] in faulty
    ]
    assert len(cases) == len(faulty)
    assert [text for text, theirs, _ in cases if theirs is not None] == []
    assert [text for text, _, mine in cases if not mine.startswith("! ")] == []
