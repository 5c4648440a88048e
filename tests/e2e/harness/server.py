"""A running mitmflow server."""

import os
import pathlib
import re
import signal
import urllib.parse

import grpc

from harness import schema
from harness.process import DEADLINE_S, Process

BINARY = pathlib.Path(
    os.environ.get("MITMFLOW_TEST_SERVER") or schema.ROOT / "build" / "mitmflow"
)

# What ends badly says so in these words.
SANITIZER = re.compile(r"Sanitizer|runtime error:|Assertion")

MESSAGE_MAX = 512 << 20


def _line(flow):
    """One flow in a failure's text."""
    state = schema.view.FlowState.Name(flow.state)
    return f"{flow.number} {flow.type} {state} {flow.http.method} {flow.http.url} {flow.error}"


class Server:
    """Starts on a free loopback port and waits until it listens."""

    def __init__(self, data_dir, *arguments, addr="127.0.0.1:0", **popen):
        self.data_dir = pathlib.Path(data_dir)
        command = [BINARY, "serve", "--addr", addr, "--data-dir", self.data_dir, *arguments]
        self.process = Process(command, **popen)
        self._channel = None
        try:
            [line] = self.process.wait_lines("listening on ")
        except AssertionError:
            self.process.end()
            raise
        self.url = line.split("listening on ")[1].strip()
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port

    @property
    def addr(self):
        return f"{self.host}:{self.port}"

    @property
    def channel(self):
        if self._channel is None:
            options = [
                ("grpc.max_receive_message_length", MESSAGE_MAX),
                ("grpc.max_send_message_length", MESSAGE_MAX),
                # Each server gets a connection of its own.
                ("grpc.use_local_subchannel_pool", 1),
            ]
            self._channel = grpc.insecure_channel(self.addr, options=options)
        return self._channel

    @property
    def ingest(self):
        return schema.proxy_grpc.ServiceStub(self.channel)

    @property
    def viewer(self):
        return schema.view_grpc.ServiceStub(self.channel)

    # ---- reading ----

    def flows(self, limit=100000, **filters):
        """Summaries, newest first."""
        request = schema.view.GetFlowsRequest(
            limit=limit, filter=schema.view.FlowFilter(**filters)
        )
        return [r.flow for r in self.viewer.GetFlows(request, timeout=DEADLINE_S)]

    def flow(self, summary):
        """The whole flow of a summary."""
        request = schema.view.GetFlowRequest(number=summary.number)
        return self.viewer.GetFlow(request, timeout=DEADLINE_S).flow

    def wait_flow(self, fits, deadline_s=DEADLINE_S):
        """The first summary that `fits`, told by a watch."""
        seen = {}
        try:
            for told in self.viewer.WatchFlows(
                schema.view.WatchFlowsRequest(), timeout=deadline_s
            ):
                for flow in told.flows:
                    seen[flow.number] = flow
                    if fits(flow):
                        return flow
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
        flows = "\n".join(_line(flow) for flow in seen.values())
        raise AssertionError(f"no such flow came; there were:\n{flows}\n{self.process.output}")

    def wait_ended(self, url):
        """The whole HTTP flow of `url`, once it has ended."""
        ended = schema.view.FLOW_STATE_ENDED
        return self.flow(
            self.wait_flow(lambda flow: flow.http.url == url and flow.state == ended)
        )

    # ---- ending ----

    def close_channel(self):
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def kill(self):
        """kill -9."""
        self.process.signal(signal.SIGKILL)
        self.process.wait()
        self.close_channel()

    def stop(self, number=signal.SIGTERM):
        """Stop it as a service manager does; its exit status must be 0 and
        no sanitizer may have spoken."""
        if self.process.popen.poll() is None:
            self.process.signal(number)
        status = self.process.wait()
        self.close_channel()
        output = self.process.output
        assert not SANITIZER.search(output), output
        assert status == 0, f"exit status {status}:\n{output}"
