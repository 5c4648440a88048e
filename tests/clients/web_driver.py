"""The Connect clients of browsers (in Chromium) and of Node, told what to
call line by line."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

WEB = pathlib.Path(__file__).parents[2] / "web"
NODE = shutil.which("node") or WEB.parent / ".venv" / "bin" / "node"


class Driver:
    def __init__(self):
        subprocess.run([NODE, "scripts/gen.mjs"], cwd=WEB, check=True)
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [NODE, "e2e/clients/driver.mjs"],
            cwd=WEB,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "NO_COLOR": "1"},
        )

    def call(self, name, text="", *, protocol, page=None, **options):
        """What the call brought, or (code, message) of its error."""
        ask = {"name": name, "text": text, "protocol": protocol, "options": options}
        ask = ask if page is None else {**ask, "page": page}
        self._process.stdin.write(json.dumps(ask) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise AssertionError(self._errors.read().decode(errors="replace"))
        told = json.loads(line)
        if "error" in told:
            return told["error"]["code"], told["error"]["message"]
        return told.get("value")

    def close(self):
        self._process.stdin.close()
        status = self._process.wait(30)
        self._process.stdout.close()
        self._errors.seek(0)
        errors = self._errors.read().decode(errors="replace")
        self._errors.close()
        assert status == 0, errors
