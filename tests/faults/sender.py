"""An exporter that never tires: it sends call after call until its server is
gone, and knows what was acknowledged."""

import itertools
import random
import threading

import grpc
from harness import build
from harness.process import DEADLINE_S
from harness.schema import proxy, view

FLOWS_PER_CALL = 40
APPENDED = 5


class Sender(threading.Thread):
    """Each call brings whole flows, some of them sent twice, and one that
    grows by appended messages."""

    def __init__(self, server, name, seed):
        super().__init__(daemon=True)
        self._server = server
        self._name = name
        self._random = random.Random(seed)
        self._changed = threading.Condition()
        self.sent = 0
        self.acknowledged = {}  # id: number of messages, or None
        self.deleted = set()  # ids whose deletion was answered
        self.asked = set()  # ids whose deletion was asked for
        self.surprise = None

    def _body(self):
        words = [f"word{self._random.randrange(1000)}" for _ in range(400)]
        return " ".join(words).encode()

    def _messages(self, call, ids):
        for n in range(FLOWS_PER_CALL):
            flow_id = f"{self._name}-{call}-{n}"
            ids[flow_id] = None
            url = f"http://{self._name}.example/{call}/{n}"
            if n % 4 == 0:
                yield build.started(url=url, flow_id=flow_id)
            yield build.http(url, flow_id=flow_id, body=self._body())
            self._count()
        flow_id = f"{self._name}-{call}-tcp"
        ids[flow_id] = APPENDED
        whole = build.request("tcp", proxy.EVENT_TYPE_TCP_START, flow_id=flow_id)
        yield whole
        for n in range(APPENDED):
            last = n == APPENDED - 1
            event = proxy.EVENT_TYPE_TCP_END if last else None
            yield build.append("tcp", flow_id, n, [b"message %d" % n], event=event)
        self._count()

    def _count(self):
        with self._changed:
            self.sent += 1
            self._changed.notify_all()

    def wait_sent(self, count):
        """Until so many flows have been sent, or it ended."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.sent >= count or self.surprise, timeout=DEADLINE_S
            )

    def _delete_some(self, ids):
        chosen = self._random.sample(sorted(ids), 2)
        self.asked.update(chosen)
        request = view.DeleteFlowsRequest(flow_ids=chosen)
        answer = self._server.viewer.DeleteFlows(request, timeout=DEADLINE_S)
        assert answer.count == 2
        self.deleted.update(chosen)

    def run(self):
        ingest = self._server.ingest
        try:
            for call in itertools.count():
                ids = {}
                answer = ingest.ExportFlow(self._messages(call, ids), timeout=DEADLINE_S)
                assert answer.flows_processed >= len(ids), answer
                self.acknowledged.update(ids)
                if call % 3 == 2:
                    self._delete_some(ids)
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                self.surprise = error
        except Exception as error:  # noqa: BLE001 (told by the test)
            self.surprise = error
        finally:
            with self._changed:
                self._changed.notify_all()
