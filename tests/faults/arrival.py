"""What all that clients said has to come to in the end."""

from talks import check_talks, wait_talks
from traffic import check, is_spool_empty, wait_there


def check_all_arrives(server, proxy, load, talks, tmp_path):
    """Ends the clients and the proxy: each flow and each conversation is at
    the server, once and whole, and nothing waits."""
    tokens = load.stop()
    talks.stop()
    wait_there(server, tokens)
    wait_talks(server, talks)
    proxy.stop()
    check(server, tokens, load.asked)
    check_talks(server, talks)
    assert is_spool_empty(tmp_path)
