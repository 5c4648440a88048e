"""A tmpfs of its own size that only one process tree sees."""

import os
import shutil
import subprocess

MOUNT = 'mount -t tmpfs -o size={size},mode=700 none "$0" && exec "$@"'


def can_mount(tmp_path):
    """Whether a mount namespace of its own can be had, with a tmpfs in it."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("nsenter"):
        return False
    script = MOUNT.format(size="1m")
    return (
        subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, tmp_path, "true"],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
