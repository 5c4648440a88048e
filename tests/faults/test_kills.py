"""kill -9 under load: nothing acknowledged is lost or doubled."""

import collections
import random
import shutil

import pytest
from harness import command
from sender import Sender

SENDERS = 2
ROUNDS_IN_ONE_FOLDER = 20


def check_round(server, senders):
    """What the senders know against what the server has after its kill."""
    flows = {flow.id: flow for flow in server.flows(limit=1000000)}
    for sender in senders:
        for flow_id, messages in sender.acknowledged.items():
            if flow_id in sender.deleted:
                assert flow_id not in flows, f"{flow_id} is back"
            elif flow_id not in sender.asked:
                assert flow_id in flows, f"{flow_id} was acknowledged and is lost"
                if messages is not None:
                    assert flows[flow_id].message_count == messages
    return flows


def check_whole(server, senders):
    """Some of the acknowledged flows, with their bodies and messages."""
    flows = {flow.id: flow for flow in server.flows(limit=1000000)}
    for sender in senders:
        for flow_id in list(sender.acknowledged)[-45::11]:
            if flow_id in sender.asked:
                continue
            whole = server.flow(flows[flow_id])
            if flow_id.endswith("-tcp"):
                contents = [m.content for m in whole.tcp_flow.messages]
                assert contents == [b"message %d" % n for n in range(len(contents))]
            else:
                assert len(whole.http_flow.response.content) > 2000


@pytest.mark.timeout(0)
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(start_server, tmp_path, rounds):
    chance = random.Random(rounds)
    known = 0
    for number in range(rounds):
        data_dir = tmp_path / f"data-{number // ROUNDS_IN_ONE_FOLDER}"
        server = start_server(data_dir=data_dir)
        senders = [Sender(server, f"r{number}s{n}", number * 10 + n) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        senders[0].wait_sent(chance.randrange(20, 600))
        server.process.signal(9)
        for sender in senders:
            sender.join()
            assert sender.surprise is None, sender.surprise
        server.kill()
        status, stdout, _ = command.run("check", "--data-dir", data_dir)
        assert (status, stdout.count("\n")) == (0, 1), stdout
        server = start_server(data_dir=data_dir)
        check_round(server, senders)
        check_whole(server, senders)
        listed = collections.Counter(flow.id for flow in server.flows(limit=1000000))
        assert max(listed.values(), default=1) == 1, "a flow is there twice"
        known += sum(len(sender.acknowledged) for sender in senders)
        server.stop()
        if number % ROUNDS_IN_ONE_FOLDER == ROUNDS_IN_ONE_FOLDER - 1:
            shutil.rmtree(data_dir)
    assert known > 0, "no call was ever acknowledged: the kills came too early"
    print(f"{rounds} kills, {known} flows acknowledged before them")
