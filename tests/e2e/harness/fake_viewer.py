"""A server whose answers to viewers a test makes by hand."""

import base64
import json
import socket
import threading

from harness import connect, http1
from harness.process import DEADLINE_S
from harness.schema import view
from harness.sockets import Listener

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/connect+proto\r\n"
REQUESTS = {
    b"QueryFlows": view.QueryFlowsRequest,
    b"WatchFlows": view.WatchFlowsRequest,
}


class Answer:
    """One call's answer; it is sent in chunks, so that a cut can be told."""

    def __init__(self, connection):
        self._connection = connection
        self._is_begun = False

    def raw(self, data):
        self._connection.sendall(data)

    def _chunk(self, data):
        if not self._is_begun:
            self.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
            self._is_begun = True
        self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    def send(self, message):
        self._chunk(connect.envelope(message.SerializeToString()))

    def send_bytes(self, data):
        self._chunk(connect.envelope(data))

    def end(self, code=None, message="", detail=None):
        error = {"code": code, "message": message}
        if detail is not None:
            value = base64.b64encode(detail.SerializeToString()).decode().rstrip("=")
            error["details"] = [{"type": detail.DESCRIPTOR.full_name, "value": value}]
        end = json.dumps({"error": error} if code else {}).encode()
        self._chunk(connect.envelope(end, connect.END_STREAM))
        self.raw(b"0\r\n\r\n")

    def wait_gone(self):
        """Until the client has closed the connection."""
        while self._connection.recv(4096):
            pass


class FakeViewer:
    """`answers` are functions of (request, Answer), one for each call; after
    each the connection is closed."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self._lock = threading.Lock()
        self.requests = []
        self.paths = []
        self._listener = Listener(self._serve)
        self.url = f"http://127.0.0.1:{self._listener.port}"

    def _serve(self, connection):
        connection.settimeout(DEADLINE_S)
        message = http1.read_message(connection.makefile("rb"))
        path = message.first_line.split()[1]
        method = path.rpartition(b"/")[2]
        request = REQUESTS[method].FromString(message.body[5:])
        with self._lock:
            self.requests.append(request)
            self.paths.append(path)
            answer = self._answers.pop(0)
        answer(request, Answer(connection))
        connection.shutdown(socket.SHUT_WR)

    def close(self):
        self._listener.close()
