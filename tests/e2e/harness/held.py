"""Keeps the server's commits from happening, for a while."""

import contextlib
import sqlite3


@contextlib.contextmanager
def commits(server):
    """None succeeds while the block runs: somebody else writes."""
    connection = sqlite3.connect(server.data_dir / "flows.db", isolation_level=None)
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()
