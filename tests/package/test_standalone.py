"""The two files by themselves, in a mitmdump that is one file: Python and
OpenSSLs of its own inside, nothing of this machine's Python in reach."""

import pathlib
import shutil
import subprocess

import grpc
import pytest
from harness import schema
from harness.mitmdump import EXPORTER, Kind
from harness.server import Server
from visits import running, visit

# What is made first, where script/bootstrap has not made it, takes its time.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def frozen():
    made = subprocess.run(
        [schema.ROOT / "script" / "frozen"], capture_output=True, text=True, check=False
    )
    if made.returncode == 77:
        pytest.skip(made.stderr.strip().splitlines()[-1])
    assert made.returncode == 0, made.stderr
    path = pathlib.Path(made.stdout.strip())
    return Kind("frozen", "", path, has_modes=True, ends_connect=True, is_private=False)


@pytest.fixture
def addon(tmp_path):
    folder = tmp_path / "two files"
    folder.mkdir()
    for name in (EXPORTER.name, "_mitmflow.abi3.so"):
        shutil.copy(EXPORTER.with_name(name), folder)
    return folder / EXPORTER.name


def test_a_standalone_mitmdump_exports_by_tls(
    frozen, addon, origin, origin_certificate, tmp_path
):
    """Beside the OpenSSLs that it uses itself."""
    trust = origin_certificate.chain_path
    files = ("--tls-cert", trust, "--tls-key", origin_certificate.key_path)
    credentials = grpc.ssl_channel_credentials(trust.read_bytes())
    server = Server(tmp_path / "data", *files, credentials=credentials)
    environment = {"PATH": "", "HOME": str(tmp_path)}
    try:
        with running(
            frozen,
            addon,
            origin,
            origin_certificate,
            server.url,
            tmp_path / "conf",
            environment=environment,
            grpc_ca=trust,
        ) as proxy:
            visit(proxy, origin, server)
            assert "Error" not in proxy.output
    finally:
        server.stop()
