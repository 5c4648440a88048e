"""Makes the samples of DNS with dnspython.

    python make.py        (with dnspython installed; made with 2.9.2)

A sample is a head of lines "name: value", an empty line, and the body. Types
that dnspython has no class for are written by hand, in RFC 3597's form.
"""

import base64
import pathlib
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsigkeyring
import dns.update

HERE = pathlib.Path(__file__).resolve().parent

# Of every type that mitmproxy names and that can be a record.
RECORDS = """
A 192.0.2.7
NS ns1.example.com.
MD \\# 6 0464656C7900
MF \\# 6 0464656C7900
CNAME www.example.com.
SOA ns1.example.com. host\\.master.example.com. 2024010101 7200 3600 1209600 300
MB \\# 6 0464656C7900
MG \\# 6 0464656C7900
MR \\# 6 0464656C7900
NULL \\# 4 00FF1234
WKS 192.0.2.7 6 25 80 443
PTR host.example.com.
HINFO "AMD64" "Linux \\"6\\""
MINFO \\# 4 01610001 6200
MX 10 mail.example.com.
TXT "v=spf1 -all" "second \\195\\169"
RP admin.example.com. text.example.com.
AFSDB 1 afs.example.com.
X25 "311061700956"
ISDN "150862028003217" "004"
RT 10 relay.example.com.
NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00
NSAP-PTR foo.example.com.
SIG \\# 27 0001050200000E10 5F5E1000 5F5E0F00 3039 0161 00 DEADBEEF 00
KEY \\# 8 0100030803010001
PX 10 map822.example.com. mapx400.example.com.
GPOS 10.0 20.0 30.0
AAAA 2001:db8::7
LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m
NXT \\# 7 0161 00 60000002
EID \\# 4 E32C6F78
NIMLOC \\# 4 32251A03
SRV 5 10 5060 sip.example.com.
ATMA \\# 5 0131323334
NAPTR 100 50 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
KX 10 kx.example.com.
CERT 1 1234 8 aGVsbG8=
A6 \\# 14 40 0000000000000001 0161 00 00
DNAME example.net.
SINK \\# 5 0102030405
APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32
DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
SSHFP 1 1 123456789abcdef67890123456789abcdef67890
IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
RRSIG A 5 3 86400 20240303041321 20240202041321 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQ==
NSEC host.example.com. A MX RRSIG NSEC TYPE1234
DNSKEY 257 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3
DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG
NSEC3PARAM 1 0 12 aabbccdd
TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
SMIMEA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D rvs.example.com.
NINFO "zone is \\"well\\""
RKEY \\# 8 0000030803010001
TALINK \\# 6 0161000162 00
CDS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
CDNSKEY 257 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3
OPENPGPKEY aGVsbG8gd29ybGQ=
CSYNC 66 3 A NS AAAA
ZONEMD 2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE
SVCB 16 svc.example.net. mandatory=alpn,port alpn=h2,h3 port=8443 key65400="x"
HTTPS 1 . alpn=h3,h2 no-default-alpn ipv4hint=192.0.2.1,192.0.2.2 ech=AAX+DQABQQ== ipv6hint=2001:db8::1
SPF "v=spf1 +mx -all"
UINFO \\# 6 056A61636B73
UID \\# 4 000003E8
GID \\# 4 00000064
UNSPEC \\# 3 ABCDEF
NID 10 0014:4fff:ff20:ee64
L32 10 10.1.2.0
L64 10 2001:0DB8:1140:1000
LP 10 l64-subnet1.example.com.
EUI48 00-00-5e-00-53-2a
EUI64 00-00-5e-ef-10-00-00-2a
TKEY hmac-sha256. 1609459200 1609462800 3 0 c2VjcmV0 b3RoZXI=
URI 10 1 "ftp://ftp1.example.com/public"
CAA 128 issue "ca.example.net; policy=ev"
AVC "app-name:WOLFGANG|app-class:OAM"
DOA \\# 17 00000001 00000002 02 04746578 74 68656C6C
AMTRELAY 10 1 3 amt.example.com.
TA \\# 24 EC45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118
DLV \\# 24 EC45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118
TYPE4660 \\# 3 010203
"""

# Of which dnspython has no name.
NUMBERS = dict(EID=31, NIMLOC=32, ATMA=34, SINK=40, NINFO=56, RKEY=57, TALINK=58)
NUMBERS |= dict(UINFO=100, UID=101, GID=102, DOA=259, SMIMEA=53)


def write(name, head, body):
    head = "".join(f"{key}: {value}\n" for key, value in head)
    (HERE / name).write_bytes(head.encode() + b"\n" + body)


def message(name, body, *more):
    head = [("kind", "dns"), ("place", "message"), ("is", "dns"), *more]
    write(f"{name}.message", head, body)


def rrset(owner, ttl, kind, *texts):
    return dns.rrset.from_text(owner, ttl, "IN", kind, *texts)


def answer_to(query):
    answer = dns.message.make_response(query, recursion_available=True)
    return answer


def record(line):
    """One record on the wire, with names as they are written."""
    kind, text = line.split(" ", 1)
    number = NUMBERS.get(kind) or dns.rdatatype.from_text(kind)
    if text.startswith("\\#"):
        length, data = text[2:].split(None, 1)
        data = bytes.fromhex(data)
        # By hand: the length is told for people, and is not always right.
    else:
        data = dns.rdata.from_text("IN", kind, text).to_wire()
    owner = dns.name.from_text(f"{kind.lower()}.example.com.").to_wire()
    return owner + struct.pack("!HHIH", number, 1, 300, len(data)) + data


def types():
    lines = RECORDS.strip().splitlines()
    body = struct.pack("!6H", 0x1234, 0x8580, 0, len(lines), 0, 0)
    message("types", body + b"".join(map(record, lines)))


def lookups():
    query = dns.message.make_query("www.example.com.", "A", id=0x4D2)
    message("query", query.to_wire())

    query = dns.message.make_query(
        "www.example.com.",
        "A",
        id=0x4D2,
        use_edns=0,
        payload=1232,
        want_dnssec=True,
        options=[
            dns.edns.ECSOption("198.51.100.0", 24),
            dns.edns.CookieOption(b"12345678", b""),
            dns.edns.GenericOption(12, b"\0" * 20),
        ],
    )
    message("query-edns", query.to_wire())

    answer = answer_to(query)
    answer.use_edns(
        0,
        payload=4096,
        options=[
            dns.edns.NSIDOption(b"resolver-7"),
            dns.edns.CookieOption(b"12345678", b"87654321"),
            dns.edns.EDEOption(dns.edns.EDECode.STALE_ANSWER, "from yesterday"),
            dns.edns.GenericOption(11, b"\0\x64"),
            dns.edns.GenericOption(4660, b"\1\2"),
        ],
    )
    answer.answer += [
        rrset("www.example.com.", 300, "CNAME", "web.example.com."),
        rrset("web.example.com.", 60, "A", "192.0.2.7", "192.0.2.8"),
    ]
    answer.authority.append(rrset("example.com.", 3600, "NS", "ns1.example.com."))
    answer.additional.append(rrset("ns1.example.com.", 3600, "A", "192.0.2.53"))
    wire = answer.to_wire()
    message("answer", wire)
    message("answer-cut", wire[:90])
    message("answer-kept", wire[:90], ("is", "cut"))
    message("too-much", wire + b"tail")

    failed = answer_to(dns.message.make_query("nothing.example.", "AAAA", id=7))
    failed.set_rcode(dns.rcode.NXDOMAIN)
    failed.authority.append(
        rrset("example.", 60, "SOA", "a.example. b.example. 1 2 3 4 5")
    )
    message("nxdomain", failed.to_wire())

    https = answer_to(dns.message.make_query("example.com.", "HTTPS", id=8))
    https.answer.append(
        rrset("example.com.", 300, "HTTPS", "1 . alpn=h3,h2 ipv4hint=192.0.2.1")
    )
    write(
        "doh.response",
        [
            ("kind", "dns"),
            ("place", "response"),
            ("url", "https://dns.example/dns-query"),
            ("status", 200),
            ("header", "Content-Type: application/dns-message"),
        ],
        https.to_wire(),
    )
    query = dns.message.make_query("example.com.", "HTTPS", id=0).to_wire()
    text = base64.urlsafe_b64encode(query).decode().rstrip("=")
    write(
        "doh-get.request",
        [
            ("kind", "dns"),
            ("place", "request"),
            ("url", f"https://dns.example/dns-query?dns={text}"),
            ("header", "Accept: application/dns-message"),
        ],
        b"",
    )
    # A URL alone does not tell.
    write(
        "not-doh.request",
        [
            ("kind", "empty"),
            ("place", "request"),
            ("url", f"https://dns.example/dns-query?dns={text}"),
            ("header", "Accept: text/html"),
        ],
        b"",
    )
    framed = b"".join(
        len(part).to_bytes(2, "big") + part for part in (query, https.to_wire())
    )
    message("tcp", framed)
    message("tcp-cut", framed[:-5])


def other_operations():
    update = dns.update.UpdateMessage("example.com.", id=9)
    update.present("host.example.com.")
    update.delete("old.example.com.")
    update.add("host.example.com.", 300, "A", "192.0.2.9")
    message("update", update.to_wire())
    query = dns.message.make_query("example.com.", "SOA", id=10)
    keys = dns.tsigkeyring.from_text({"key.": "c2VjcmV0"})
    query.use_tsig(keys, "key.", algorithm="hmac-sha256")
    query.request_mac = b""
    wire = bytearray(query.to_wire())
    at = wire.index(b"hmac-sha256\0") + 12
    wire[at : at + 6] = (1700000000).to_bytes(6, "big")  # the same each time
    mac = wire.index(b"\x01\x2c\0\x20", at) + 4
    wire[mac : mac + 32] = bytes(range(32))
    message("tsig", bytes(wire))
    mdns = struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0)
    mdns += b"\4host\5local\0" + struct.pack("!HHIH", 1, 0x8001, 120, 4) + b"\x0a\0\0\7"
    message("mdns", mdns)


def hostile():
    head = struct.pack("!6H", 1, 0x8180, 0, 1, 0, 0)
    fixed = struct.pack("!HHI", 5, 1, 60)
    message("circle", head + b"\xc0\x0c" + fixed + b"\0\2\xc0\x0c")
    message("circle-in-data", head + b"\1a\0" + fixed + b"\0\2\xc0\x19")
    message("forward", head + b"\xff\xff" + fixed + b"\0\0")
    mx = struct.pack("!HHI", 15, 1, 60)
    message("short-data", head + b"\1a\0" + mx + b"\0\1\0")
    message("long-data", head + b"\1a\0" + mx + b"\0\6\0\5\1b\0!")
    message("length-too-long", head + b"\1a\0" + mx + b"\xff\xff\0\5\1b\0")
    message("no-header", b"\0\1\2")
    many = struct.pack("!6H", 1, 0x8180, 65535, 65535, 65535, 65535)
    message("counts", many + b"\1a\0\0\1\0\1")


types()
lookups()
other_operations()
hostile()
