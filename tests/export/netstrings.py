"""Flows as mitmproxy's files have them, made by hand: any bytes anywhere."""

import uuid


def dump(value):
    """A typed netstring; text is what Python 3 calls so."""
    if value is None:
        data, tag = b"", b"~"
    elif isinstance(value, bool):
        data, tag = str(value).lower().encode(), b"!"
    elif isinstance(value, int):
        data, tag = str(value).encode(), b"#"
    elif isinstance(value, float):
        data, tag = repr(value).encode(), b"^"
    elif isinstance(value, str):
        data, tag = value.encode(), b";"
    elif isinstance(value, bytes):
        data, tag = value, b","
    elif isinstance(value, (list, tuple)):
        data, tag = b"".join(map(dump, value)), b"]"
    else:
        data, tag = b"".join(dump(k) + dump(v) for k, v in value.items()), b"}"
    return b"%d:%s%s" % (len(data), data, tag)


def bytes_only(value):
    """As Python 2's mitmproxy wrote it: no text but bytes."""
    if isinstance(value, str):
        return value.encode("latin1")
    if isinstance(value, dict):
        return {bytes_only(key): bytes_only(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [bytes_only(item) for item in value]
    return value


def request(port, method=b"GET", path=b"/", headers=(), body=b"", **more):
    """A flow of one request to 127.0.0.1, and what `more` says of it."""
    return {
        "version": 21,
        "type": "http",
        "id": str(uuid.uuid4()),
        "request": {
            "http_version": b"HTTP/1.1",
            "method": method,
            "scheme": b"http",
            "host": "127.0.0.1",
            "port": port,
            "authority": b"",
            "path": path,
            "headers": [list(field) for field in headers],
            "content": body,
            "trailers": None,
            "timestamp_start": 1.0,
            "timestamp_end": 2.0,
            **more,
        },
    }
