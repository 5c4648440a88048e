"""A gRPC server that keeps what exporters send."""

import base64
import contextlib
import threading
import time
from concurrent import futures

import grpc
from harness.schema import proxy, proxy_grpc

DEADLINE_S = 30


class Recorder(proxy_grpc.ServiceServicer):
    """Listens at once; `hello` is what Hello answers, None for a server
    that has no such method."""

    def __init__(self, port=0, hello=None, takes_raw=True, max_message=0):
        self.hello = hello
        if hello is None and takes_raw:
            self.hello = proxy.HelloResponse(
                server_version="test",
                takes=proxy.ExportFeatures(raw_bodies=True),
                max_message_bytes=max_message,
            )
        self.messages = []
        self.hellos = []
        self.metadata = []
        self.calls_ended = 0
        self.changed = threading.Condition()
        # Called with each message before it is kept; may block, or abort by
        # raising grpc.RpcError through context.abort().
        self.on_message = lambda message, context: None
        self._server = grpc.server(
            futures.ThreadPoolExecutor(32),
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", 256 << 20),
            ],
        )
        proxy_grpc.add_ServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        assert self.port, "cannot listen"
        self._server.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def Hello(self, request, context):
        with self.changed:
            self.hellos.append(request)
            self.changed.notify_all()
        if self.hello is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such method")
        return self.hello

    def ExportFlow(self, requests, context):
        count = 0
        with self.changed:
            self.metadata.append(dict(context.invocation_metadata()))
            self.changed.notify_all()
        # A proxy that goes away ends the iteration with an error.
        with contextlib.suppress(grpc.RpcError):
            for message in requests:
                self.on_message(message, context)
                with self.changed:
                    self.messages.append(message)
                    self.changed.notify_all()
                count += 1
        with self.changed:
            self.calls_ended += 1
            self.changed.notify_all()
        return proxy.ExportFlowResponse(received=True, flows_processed=count)

    def wait(self, is_there, deadline_s=DEADLINE_S):
        """Until `is_there()` gives something true, which is returned."""
        until = time.monotonic() + deadline_s
        with self.changed:
            while True:
                found = is_there()
                if found:
                    return found
                left = until - time.monotonic()
                assert left > 0, f"{len(self.messages)} messages, not what was waited for"
                self.changed.wait(left)

    def wait_flows(self, ids, deadline_s=DEADLINE_S):
        """Until an ended snapshot of every id is there: id -> message."""
        ids = set(ids)

        def ended():
            return ids <= self.ended().keys() and self.ended()

        return self.wait(ended, deadline_s)

    def ended(self):
        """The last message of each flow that is not live any more."""
        return {flow_of(m).id: m for m in list(self.messages) if not flow_of(m).live}

    def stop(self):
        self._server.stop(0).wait()


def flow_of(message):
    return getattr(message.flow, message.flow.WhichOneof("flow"))


def source_of(metadata):
    """What grpcio decoded, or the text that a lenient peer would see."""
    value = metadata["mitmflow-source-bin"]
    if isinstance(value, bytes):
        return value.decode()
    return base64.b64decode(value + "=" * (-len(value) % 4)).decode()
