"""Little data that decompresses to much."""

import gzip

import brotli

BOMB_LEN = 1 << 30


def _gzip():
    # One member of zeros after another.
    part = gzip.compress(bytes(1 << 24), 9)
    return part * (BOMB_LEN >> 24)


def _brotli():
    packer = brotli.Compressor(quality=1)
    zeros = bytes(1 << 24)
    return b"".join(packer.process(zeros) for _ in range(BOMB_LEN >> 24)) + packer.finish()


def _zstd():
    """By hand (RFC 8878): a frame of blocks that repeat one byte."""
    block_len = 128 << 10
    magic, descriptor, window = b"\x28\xb5\x2f\xfd", b"\0", b"\x38"

    def block(is_last):
        run_length = 1
        return (is_last | run_length << 1 | block_len << 3).to_bytes(3, "little") + b"\0"

    count = BOMB_LEN // block_len
    return magic + descriptor + window + block(0) * (count - 1) + block(1)


BOMBS = {"gzip": _gzip(), "br": _brotli(), "zstd": _zstd()}
