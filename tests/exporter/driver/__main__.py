"""Scenarios that run inside a mitmproxy, without anything but its own
packages: `python driver EXPORTER SCENARIO ARGUMENT...`. The last line on
stdout is the result, in JSON."""

import inspect
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
    """The scenario of that name, which one topic has."""
    found = [getattr(topic, name, None) for topic in TOPICS]
    own = [it for it in found if inspect.isfunction(it) and it.__module__ != "library"]
    assert len(set(own)) <= 1, f"{name} is in several topics"
    return own[0] if own else {"messages": messages}[name]


if __name__ == "__main__":
    print(json.dumps(find(sys.argv[2])(*sys.argv[3:])), flush=True)
