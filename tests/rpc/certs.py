"""Certificates for the tests of TLS, made anew for each run."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)
HERE = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
DAY = datetime.timedelta(days=1)


def name(common_name, *more):
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name), *more]
    return x509.Name(list(reversed(parts)))


class Cert:
    """A certificate with its key; signed by `issuer`, else by itself."""

    def __init__(self, subject, issuer=None, is_ca=False, use=None, days=(-1, 1), key=None):
        self.subject = name(subject) if isinstance(subject, str) else subject
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(issuer.subject if issuer else self.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + days[0] * DAY)
            .not_valid_after(NOW + days[1] * DAY)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .add_extension(x509.SubjectAlternativeName(HERE), critical=False)
        )
        if use:
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        self.cert = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()

    def key_pem(self, password=None):
        protection = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
        ).decode()

    def write(self, folder, stem, *chain):
        """Paths of the certificate, followed by its chain, and of the key."""
        cert, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        cert.write_text(self.pem + "".join(c.pem for c in chain))
        key.write_text(self.key_pem())
        return str(cert), str(key)


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
