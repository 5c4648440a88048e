"""A small HTTP/2 client on the h2 library, one connection, blocking."""

import h2.config
import h2.connection
import h2.events


class Stream:
    def __init__(self):
        self.headers = None
        self.trailers = []
        self.parts = []
        self.ended = False
        self.reset = None

    @property
    def data(self):
        self.parts = [b"".join(self.parts)]
        return self.parts[0]

    def header(self, name):
        for key, value in self.headers + self.trailers:
            if key == name:
                return value
        return None


class Client:
    def __init__(self, server, auto_window=True):
        self.sock = server.connect()
        self.conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        )
        self.auto_window = auto_window
        self.streams = {}
        self.goaway = None
        self.pings = 0  # that came, and were answered
        self.closed = False
        self.conn.initiate_connection()
        self.flush()

    def flush(self):
        self.sock.sendall(self.conn.data_to_send())

    def begin(self, path, headers=(), end=False, method="POST"):
        number = self.conn.get_next_available_stream_id()
        self.streams[number] = Stream()
        self.conn.send_headers(
            number,
            [
                (":method", method),
                (":scheme", "http"),
                (":path", path),
                (":authority", "localhost"),
                *headers,
            ],
            end_stream=end,
        )
        self.flush()
        return number

    def send(self, number, data, end=False):
        """Send within the windows, reading what opens them."""
        while data:
            room = min(
                self.conn.local_flow_control_window(number),
                self.conn.max_outbound_frame_size,
            )
            if room == 0:
                self.pump()
                continue
            self.conn.send_data(number, data[:room])
            data = data[room:]
            self.flush()
        if end:
            self.conn.end_stream(number)
            self.flush()

    def pump(self):
        """Read once and note what came."""
        data = self.sock.recv(1 << 20)
        if not data:
            self.closed = True
            return
        for event in self.conn.receive_data(data):
            self.note(event)
        self.flush()

    def note(self, event):
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code
            return
        if isinstance(event, h2.events.PingReceived):
            self.pings += 1
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = [tuple(h) for h in event.headers]
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = [tuple(h) for h in event.headers]
        elif isinstance(event, h2.events.DataReceived):
            stream.parts.append(event.data)
            if self.auto_window and event.flow_controlled_length:
                self.conn.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = event.error_code

    def wait(self, number, until=None):
        stream = self.streams[number]
        done = until or (lambda s: s.ended or s.reset is not None)
        while not done(stream) and not self.closed:
            self.pump()
        return stream

    def call(self, path, content_type, body, headers=()):
        number = self.begin(path, [("content-type", content_type), *headers])
        self.send(number, body, end=True)
        return self.wait(number)

    def close(self):
        self.sock.close()
