"""Options of every Python test."""

import signal

# A shell that starts tests in the background has them ignore Ctrl-C, and what
# they start would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--match", default="", help="run tests with this text in their name")


def pytest_collection_modifyitems(config, items):
    text = config.getoption("--match")
    chosen = [item for item in items if text in item.nodeid]
    config.hook.pytest_deselected(items=[item for item in items if text not in item.nodeid])
    items[:] = chosen
