"""TCP conversations through a mitmdump, a message and its echo at a time, and
what a server then has of them."""

import socket
import threading
import time

from harness.process import DEADLINE_S
from harness.schema import view

# Of one conversation; then the next begins.
MESSAGES = 120


def _content(token, number):
    size = 9000 if number % 50 == 7 else 40 + number
    return (f"{token} {number} " + "." * size).encode()


def _read_exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


class Talks:
    """One conversation after the other until stopped, the last one to its
    end."""

    def __init__(self, port, name="talk"):
        self._port = port
        self._name = name
        self._is_over = threading.Event()
        self.answered = {}  # token: when each message was answered
        self.ended = {}  # token: when
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        number = 0
        while not self._is_over.is_set():
            token = f"{self._name}-{number}"
            number += 1
            try:
                self._talk(token)
            except (OSError, EOFError):
                pass  # the proxy is gone

    def _talk(self, token):
        with socket.create_connection(("127.0.0.1", self._port), DEADLINE_S) as connection:
            times = self.answered.setdefault(token, [])
            for number in range(MESSAGES):
                content = _content(token, number)
                connection.sendall(content)
                assert _read_exactly(connection, len(content)) == content
                times.append(time.monotonic())
                # Slow enough to last through many a fault.
                if self._is_over.wait(0.01):
                    break
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""
            self.ended[token] = time.monotonic()

    def stop(self):
        self._is_over.set()
        self._thread.join()


class Held:
    """What a server has: of each token the state, and the contents that came
    from the client and as echo, joined: how TCP cuts them tells nothing."""

    def __init__(self, server):
        self.flows = {}
        for flow in server.flows(limit=10**7, flow_types=["tcp"]):
            whole = server.flow(flow).tcp_flow
            sides = [
                b"".join(m.content for m in whole.messages if m.from_client == side)
                for side in (True, False)
            ]
            if sides[0]:
                token = sides[0].split()[0].decode()
                self.flows.setdefault(token, []).append((flow, sides))

    def is_whole(self, token, count):
        wanted = b"".join(_content(token, number) for number in range(count))
        return any(
            flow.state == view.FLOW_STATE_ENDED and sides == [wanted, wanted]
            for flow, sides in self.flows.get(token, ())
        )


def wait_talks(server, talks, deadline_s=60):
    """Until the server has all that ended, whole."""
    until = time.monotonic() + deadline_s
    while True:
        held = Held(server)
        late = [t for t in talks.ended if not held.is_whole(t, len(talks.answered[t]))]
        if not late:
            return
        assert time.monotonic() < until, f"not whole: {sorted(late)[:5]}"
        time.sleep(0.2)


def check_talks(server, talks, until=None):
    """Each is there once; of one that did not end, what was answered before
    `until` (by the monotonic clock), and nothing else than what was said."""
    held = Held(server)
    assert any(talks.answered.values()), "nobody talked"
    for token, times in talks.answered.items():
        flows = held.flows.get(token, [])
        count = sum(1 for at in times if until is None or at < until)
        if count == 0 and not flows:
            continue
        assert len(flows) == 1, f"{token}: there {len(flows)} times"
        [(_, sides)] = flows
        said = b"".join(_content(token, number) for number in range(len(times) + 1))
        must = b"".join(_content(token, number) for number in range(count))
        for side in sides:
            assert said.startswith(side), f"{token}: not what was said"
            assert len(side) >= len(must), f"{token}: {len(side)} of {len(must)} bytes"
        ended_at = talks.ended.get(token)
        if ended_at and (until is None or ended_at < until):
            assert held.is_whole(token, len(times)), token
