"""gRPC over HTTP/2 by hand, for frames that no client library sends."""

import collections
import dataclasses
import socket
import struct

import h2.config
import h2.connection
import h2.errors
import h2.events

from harness.process import DEADLINE_S


@dataclasses.dataclass
class Stream:
    headers: dict = dataclasses.field(default_factory=dict)
    trailers: dict = dataclasses.field(default_factory=dict)
    data: bytes = b""
    is_ended: bool = False
    reset: int | None = None

    @property
    def status(self):
        """grpc-status, from trailers or a headers-only answer."""
        told = {**self.headers, **self.trailers}
        return int(told[b"grpc-status"]) if b"grpc-status" in told else None

    @property
    def message(self):
        """The first message of the answer."""
        size = struct.unpack(">I", self.data[1:5])[0]
        return self.data[5 : 5 + size]


def frame(data, flags=0, size=None):
    return struct.pack(">BI", flags, len(data) if size is None else size) + data


class Connection:
    """Several calls on one connection."""

    def __init__(self, server, authority=None, sock=None):
        self._socket = sock or socket.create_connection((server.host, server.port), DEADLINE_S)
        self._is_half_closed = False
        self._authority = authority or server.addr
        self._h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding=None)
        )
        self._h2.initiate_connection()
        self._flush()
        self._streams = collections.defaultdict(Stream)

    def _flush(self):
        data = self._h2.data_to_send()
        if not self._is_half_closed:
            self._socket.sendall(data)

    def open(self, path="/mitmproxy.v1.Service/ExportFlow", extra=()):
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(
            stream,
            [
                (b":method", b"POST"),
                (b":scheme", b"http"),
                (b":authority", self._authority.encode()),
                (b":path", path.encode()),
                (b"te", b"trailers"),
                (b"content-type", b"application/grpc"),
                *extra,
            ],
        )
        self._flush()
        return stream

    def get(self, path):
        """A plain request without a body."""
        stream = self._h2.get_next_available_stream_id()
        head = [
            (b":method", b"GET"),
            (b":scheme", b"http"),
            (b":authority", self._authority.encode()),
            (b":path", path.encode()),
        ]
        self._h2.send_headers(stream, head, end_stream=True)
        self._flush()
        return stream

    def post(self, path, headers):
        """Any other request; its body comes with send()."""
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        stream = self._h2.get_next_available_stream_id()
        head = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":authority", self._authority.encode()),
            (b":path", path.encode()),
        ]
        self._h2.send_headers(stream, [*head, *pairs])
        self._flush()
        return stream

    def send(self, stream, data, end=False):
        """Raw bytes into a call's body."""
        while data:
            room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            if room == 0:
                self._receive()
                continue
            self._h2.send_data(stream, data[:room])
            self._flush()
            data = data[room:]
        if end:
            self._h2.end_stream(stream)
            self._flush()

    def cancel(self, stream):
        self._h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        self._flush()

    def wait(self, stream):
        """The call's answer, once it is whole."""
        while not self._streams[stream].is_ended:
            self._receive()
        return self._streams[stream]

    def _receive(self):
        data = self._socket.recv(65536)
        if not data:
            raise EOFError("the connection ended")
        for event in self._h2.receive_data(data):
            self._take(event)
        self._flush()

    def _take(self, event):
        stream = self._streams[getattr(event, "stream_id", None)]
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            stream.data += event.data
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.is_ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.is_ended, stream.reset = True, event.error_code
        elif isinstance(event, h2.events.ConnectionTerminated):
            raise EOFError(f"GOAWAY {event.error_code}")

    def go_away(self):
        """Say that no more calls will come. (By hand: the library takes it
        for the end of all.)"""
        last, code = 0, 0
        payload = struct.pack(">II", last, code)
        self._socket.sendall(struct.pack(">I", len(payload))[1:] + b"\x07" + bytes(5) + payload)

    def half_close(self):
        """Send nothing more, not even what the protocol asks for."""
        self._is_half_closed = True
        self._socket.shutdown(socket.SHUT_WR)

    def wait_closed(self):
        """Until the server ends the connection."""
        while True:
            try:
                self._receive()
            except (EOFError, ConnectionError):
                return

    def cut(self):
        """End the connection in the middle; returns once the server has, too.
        (A plain close would be a TCP reset, which throws away what was sent.)"""
        self._socket.shutdown(socket.SHUT_WR)
        while self._socket.recv(65536):
            pass

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
