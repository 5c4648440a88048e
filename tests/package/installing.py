"""Builds what people install, with the pinned tools and without network."""

import json
import os
import subprocess

from harness import schema

TOOLS = schema.ROOT / ".venv" / "bin"
DEADLINE_S = 600


def run(*command, **more):
    """What a command prints; all that it says, if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"},
        **more,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


def build_wheel(folder):
    """From the working tree; nothing is left in it."""
    command = [TOOLS / "python", "-m", "pip", "wheel", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", f"--config-settings=builddir={folder / 'build'}"]
    run(*command, "--wheel-dir", folder, schema.ROOT)
    [wheel] = folder.glob("*.whl")
    return wheel


def build_sdist(folder):
    """From the last commit."""
    script = "import mesonpy, sys; mesonpy.build_sdist(sys.argv[1])"
    run(TOOLS / "python", "-c", script, folder, cwd=schema.ROOT)
    [sdist] = folder.glob("*.tar.gz")
    return sdist


def project_version():
    told = run(TOOLS / "meson", "introspect", "--projectinfo", schema.ROOT / "meson.build")
    return json.loads(told)["version"]
