"""Runs the driver with the Python of a mitmproxy."""

import base64
import json
import os
import pathlib
import subprocess
import tempfile

from google.protobuf import timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor
from harness import mitmdump

EXPORTER = pathlib.Path(os.environ.get("MITMFLOW_TEST_EXPORTER", mitmdump.EXPORTER))
DRIVER = pathlib.Path(__file__).with_name("driver")
DEADLINE_S = 100


class Inside:
    def __init__(self, kind):
        self.kind = kind
        beside = kind.command.parent / "python"
        self.python = beside if beside.exists() else "/usr/bin/python3"

    def start(self, scenario, *arguments, env=None):
        """The scenario as a process; its stdin and stdout are pipes of text.
        Its home, where a spool would be, is its own."""
        home = tempfile.TemporaryDirectory()
        command = [self.python, "-X", "faulthandler", DRIVER, EXPORTER, scenario, *arguments]
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HOME": home.name, **(env or {})},
        )
        process.home = home  # gone with it
        return process

    def run(self, scenario, *arguments, env=None):
        """What the scenario printed at its end, read from JSON."""
        return result_of(self.start(scenario, *arguments, env=env))


def result_of(process):
    try:
        output, errors = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert process.returncode == 0, f"{process.args}\n{output}\n{errors}"
    assert "Traceback" not in errors, errors
    return json.loads(output.splitlines()[-1])


class Talk:
    """the driver's `talk`, a command at a time; `start` as Inside's."""

    def __init__(self, start, url, kind="tcp", *options):
        self.process = start("talk", url, kind, *options)

    def __call__(self, *commands):
        """What the last of them answers: how often the flow was wanted."""
        for command in commands:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
            if not answer:
                result_of(self.process)
        return int(answer)

    def stop(self):
        self.process.stdin.write("stop\n")
        return result_of(self.process)


def from_b64(text):
    return base64.b64decode(text)


def plain(message):
    """A message as the driver writes what it expects: fields that are set,
    bytes in base64, times as [seconds, nanoseconds], enums by name."""
    fields = {}
    for field, value in message.ListFields():
        if field.message_type and field.message_type.GetOptions().map_entry:
            fields[field.name] = dict(value)
        elif field.is_repeated:
            fields[field.name] = [_plain_value(field, item) for item in value]
        else:
            fields[field.name] = _plain_value(field, value)
    return fields


def _plain_value(field, value):
    if isinstance(value, timestamp_pb2.Timestamp):
        return [value.seconds, value.nanos]
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return plain(value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64encode(value).decode()
    if field.type == FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values_by_number[value].name
    return value


def differences(got, wanted, path=""):
    """Lines that say where two such structures differ."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        return [
            line
            for name in sorted({*got, *wanted})
            for line in differences(got.get(name), wanted.get(name), f"{path}.{name}")
        ]
    if isinstance(got, list) and isinstance(wanted, list) and len(got) == len(wanted):
        return [
            line
            for index, pair in enumerate(zip(got, wanted))
            for line in differences(*pair, f"{path}[{index}]")
        ]
    return [] if got == wanted else [f"{path}: {got!r}, not {wanted!r}"]
