"""Ending: no exporter is ever told success before it has sent all, and what
was acknowledged outlives any end."""

import io
import random
import signal
import socket
import sqlite3
import threading

import grpc
import pytest
from harness import build, connect, http1
from harness.process import DEADLINE_S
from harness.schema import view

HEAD = (
    b"POST /mitmproxy.v1.Service/ExportFlow HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/connect+proto\r\nConnect-Protocol-Version: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def chunk(message):
    data = connect.envelope(message.SerializeToString())
    return b"%x\r\n%s\r\n" % (len(data), data)


class OpenStream:
    """The published exporter's way: a POST that lasts."""

    def __init__(self, server):
        self.socket = socket.create_connection((server.host, server.port), DEADLINE_S)
        self.socket.sendall(HEAD)

    def send(self, message):
        self.socket.sendall(chunk(message))

    def said(self):
        """What the server has said so far, without waiting."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(65536)
        except BlockingIOError:
            return None
        finally:
            self.socket.settimeout(DEADLINE_S)

    def rest(self):
        """Everything up to the end of the connection."""
        data = b""
        try:
            while more := self.socket.recv(65536):
                data += more
        except ConnectionResetError:
            pass
        return data


def is_no_success(answer):
    """A cut connection, or `unavailable`."""
    if not answer:
        return True
    message = http1.read_message(io.BytesIO(answer), until_close=True)
    if not message.first_line.startswith(b"HTTP/1.1 200"):
        return b" 503 " in message.first_line
    messages, end = connect.read_stream(io.BytesIO(message.body))
    return messages == [] and end["error"]["code"] == "unavailable"


def test_an_open_stream_hears_nothing_while_it_is_open(server):
    stream = OpenStream(server)
    for n in range(20):
        stream.send(build.http(f"http://{n}/"))
        server.wait_flow(lambda flow, n=n: flow.http.url == f"http://{n}/")
        assert stream.said() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_server_tells_exporters_to_come_back(server, number):
    by_http1 = OpenStream(server)
    by_http1.send(build.http("http://one/"))
    go_on = threading.Event()

    def messages():
        yield build.http("http://two/")
        go_on.wait(DEADLINE_S)

    by_grpc = server.ingest.ExportFlow.future(messages())
    watch = server.viewer.WatchFlows(view.WatchFlowsRequest(), timeout=DEADLINE_S)
    for url in ("http://one/", "http://two/"):
        server.wait_flow(lambda flow, url=url: flow.http.url == url)
    server.process.signal(number)
    assert is_no_success(by_http1.rest())
    with pytest.raises(grpc.RpcError) as error:
        by_grpc.result(DEADLINE_S)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    with pytest.raises(grpc.RpcError) as error:
        list(watch)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    go_on.set()
    server.stop()


def test_what_was_taken_in_is_there_after_a_stop(start_server):
    server = start_server()
    stream = OpenStream(server)
    for n in range(50):
        stream.send(build.started(url=f"http://{n}/"))
    server.wait_flow(lambda flow: flow.http.url == "http://49/")
    server.stop()
    flows = start_server().flows()
    assert sorted(flow.http.url for flow in flows) == sorted(f"http://{n}/" for n in range(50))
    assert {flow.state for flow in flows} == {view.FLOW_STATE_CUT_OFF}


class Sender(threading.Thread):
    """Sends flows call by call, each acknowledged, until the server dies;
    then what was not acknowledged waits to be sent again."""

    def __init__(self, server, pending, fresh):
        super().__init__(daemon=True)
        self._server = server
        self._pending = pending
        self._fresh = fresh
        self.acknowledged = []
        self.sent = 0
        self.changed = threading.Condition()

    def _messages(self, batch):
        for message in batch:
            yield message
            with self.changed:
                self.sent += 1
                self.changed.notify_all()

    def run(self):
        while True:
            while len(self._pending) < 20:
                self._pending.append(next(self._fresh))
            batch = list(self._pending)
            try:
                answer = self._server.ingest.ExportFlow(
                    self._messages(batch), timeout=DEADLINE_S
                )
            except grpc.RpcError:
                return
            assert answer.flows_processed == len(batch)
            with self.changed:
                self.acknowledged += map(build.flow_id, batch)
                self._pending.clear()
                self.changed.notify_all()

    def wait_for(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, DEADLINE_S)


def fresh_flows():
    n = 0
    while True:
        yield build.http(f"http://{n}/", body=b"%d " % n * 500, flow_id=f"flow-{n}")
        n += 1


def test_kill_9_twenty_times_loses_and_doubles_nothing_acknowledged(start_server):
    random_source = random.Random(20)
    acknowledged, pending, fresh = set(), [], fresh_flows()
    for _ in range(20):
        server = start_server()
        sender = Sender(server, pending, fresh)
        sender.start()
        sender.wait_for(lambda sender=sender: len(sender.acknowledged) >= 40)
        target = sender.sent + random_source.randrange(1, 60)
        sender.wait_for(lambda sender=sender, target=target: sender.sent >= target)
        server.kill()
        sender.join(DEADLINE_S)
        assert not sender.is_alive()
        acknowledged.update(sender.acknowledged)

        server = start_server()
        flows = server.flows()
        ids = [flow.id for flow in flows]
        assert len(set(ids)) == len(ids)
        assert acknowledged <= set(ids)
        assert not {flow.state for flow in flows} - {
            view.FLOW_STATE_ENDED,
            view.FLOW_STATE_CUT_OFF,
        }
        server.kill()
    assert len(acknowledged) >= 20 * 40

    server = start_server()
    for summary in random_source.sample(server.flows(), 50):
        number = summary.id.removeprefix("flow-")
        body = server.flow(summary).http_flow.response.content
        assert body == f"{number} ".encode() * 500
    server.stop()
    database = sqlite3.connect(server.data_dir / "flows.db")
    assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    database.close()
