"""A TLS client whose every byte the test decides on."""

import socket
import ssl


class TlsSocket:
    """As much of a socket as h2client and http.client use, TLS in memory.

    Unlike ssl.SSLSocket it can end its own side and read on.
    """

    def __init__(self, raw, context, session=None):
        self.raw = raw
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming, self.outgoing, server_hostname="localhost", session=session
        )
        self.run(self.tls.do_handshake)

    def flush(self):
        if self.outgoing.pending:
            self.raw.sendall(self.outgoing.read())

    def run(self, step, *arguments):
        """Repeat until OpenSSL has what it needs."""
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.raw.recv(self.read_len)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            finally:
                self.flush()

    read_len = 1 << 16

    def sendall(self, data):
        view = memoryview(data)
        while view:
            view = view[self.run(self.tls.write, view) :]

    def recv(self, size):
        """b"" after close_notify; SSLEOFError where it is missing."""
        try:
            return self.run(self.tls.read, size)
        except ssl.SSLZeroReturnError:
            return b""

    def end(self):
        """close_notify and FIN; the server's bytes may still be read."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()
        self.raw.shutdown(socket.SHUT_WR)

    def truncate(self):
        """FIN without close_notify."""
        self.raw.shutdown(socket.SHUT_WR)

    def reset(self):
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.raw.close()

    def close(self):
        self.raw.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def makefile(self, mode):
        """For http.client.HTTPResponse."""
        assert mode == "rb"
        return Reader(self)


class Reader:
    """The little of a buffered file that http.client reads by."""

    def __init__(self, sock):
        self.sock, self.data = sock, b""
        self.is_ended = False

    def fill(self):
        part = self.sock.recv(1 << 16)
        self.data += part
        self.is_ended = not part
        return part

    def take(self, size):
        out, self.data = self.data[:size], self.data[size:]
        return out

    def readline(self, limit=-1):
        while b"\n" not in self.data and not self.is_ended:
            self.fill()
        return self.take(self.data.find(b"\n") + 1 or len(self.data))

    def read(self, size=-1):
        while (size < 0 or len(self.data) < size) and not self.is_ended:
            self.fill()
        return self.take(len(self.data) if size < 0 else size)

    def read1(self, size=-1):
        if not self.data and not self.is_ended:
            self.fill()
        return self.take(len(self.data) if size < 0 else size)

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def peek(self, _size=0):
        if not self.data and not self.is_ended:
            self.fill()
        return self.data

    def flush(self):
        pass

    def close(self):
        pass
