"""mitmflow's exporter: an addon that mitmproxy loads by its path.

    mitmdump -s "$(mitmflow-exporter path)"

The two files in this folder, mitmflow_exporter.py and its library, need
nothing else: no package here has to be importable in mitmproxy's Python.
"""

import pathlib

ADDON = pathlib.Path(__file__).resolve().with_name("mitmflow_exporter.py")
