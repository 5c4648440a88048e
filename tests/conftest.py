"""Options of every Python test."""


def pytest_addoption(parser):
    parser.addoption("--match", default="", help="run tests with this text in their name")


def pytest_collection_modifyitems(config, items):
    text = config.getoption("--match")
    chosen = [item for item in items if text in item.nodeid]
    config.hook.pytest_deselected(items=[item for item in items if text not in item.nodeid])
    items[:] = chosen
