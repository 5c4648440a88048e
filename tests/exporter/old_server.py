"""A server as the original is to an exporter: gRPC over h2c, and for a
method that it does not know, HTTP 404 with text/plain and no gRPC status."""

import h2.config
import h2.connection
import h2.events
from harness import sockets
from harness.schema import proxy


class OldServer:
    def __init__(self):
        self.messages = []
        self._listener = sockets.Listener(self._serve)
        self.url = f"http://127.0.0.1:{self._listener.port}"

    def close(self):
        self._listener.close()

    def _serve(self, connection):
        config = h2.config.H2Configuration(client_side=False)
        session = h2.connection.H2Connection(config)
        session.initiate_connection()
        connection.sendall(session.data_to_send())
        paths, bodies = {}, {}
        while data := connection.recv(65536):
            for event in session.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    paths[event.stream_id] = dict(event.headers)[b":path"]
                    bodies[event.stream_id] = b""
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    session.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
                elif isinstance(event, h2.events.StreamEnded):
                    number = event.stream_id
                    self._answer(session, number, paths[number], bodies[number])
            connection.sendall(session.data_to_send())

    def _answer(self, session, number, path, body):
        if not path.endswith(b"/ExportFlow"):
            session.send_headers(number, [(":status", "404"), ("content-type", "text/plain")])
            session.send_data(number, b"404 page not found\n", end_stream=True)
            return
        count = 0
        while body:
            length = int.from_bytes(body[1:5], "big")
            self.messages.append(proxy.ExportFlowRequest.FromString(body[5 : 5 + length]))
            body = body[5 + length :]
            count += 1
        answer = proxy.ExportFlowResponse(flows_processed=count).SerializeToString()
        session.send_headers(number, [(":status", "200"), ("content-type", "application/grpc")])
        session.send_data(number, b"\0" + len(answer).to_bytes(4, "big") + answer)
        session.send_headers(number, [("grpc-status", "0")], end_stream=True)
