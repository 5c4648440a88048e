"""Makes the samples of MessagePack with the msgpack package.

python make.py        (with msgpack installed; made with 1.2.4)
"""

import datetime
import pathlib

import msgpack

HERE = pathlib.Path(__file__).resolve().parent


def write(name, body, *more):
    head = "kind: msgpack\nplace: request\nurl: https://api.example/v1/events\n"
    head += "header: Content-Type: application/msgpack\n"
    head += "".join(f"{line}\n" for line in more)
    (HERE / f"{name}.request").write_bytes(head.encode() + b"\n" + body)


NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456, datetime.timezone.utc)
EVENT = {
    "name": "checkout",
    "at": NOON,
    "user": {"id": 2**64 - 1, "tags": ["a", "ö", ""], "none": None},
    "amount": 12.5,
    "tenth": 0.1,
    "balance": -(2**63),
    "small": [-1, -33, 127, 128, 65535, 65536, 2**32],
    "ok": True,
    "no": False,
    "raw": bytes(range(100)),
    "ext": msgpack.ExtType(5, b"\1\2\3"),
    "empty": [{}, [], b"", ""],
    7: "a number as its name",
    b"\xff": "bytes as its name",
    True: 1,
}

packed = msgpack.packb(EVENT, datetime=True)
write("event", packed)
write("event-cut", packed[: packed.index(b"checkout") + 4])
write("event-cut-raw", packed[: packed.index(bytes(range(10))) + 10])
write("event-cut-between", packed[: packed.index(b"\xa2at")])
write("float", msgpack.packb([0.1, 1e30], use_single_float=True))
write("sequence", b"".join(msgpack.packb(item) for item in (1, "two", [3], {})))
write(
    "times",
    msgpack.packb(
        [
            msgpack.Timestamp(0),
            msgpack.Timestamp(2**33, 5),
            msgpack.Timestamp(-1, 999999999),
            msgpack.Timestamp(2**60),
        ]
    )
    + b"\xc7\x07\xfeno time",
)
write("map-of-map", b"\x82\x81\xa1a\x01\x02\x90\x03")  # lists as names

# Hostile.
write("promise-list", b"\xdd\xff\xff\xff\xff\x01")
write("promise-map", b"\xdf\xff\xff\xff\xff\xa1a\x01")
write("promise-text", b"\xdb\xff\xff\xff\xffabc")
write("promise-ext", b"\xc9\xff\xff\xff\xff\x01abc")
write("never-used", b"\x93\x01\xc1\x02")
write("deep", b"\x91" * 1000 + b"\x01")
write("deep-maps", b"\x81\xa1a" * 1000 + b"\x01")
