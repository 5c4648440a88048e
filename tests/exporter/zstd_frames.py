"""What is inside of bytes that have zstd frames in them, for tests that look
for what must not be there."""

import ctypes
import ctypes.util

MAGIC = b"\x28\xb5\x2f\xfd"
MAX_LEN = 64 << 20

_zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
for _name in ("ZSTD_findFrameCompressedSize", "ZSTD_decompress"):
    getattr(_zstd, _name).restype = ctypes.c_size_t
_zstd.ZSTD_isError.argtypes = [ctypes.c_size_t]
_zstd.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
_zstd.ZSTD_decompress.argtypes = [
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_char_p,
    ctypes.c_size_t,
]


_out = ctypes.create_string_buffer(MAX_LEN)


def unpack(data):
    """Each frame in `data`, decompressed."""
    at = 0
    while (at := data.find(MAGIC, at)) >= 0:
        rest = data[at:]
        size = _zstd.ZSTD_findFrameCompressedSize(rest, len(rest))
        if not _zstd.ZSTD_isError(size):
            got = _zstd.ZSTD_decompress(_out, MAX_LEN, rest, size)
            if not _zstd.ZSTD_isError(got):
                yield ctypes.string_at(_out, got)
        at += len(MAGIC)
