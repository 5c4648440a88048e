"""The wire types and gRPC stubs, generated from proto/ for this run."""

import atexit
import importlib
import pathlib
import shutil
import sys
import tempfile

import grpc_tools.protoc

ROOT = pathlib.Path(__file__).resolve().parents[3]


def _generate():
    folder = tempfile.mkdtemp(prefix="mitmflow-proto-")
    atexit.register(shutil.rmtree, folder)
    sources = ["mitmproxy/v1/mitmproxy.proto", "mitmflow/v1/mitmflow.proto"]
    include = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    status = grpc_tools.protoc.main(
        [
            "protoc",
            f"-I{ROOT / 'proto'}",
            f"-I{include}",
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            *sources,
        ]
    )
    if status != 0:
        raise RuntimeError(f"protoc ended with status {status}")
    sys.path.insert(0, folder)


_generate()
proxy = importlib.import_module("mitmproxy.v1.mitmproxy_pb2")
proxy_grpc = importlib.import_module("mitmproxy.v1.mitmproxy_pb2_grpc")
view = importlib.import_module("mitmflow.v1.mitmflow_pb2")
view_grpc = importlib.import_module("mitmflow.v1.mitmflow_pb2_grpc")
