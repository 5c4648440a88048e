"""What the library asks of a machine, and shows to a process."""

import re
import subprocess

from inside import EXPORTER

LIBRARY = EXPORTER.with_name("_mitmflow.abi3.so")


def readelf(*arguments):
    command = ["readelf", "--wide", *arguments, LIBRARY]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dynamic_symbols():
    """(name, whether the library itself has it) for each."""
    for line in readelf("--dyn-syms").splitlines():
        match = re.search(r"(GLOBAL|WEAK)\s+DEFAULT\s+(UND|\d+)\s+(\S+)", line)
        if match:
            yield match[3], match[2] != "UND"


def test_it_needs_nothing_but_the_c_library():
    needed = re.findall(r"\(NEEDED\).*\[([^]]+)\]", readelf("--dynamic"))
    c_library = r"lib(c|m|dl|pthread)\.so\.\d+|ld-linux.*"
    assert needed and not [name for name in needed if not re.fullmatch(c_library, name)]


def test_it_looks_for_no_file_of_the_machine_that_built_it():
    assert not re.findall(r"\((RPATH|RUNPATH)\)", readelf("--dynamic"))


def test_it_finds_nothing_in_other_libraries_of_the_process():
    """But Python, the C library by the version that it was built for, and
    zstd's hooks for tracers, which may be missing."""
    asked = [name for name, is_own in dynamic_symbols() if not is_own]
    assert asked
    allowed = r"_?Py\w+|\w+@GLIBC_[\d.]+|__gmon_start__|_ITM_\w+|ZSTD_trace_\w+"
    assert not [name for name in asked if not re.fullmatch(allowed, name)]


def test_it_shows_only_how_to_be_loaded():
    assert [name for name, is_own in dynamic_symbols() if is_own] == ["PyInit__mitmflow"]
