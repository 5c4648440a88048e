"""The command `mitmflow-exporter`."""

import argparse
import importlib.metadata

from mitmflow_exporter import ADDON


def main():
    parser = argparse.ArgumentParser(
        prog="mitmflow-exporter",
        description='Where the addon is: mitmdump -s "$(mitmflow-exporter path)"',
    )
    parser.add_argument(
        "--version", action="version", version=importlib.metadata.version("mitmflow-exporter")
    )
    parser.add_argument("command", choices=["path"], help="print the addon's path")
    parser.parse_args()
    print(ADDON)
