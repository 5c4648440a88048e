"""What the library asks of a machine, and shows to a process."""

import re
import subprocess

from inside import EXPORTER

LIBRARY = EXPORTER.with_name("_mitmflow.abi3.so")


def readelf(*arguments):
    command = ["readelf", "--wide", *arguments, LIBRARY]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_it_needs_nothing_but_http2_tls_and_the_content_encodings():
    needed = set(re.findall(r"\(NEEDED\).*\[(lib[a-z0-9]+)", readelf("--dynamic")))
    allowed = {"libnghttp2", "libssl", "libcrypto", "libz", "libbrotlidec", "libbrotlienc", "libzstd", "libm", "libc"}
    assert needed <= allowed


def test_it_shows_only_how_to_be_loaded():
    shown = [
        line.split()[-1]
        for line in readelf("--dyn-syms").splitlines()
        if re.search(r"(GLOBAL|WEAK)\s+DEFAULT\s+\d+", line)
    ]
    assert shown == ["PyInit__mitmflow"]
