"""A running mitmflow server."""

import os
import pathlib
import re
import signal
import time
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


def environment(**more):
    """Ours, without what would configure a server, and with `more`."""
    mine = {name: value for name, value in os.environ.items() if name[:9] != "MITMFLOW_"}
    return {**mine, **more}


def _line(flow):
    """One flow in a failure's text."""
    state = schema.view.FlowState.Name(flow.state)
    return f"{flow.number} {flow.type} {state} {flow.http.method} {flow.http.url} {flow.error}"


def open_channel(addr, credentials=None, options=()):
    """Each its own connection; with grpcio's `credentials` by TLS."""
    options = [("grpc.use_local_subchannel_pool", 1), *options]
    if credentials:
        return grpc.secure_channel(addr, credentials, options=options)
    return grpc.insecure_channel(addr, options=options)


class Server:
    """Starts on a free loopback port and waits until it listens.

    `credentials` are grpcio's, for TLS; `wrap` is a command that runs it;
    without `addr` it is not told where to listen."""

    def __init__(
        self,
        data_dir,
        *arguments,
        addr="127.0.0.1:0",
        credentials=None,
        wrap=(),
        env=None,
        **popen,
    ):
        self.data_dir = pathlib.Path(data_dir)
        self._credentials = credentials
        where = ["--addr", addr] if addr else []
        command = [*wrap, BINARY, "serve", *where, "--data-dir", self.data_dir, *arguments]
        self.process = Process(command, env=environment(**(env or {})), **popen)
        self._channel = None
        try:
            [line] = self.process.wait_lines("listening on ")
        except AssertionError:
            self.process.end()
            raise
        self.url = line.split("listening on ")[1].strip()
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port

    def exporters_addr(self):
        """Where --ingest-addr listens: told before the others."""
        [line] = self.process.wait_lines("listening for exporters on ")
        return urllib.parse.urlsplit(line.split()[-1]).netloc

    @property
    def addr(self):
        return f"{self.host}:{self.port}"

    @property
    def channel(self):
        if self._channel is None:
            options = [
                ("grpc.max_receive_message_length", MESSAGE_MAX),
                ("grpc.max_send_message_length", MESSAGE_MAX),
            ]
            self._channel = open_channel(self.addr, self._credentials, options)
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

    def wait_urls(self, urls, deadline_s=DEADLINE_S):
        """Until these are kept, the newest first: limits hold a little later."""
        until = time.monotonic() + deadline_s
        while (there := [flow.http.url for flow in self.flows()]) != urls:
            assert time.monotonic() < until, there

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
