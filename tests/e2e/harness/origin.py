"""The origin behind the proxy: answers as told and remembers what it saw."""

import dataclasses
import ssl
import threading

import websockets.sync.server

from harness import http1, http2, sockets


@dataclasses.dataclass
class Reply:
    """What to answer; `body` is sent as it stands, whatever the headers say
    of its encoding. `cut`: close the connection instead."""

    status: int = 200
    reason: bytes = b"Fine"
    headers: list = dataclasses.field(default_factory=list)
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    chunked: bool = False
    cut: bool = False


class Origin:
    """HTTP/1.1 on `http_port`; on `https_port` TLS with HTTP/1.1 and HTTP/2;
    WebSocket echo; TCP echo; UDP echo; DNS."""

    def __init__(self, certificate):
        self._replies = {}
        self._seen = {}
        self._lock = threading.Lock()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate.chain_path, certificate.key_path)
        self._tls.set_alpn_protocols(["h2", "http/1.1"])
        self.tcp_seen = []
        self._listeners = [
            http := sockets.Listener(self._serve_http1),
            https := sockets.Listener(self._serve_tls),
            tcp := sockets.Listener(sockets.echo),
            udp := sockets.Datagrams(lambda data: data),
            dns := sockets.Datagrams(self._answer_dns),
        ]
        self.http_port, self.https_port = http.port, https.port
        self.tcp_port, self.udp_port, self.dns_port = tcp.port, udp.port, dns.port
        self._websocket = websockets.sync.server.serve(
            self._echo_websocket, "127.0.0.1", 0, compression=None
        )
        self.websocket_port = self._websocket.socket.getsockname()[1]
        threading.Thread(target=self._websocket.serve_forever, daemon=True).start()

    def close(self):
        self._websocket.shutdown()
        for listener in self._listeners:
            listener.close()

    def reply(self, path, **fields):
        """Answer requests of `path` so from now on."""
        with self._lock:
            self._replies[path] = Reply(**fields)
        return self._replies[path]

    def seen(self, path):
        """The last request of `path`, as its protocol's Message."""
        with self._lock:
            return self._seen[path]

    def _take(self, path, message):
        with self._lock:
            self._seen[path] = message
            return self._replies.get(path, Reply(status=404, reason=b"Unknown"))

    # ---- HTTP ----

    def _serve_http1(self, connection):
        stream = connection.makefile("rb")
        while request := http1.read_message(stream):
            path = request.first_line.split(b" ")[1].decode()
            reply = self._take(path, request)
            if reply.cut:
                return
            connection.sendall(encode_reply(reply))

    def _answer_http2(self, message):
        reply = self._take(message.pseudo[b":path"].decode(), message)
        if reply.cut:
            return None
        headers = [(b":status", b"%d" % reply.status), *reply.headers]
        return http2.Message(headers, reply.body, reply.trailers)

    def _serve_tls(self, connection):
        with self._tls.wrap_socket(connection, server_side=True) as sock:
            if sock.selected_alpn_protocol() == "h2":
                http2.serve(sock, self._answer_http2)
            else:
                self._serve_http1(sock)

    # ---- others ----

    @staticmethod
    def _echo_websocket(connection):
        for message in connection:
            connection.send(message)

    @staticmethod
    def _answer_dns(query):
        """One answer, A 192.0.2.7, to the first question."""
        end = query.index(b"\0", 12) + 5
        head = query[:2] + b"\x85\x80" + b"\0\1\0\1\0\0\0\0"
        record = b"\xc0\x0c\0\1\0\1" + (300).to_bytes(4, "big") + b"\0\4\xc0\0\2\7"
        return head + query[12:end] + record


def encode_reply(reply):
    headers = list(reply.headers)
    if reply.chunked:
        headers.append((b"Transfer-Encoding", b"chunked"))
        body = http1.encode_chunked(reply.body)
    else:
        headers.append((b"Content-Length", b"%d" % len(reply.body)))
        body = reply.body
    line = b"HTTP/1.1 %d %s\r\n" % (reply.status, reply.reason)
    return line + http1.encode_fields(headers) + b"\r\n" + body
