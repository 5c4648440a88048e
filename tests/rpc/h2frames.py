"""Frames of HTTP/2 as bytes (RFC 9113, section 4.1)."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return (
        len(payload).to_bytes(3, "big")
        + bytes([kind, flags])
        + stream.to_bytes(4, "big")
        + payload
    )


SETTINGS = frame(4, 0, 0)


def read_frames(sock):
    """(kind, flags, stream, payload) until the server closes."""
    data = b""
    try:
        while part := sock.recv(1 << 20):
            data += part
            while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
                size = int.from_bytes(data[:3], "big")
                yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9 : 9 + size]
                data = data[9 + size :]
    except ConnectionResetError:
        pass
