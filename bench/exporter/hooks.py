"""What a hook costs mitmproxy's loop: microseconds of CPU for each event.

    PYTHON bench/exporter/hooks.py build/exporter/mitmflow_exporter.py

with the Python of a mitmproxy. No server is needed: the messages go into the
queue, which gives up the oldest.
"""

import importlib.util
import statistics
import sys
import time

from mitmproxy import version
from mitmproxy.test import tflow

ROUNDS = 41
EVENTS_A_ROUND = 500


def load(path):
    spec = importlib.util.spec_from_file_location("mitmflow_bench", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def http_flow(size):
    flow = tflow.tflow(resp=True)
    for number in range(10):
        flow.request.headers[f"x-request-header-{number}"] = "value " * 4
        flow.response.headers[f"x-response-header-{number}"] = "value " * 4
    flow.response.raw_content = bytes(size)
    return flow


def https_flow(size, cert):
    flow = http_flow(size)
    flow.client_conn.cipher_list = [f"TLS_CIPHER_{number}" for number in range(17)]
    flow.client_conn.alpn_offers = [b"h2", b"http/1.1"]
    flow.client_conn.mitmcert = cert
    flow.server_conn.certificate_list = [cert, cert, cert]
    return flow


def median_us(hook, flow):
    times = []
    for _ in range(ROUNDS):
        begin = time.thread_time_ns()
        for _ in range(EVENTS_A_ROUND):
            hook(flow)
        times.append((time.thread_time_ns() - begin) / EVENTS_A_ROUND / 1000)
    return statistics.median(times)


def make_cert():
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from mitmproxy import certs

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench.example")])
    now = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(now)
    builder = builder.not_valid_after(now + datetime.timedelta(days=1000))
    return certs.Cert(builder.sign(key, hashes.SHA256()))


def main():
    module = load(sys.argv[1])
    core = module.MitmflowExporter().core
    cases = {
        "empty hook": (lambda flow: None, tflow.tflow()),
        "http 1 KB response": (core.response, http_flow(1000)),
        "http 100 KB response": (core.response, http_flow(100000)),
        "https 1 KB response": (core.response, https_flow(1000, make_cert())),
        "tcp_end, 2 messages": (core.tcp_end, tflow.ttcpflow()),
        "dns_response": (core.dns_response, tflow.tdnsflow(resp=True)),
    }
    print(f"mitmproxy {version.VERSION}, Python {sys.version.split()[0]}: us an event")
    for name, (hook, flow) in cases.items():
        print(f"  {name:22} {median_us(hook, flow):7.2f}")


if __name__ == "__main__":
    main()
