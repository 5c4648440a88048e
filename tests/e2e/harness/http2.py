"""One HTTP/2 request and its answer on a connection, from either side."""

import dataclasses

import h2.config
import h2.connection
import h2.events


@dataclasses.dataclass
class Message:
    headers: list
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)

    @property
    def pseudo(self):
        return {name: value for name, value in self.headers if name.startswith(b":")}

    @property
    def fields(self):
        return [pair for pair in self.headers if not pair[0].startswith(b":")]


def _connection(sock, is_client):
    config = h2.config.H2Configuration(
        client_side=is_client,
        header_encoding=None,
        normalize_outbound_headers=False,
        normalize_inbound_headers=False,
        validate_outbound_headers=False,
        validate_inbound_headers=False,
    )
    connection = h2.connection.H2Connection(config=config)
    connection.initiate_connection()
    sock.sendall(connection.data_to_send())
    return connection


def _events(connection, sock):
    while data := sock.recv(65536):
        yield from connection.receive_data(data)
        sock.sendall(connection.data_to_send())
    raise EOFError("the connection ended")


def _messages(connection, sock):
    """(stream, message) for each message that ends."""
    open_streams = {}
    for event in _events(connection, sock):
        stream = getattr(event, "stream_id", None)
        if isinstance(event, (h2.events.RequestReceived, h2.events.ResponseReceived)):
            open_streams[stream] = Message([tuple(pair) for pair in event.headers])
        elif isinstance(event, h2.events.DataReceived):
            open_streams[stream].body += event.data
            connection.acknowledge_received_data(event.flow_controlled_length, stream)
            sock.sendall(connection.data_to_send())
        elif isinstance(event, h2.events.TrailersReceived):
            open_streams[stream].trailers = [tuple(pair) for pair in event.headers]
        elif isinstance(event, h2.events.StreamEnded):
            yield stream, open_streams.pop(stream)
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
            raise EOFError(str(event))


def _send(connection, sock, stream, message):
    connection.send_headers(stream, message.headers)
    frame = connection.max_outbound_frame_size
    # Bodies in the tests stay within the first window.
    for at in range(0, len(message.body), frame):
        connection.send_data(stream, message.body[at : at + frame])
    if message.trailers:
        connection.send_headers(stream, message.trailers, end_stream=True)
    else:
        connection.end_stream(stream)
    sock.sendall(connection.data_to_send())


def serve(sock, answer):
    """Answer every request with what `answer(message)` returns; None cuts
    the connection."""
    connection = _connection(sock, is_client=False)
    for stream, request in _messages(connection, sock):
        reply = answer(request)
        if reply is None:
            return
        _send(connection, sock, stream, reply)


def request(sock, message):
    """Send one request and return its answer."""
    connection = _connection(sock, is_client=True)
    _send(connection, sock, connection.get_next_available_stream_id(), message)
    _, answer = next(_messages(connection, sock))
    return answer
