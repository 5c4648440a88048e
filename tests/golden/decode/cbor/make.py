"""Makes the samples of CBOR with cbor2, and by hand where it does not go.

python make.py        (with cbor2 installed; made with 6.3.0)
"""

import datetime
import decimal
import fractions
import ipaddress
import pathlib
import re
import uuid

import cbor2

HERE = pathlib.Path(__file__).resolve().parent


def write(name, body, kind="application/cbor"):
    head = "kind: cbor\nplace: response\nstatus: 200\nurl: https://api.example/v1/x\n"
    head += f"header: Content-Type: {kind}\n"
    (HERE / f"{name}.response").write_bytes(head.encode() + b"\n" + body)


NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, 500000, datetime.timezone.utc)
THING = {
    "name": "sensor",
    "values": [0, 23, 24, 255, 256, 2**32, 2**64 - 1, -1, -(2**64)],
    "reals": [0.0, 1.5, 1000.0, 3.4028234663852886e38, 1.1, float("inf")],
    "nested": {"list": [[], {}, [1, [2]]]},
    "raw": bytes(range(80)),
    "ok": True,
    "no": False,
    "none": None,
    "nothing": cbor2.undefined,
    "simple": cbor2.CBORSimpleValue(99),
    3: "a number as its name",
    "ö": "",
}
TAGGED = {
    "text date": NOON,
    "big": 2**100,
    "negative big": -(2**100),
    "decimal": decimal.Decimal("273.15"),
    "fraction": fractions.Fraction(2, 5),
    "pattern": re.compile("^a+$"),
    "id": uuid.UUID("c4f1d3c0-5e5b-4f8e-9d4a-0123456789ab"),
    "address": ipaddress.ip_address("192.0.2.7"),
    "net": ipaddress.ip_network("2001:db8::/32"),
    "uri": cbor2.CBORTag(32, "https://example.com/"),
    "embedded": cbor2.CBORTag(24, cbor2.dumps([1, 2])),
    "unknown": cbor2.CBORTag(4660, "x"),
    "twice": cbor2.CBORTag(55799, cbor2.CBORTag(1, 0)),
    "set": cbor2.CBORTag(258, [1, 2]),
}

plain = cbor2.dumps(THING)
write("thing", plain)
write("thing-cut", plain[: plain.index(b"sensor") + 3])
write("thing-cut-raw", plain[: plain.index(bytes(range(10))) + 10])
write("tagged", cbor2.dumps(TAGGED))
write("times", cbor2.dumps([NOON, -NOON.timestamp()], datetime_as_timestamp=True))
write("half", cbor2.dumps([1.5, 0.1, 1e300], canonical=True))
write(
    "sequence",
    b"".join(map(cbor2.dumps, [1, "two", {"three": 3}])),
    "application/cbor-seq",
)
# {_ "a": [_ 1, 2], "s": (_ "strea", "ming"), "b": (_ h'0102', h'03')}
endless = bytes.fromhex(
    "bf 6161 9f 01 02 ff 6173 7f 65 7374726561 64 6d696e67 ff"
    "6162 5f 42 0102 41 03 ff ff"
)
write("endless", endless)
write("endless-cut", endless[:16])
write("key-list", bytes.fromhex("a2 820102 03 a0 04"))

# Hostile.
write("promise-list", bytes.fromhex("9b ffffffffffffffff 01"))
write("promise-map", bytes.fromhex("bb 7fffffffffffffff 6161 01"))
write("promise-text", bytes.fromhex("7b 7fffffffffffffff 616263"))
write("break-alone", bytes.fromhex("01 ff"))
write("break-in-pair", bytes.fromhex("bf 6161 ff"))
write("break-in-list", bytes.fromhex("82 01 ff"))
write("wrong-chunk", bytes.fromhex("7f 41 61 ff"))
write("reserved", bytes.fromhex("82 01 1c"))
write("tag-alone", bytes.fromhex("c1"))
write("deep", b"\x81" * 1000 + b"\x01")
write("deep-endless", b"\x9f" * 1000)
write("tags", b"\xd8\x64" * 1000 + b"\x01")
