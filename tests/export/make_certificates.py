"""Makes certificates of many kinds, by openssl (made with 3.0.19).

    python make_certificates.py

They are the corpus of fuzz_certificate, and what a proxy tells of them is
compared with what is read here (test_mitm_proxy.py). Those that begin with
"odd" are not for mitmproxy: what is there may be no certificate.
"""

import base64
import pathlib
import subprocess
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "certificate"

SUBJECT = "/C=DE/ST=Bayern/L=München/O=Nobody/OU=One/OU=Two/CN=example.com"
NAMES = (
    "DNS:example.com,DNS:*.example.com,DNS:xn--bcher-kva.example,IP:192.0.2.7,IP:2001:db8::1,"
    "URI:https://example.com/a,email:a@example.com"
)
CRLS = "crlDistributionPoints=URI:http://a.example/1.crl,URI:ldap://b.example/2"
MANY = ",".join(f"DNS:host-{i}.example" for i in range(1200))

# Name: algorithm of the key, subject, extensions, other arguments.
KINDS = {
    "rsa": ("rsa:1024", SUBJECT, [f"subjectAltName={NAMES}", CRLS], []),
    "authority": ("rsa:2048", "/CN=Root", ["basicConstraints=critical,CA:TRUE"], []),
    "p256": ("ec:P-256", "/CN=a/CN=b", ["subjectAltName=DNS:a"], ["-set_serial", "1"]),
    "p384": ("ec:secp384r1", "/O=only an organization", [], []),
    "k256": ("ec:secp256k1", "/UID=u/DC=example/DC=com/street=s 1", [], []),
    "ed25519": ("ed25519", "/CN=edwards", [], []),
    "ed448": ("ed448", "/CN=edwards", [], ["-set_serial", str(2**159 - 1)]),
    "mail": ("ed25519", "/emailAddress=a@b.example/title=T/serialNumber=7", [], []),
    "odd-names": (
        "ed25519",
        "/CN=odd",
        ["subjectAltName=RID:1.2.3.4,otherName:1.2.3.4;UTF8:x,dirName:dir,DNS:last"],
        [],
    ),
    "odd-many": ("ed25519", "/CN=many", [f"subjectAltName={MANY}"], []),
    "odd-serial": ("ed25519", "/CN=serial", [], ["-set_serial", f"0x7f{'a5' * 90}"]),
    "odd-explicit": ("ec:explicit", "/CN=explicit", [], []),
}


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, **options).stdout


def key_of(algorithm, path):
    kind, _, size = algorithm.partition(":")
    more = {
        "rsa": ["-pkeyopt", f"rsa_keygen_bits:{size}"],
        "ec": ["-pkeyopt", f"ec_paramgen_curve:{size}"],
    }.get(kind, [])
    if size == "explicit":
        more = ["-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
    openssl("genpkey", "-algorithm", kind, *more, "-out", path)


def make(name, algorithm, subject, extensions, arguments):
    with tempfile.TemporaryDirectory() as folder:
        key, config = pathlib.Path(folder, "key"), pathlib.Path(folder, "config")
        key_of(algorithm, key)
        lines = ["[req]", "distinguished_name=none", "string_mask=utf8only", "[none]", "[x]"]
        config.write_text("\n".join([*lines, *extensions, "[dir]", "CN=in a directory", ""]))
        pem = openssl(
            *("req", "-x509", "-new", "-utf8", "-config", config, "-key", key),
            *("-subj", subject, "-extensions", "x", *("-days", "36500"), *arguments),
        )
        (FOLDER / f"{name}.pem").write_bytes(pem)


def make_old():
    """One that has expired, which "req" does not make."""
    with tempfile.TemporaryDirectory() as folder:
        key = pathlib.Path(folder, "key")
        key_of("ed25519", key)
        request = openssl("req", "-new", "-key", key, "-subj", "/CN=old")
        pem = openssl("x509", "-req", "-signkey", key, "-days", "-1", input=request)
        (FOLDER / "old.pem").write_bytes(pem)


def make_odd():
    """What is like a certificate."""
    pem = (FOLDER / "ed25519.pem").read_bytes()
    begin, *lines, end = pem.split(b"\n")[:-1]
    der = base64.b64decode(b"".join(lines))
    odd = {
        "der": der,
        "cut": pem[:-60],
        "other": pem.replace(b"CERTIFICATE", b"PUBLIC KEY"),
        "two": pem + pem,
        "behind": b"\n".join([begin, base64.b64encode(der + b"\0"), end, b""]),
        "encrypted": b"\n".join(
            [
                begin,
                b"Proc-Type: 4,ENCRYPTED",
                b"DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF",
                b"",
                *lines,
                end,
                b"",
            ]
        ),
    }
    for name, content in odd.items():
        (FOLDER / f"odd-{name}.pem").write_bytes(content)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, kind in KINDS.items():
        make(name, *kind)
    make_old()
    make_odd()
