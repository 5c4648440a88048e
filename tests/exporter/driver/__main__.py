"""Scenarios that run inside a mitmproxy, without anything but its own
packages: `python driver EXPORTER SCENARIO ARGUMENT...`. The last line on
stdout is the result, in JSON."""

import json
import sys

import addon
import encoding
import endless
import growing
import leaks
import sending
import streams
import telling

TOPICS = (addon, encoding, endless, growing, leaks, sending, streams, telling)


def messages():
    """All that needs no server, in one process."""
    parts = (
        encoding.encode,
        encoding.urls,
        encoding.bad,
        encoding.bodies,
        encoding.live,
        addon.options,
        addon.wrong_start,
    )
    return {part.__name__: part() for part in parts}


def find(name):
    for topic in TOPICS:
        if hasattr(topic, name):
            return getattr(topic, name)
    return {"messages": messages}[name]


if __name__ == "__main__":
    print(json.dumps(find(sys.argv[2])(*sys.argv[3:])), flush=True)
