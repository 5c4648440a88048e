"""A gRPC server that keeps what exporters send."""

import base64
import contextlib
import threading
import time
from concurrent import futures

import grpc
from harness.schema import proxy, proxy_grpc

DEADLINE_S = 30

# The events that end a flow that grows.
ENDS = [
    proxy.EventType.Value(f"EVENT_TYPE_{name}")
    for name in ("TCP_END", "TCP_ERROR", "UDP_END", "UDP_ERROR", "WEBSOCKET_END", "ERROR")
]


class Recorder(proxy_grpc.ServiceServicer):
    """Listens at once; `hello` is what Hello answers, None for a server
    that has no such method. With `takes_appends` it puts flows together from
    what it is sent, in `kept`; a flow that is not there is missing."""

    def __init__(self, port=0, hello=None, takes_raw=True, takes_appends=False, max_message=0, tls=None):
        self.hello = hello
        if hello is None and takes_raw:
            self.hello = proxy.HelloResponse(
                server_version="test",
                takes=proxy.ExportFeatures(
                    raw_bodies=True, appended_messages=takes_appends
                ),
                max_message_bytes=max_message,
            )
        self.messages = []
        self.kept = {}  # id -> the flow, as it is by now
        self.is_missing = lambda flow_id: False
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
                # grpcio takes calls in no order: a flow would be missing as
                # its appends came before it.
                *([("grpc.max_concurrent_streams", 1)] if takes_appends else []),
            ],
        )
        proxy_grpc.add_ServiceServicer_to_server(self, self._server)
        self._scheme = "https" if tls else "http"
        where = f"127.0.0.1:{port}"
        if tls:  # an Identity of harness.authority
            pair = (tls.key.read_bytes(), tls.cert.read_bytes())
            own = grpc.ssl_server_credentials([pair])
            self.port = self._server.add_secure_port(where, own)
        else:
            self.port = self._server.add_insecure_port(where)
        assert self.port, "cannot listen"
        self._server.start()

    @property
    def url(self):
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def Hello(self, request, context):
        with self.changed:
            self.hellos.append(request)
            self.changed.notify_all()
        if self.hello is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such method")
        return self.hello

    def ExportFlow(self, requests, context):
        count = 0
        missing = []
        with self.changed:
            self.metadata.append(dict(context.invocation_metadata()))
            self.changed.notify_all()
        # A proxy that goes away ends the iteration with an error.
        with contextlib.suppress(grpc.RpcError):
            for message in requests:
                self.on_message(message, context)
                with self.changed:
                    self.messages.append(message)
                    missing += self._keep(message)
                    self.changed.notify_all()
                count += 1
        with self.changed:
            self.calls_ended += 1
            self.changed.notify_all()
        return proxy.ExportFlowResponse(
            received=True, flows_processed=count, missing=dict.fromkeys(missing)
        )

    def _keep(self, message):
        """Take a message in; a list of the flow's id if it must come whole."""
        if not message.HasField("append"):
            self.kept[flow_of(message).id] = copy_of(flow_of(message))
            return []
        append = message.append
        flow = self.kept.get(append.flow_id)
        if flow is None or self.is_missing(append.flow_id):
            self.kept.pop(append.flow_id, None)
            return [append.flow_id]
        messages = talk_of(flow)
        if append.first_index > len(messages):
            return [append.flow_id]
        messages.extend(appended_of(append)[len(messages) - append.first_index :])
        if message.event_type in ENDS:
            flow.live = False
            flow.error = append.error
            flow.duration_ms = append.duration_ms
            if append.HasField("websocket_close"):
                flow.websocket_close.CopyFrom(append.websocket_close)
        return []

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
        wholes = [m for m in list(self.messages) if not m.HasField("append")]
        return {flow_of(m).id: m for m in wholes if not flow_of(m).live}

    def wait_kept(self, flow_id, is_there):
        """Until `is_there(flow)` of a flow that is kept, which is returned."""

        def found():
            flow = self.kept.get(flow_id)
            return flow if flow is not None and is_there(flow) else None

        return self.wait(found)

    def stop(self):
        self._server.stop(0).wait()


def flow_of(message):
    return getattr(message.flow, message.flow.WhichOneof("flow"))


def copy_of(flow):
    copy = type(flow)()
    copy.CopyFrom(flow)
    return copy


def talk_of(flow):
    """The WebSocket, TCP or UDP messages of a flow."""
    return flow.websocket_messages if hasattr(flow, "websocket_messages") else flow.messages


def appended_of(append):
    return append.websocket_messages or append.tcp_messages or append.udp_messages


def source_of(metadata):
    """What grpcio decoded, or the text that a lenient peer would see."""
    value = metadata["mitmflow-source-bin"]
    if isinstance(value, bytes):
        return value.decode()
    return base64.b64decode(value + "=" * (-len(value) % 4)).decode()
