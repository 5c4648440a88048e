"""Makes the samples of gRPC: what grpcio's client and server say to each other.

    python make.py        (with tests/requirements.txt installed)

A sample is a head of lines "name: value", an empty line, and the body as it
was on the wire (without the transfer's own framing).
"""

import base64
import concurrent.futures
import importlib
import pathlib
import socket
import sys
import tempfile
import threading

import grpc
import grpc_tools.protoc
import hpack
from google.protobuf import any_pb2, duration_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parents[3] / "proto"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def generate():
    folder = tempfile.mkdtemp(prefix="shop-")
    include = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    status = grpc_tools.protoc.main(
        [
            "protoc",
            f"-I{HERE}",
            f"-I{PROTO}",
            f"-I{include}",
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            f"--descriptor_set_out={HERE / 'shop.binpb'}",
            "--include_imports",
            "shop.proto",
        ]
    )
    assert status == 0
    status = grpc_tools.protoc.main(
        [
            "protoc",
            f"-I{PROTO}",
            f"-I{include}",
            f"--python_out={folder}",
            "google/rpc/status.proto",
            "google/rpc/error_details.proto",
        ]
    )
    assert status == 0
    sys.path.insert(0, folder)
    # google.rpc lies beside an installed package of that name.
    importlib.import_module("google").__path__.append(f"{folder}/google")


generate()
shop = importlib.import_module("shop_pb2")
shop_grpc = importlib.import_module("shop_pb2_grpc")
status_pb2 = importlib.import_module("google.rpc.status_pb2")
error_details_pb2 = importlib.import_module("google.rpc.error_details_pb2")


def item():
    made = shop.Item(
        id="7f1f6a4e-3a52-4d4b-9a3e-0f6f0a1b2c3d",
        price=12.5,
        size=shop.SIZE_LARGE,
        labels={"colour": "grün", "made-in": "CH"},
        stock=[3, 0, -1, 70000],
        picture=b"\x89PNG\r\n\x1a\n\x00\x01\xfe\xff",
        change=-3,
        code=0x0123456789ABCDEF,
        is_new=True,
        person="Ada",
        weight=0.1,
        shelf=-7,
    )
    made.made.FromJsonString("2026-11-25T10:20:30.000456Z")
    made.lasts.CopyFrom(duration_pb2.Duration(seconds=90, nanos=500000000))
    made.note.value = "handle with care"
    made.extra.update({"a": [1, "two", None, {"deep": True}], "b": {}})
    made.attachment.Pack(shop.FindRequest(query="inside", limit=1))
    made.parts[4].id = "part"
    return made


class Shop(shop_grpc.ShopServicer):
    def Find(self, request, context):
        if request.query == "nothing":
            self.fail(context)
        return shop.FindResponse(items=[item()], next_page="p2")

    def Watch(self, request, context):
        for n in range(3):
            yield shop.FindResponse(next_page=f"page {n}")
        context.set_trailing_metadata([("x-count", "3")])

    def fail(self, context):
        status = status_pb2.Status(code=3, message="no such thing: ä")
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(field="query", description="is not sold here")
        info = error_details_pb2.ErrorInfo(reason="NOT_SOLD", domain="shop.example")
        info.metadata["since"] = "2020"
        for detail in (bad, info):
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, status.message)


class Relay:
    """One connection, remembered in both directions."""

    def __init__(self, port):
        self.said = {"request": b"", "response": b""}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._to = port
        self._threads = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._to))
        for name, a, b in [("request", client, server), ("response", server, client)]:
            thread = threading.Thread(target=self._pump, args=(name, a, b), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _pump(self, name, source, target):
        try:
            while data := source.recv(65536):
                self.said[name] += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other direction ended it

    def wait(self):
        for thread in self._threads:
            thread.join()


def text(value):
    """As it is to peers that do not take bytes as they are, with a 0 before
    them, in headers: all but gRPC's own."""
    if value[:1] == b"\0":
        value = base64.b64encode(value[1:]).rstrip(b"=")
    return value.decode()


def read_half(data):
    """Header blocks and the body of the one stream."""
    if data.startswith(PREFACE):
        data = data[len(PREFACE) :]
    decoder, blocks, body, block = hpack.Decoder(), [], b"", b""
    while data:
        frame, length = Frame.parse_frame_header(memoryview(data[:9]))
        frame.parse_body(memoryview(data[9 : 9 + length]))
        data = data[9 + length :]
        if isinstance(frame, (HeadersFrame, ContinuationFrame)):
            block += frame.data
            if "END_HEADERS" in frame.flags:
                fields = decoder.decode(block, raw=True)
                blocks.append([(key.decode(), text(value)) for key, value in fields])
                block = b""
        elif isinstance(frame, DataFrame):
            body += frame.data
    return blocks, body


def write(name, kind, place, url, blocks, body):
    lines = [f"kind: {kind}", f"place: {place}", f"url: {url}"]
    for line, block in zip(("header", "trailer"), blocks):
        for key, value in block:
            if key == ":status":
                lines.append(f"status: {value}")
            elif not key.startswith(":"):
                lines.append(f"{line}: {key}: {value}")
    # One block with the call's status is trailers without headers.
    (HERE / f"{name}.{place}").write_bytes("\n".join(lines).encode() + b"\n\n" + body)


def capture(name, port, url, call, compression=None):
    relay = Relay(port)
    with grpc.insecure_channel(f"127.0.0.1:{relay.port}", compression=compression) as channel:
        call(channel)
    relay.wait()
    for place in ("request", "response"):
        blocks, body = read_half(relay.said[place])
        write(name, "grpc", place, f"https://shop.example{url}", blocks, body)


def find(**request):
    def call(channel):
        try:
            shop_grpc.ShopStub(channel).Find(shop.FindRequest(**request))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error

    return call


def watch(channel):
    assert len(list(shop_grpc.ShopStub(channel).Watch(shop.FindRequest(query="all")))) == 3


def reflect(channel):
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="shop.v1.Shop"),
        *(
            reflection_pb2.ServerReflectionRequest(file_by_filename=f"google/protobuf/{name}.proto")
            for name in ("any", "duration")
        ),
    ]
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    assert len(list(stub.ServerReflectionInfo(iter(requests)))) == len(requests)


def main():
    pool = concurrent.futures.ThreadPoolExecutor(4)
    for compression, name in [(None, "identity"), (grpc.Compression.Gzip, "gzip")]:
        server = grpc.server(pool, compression=compression)
        shop_grpc.add_ShopServicer_to_server(Shop(), server)
        reflection.enable_server_reflection(["shop.v1.Shop"], server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        sizes = [shop.SIZE_SMALL, shop.SIZE_LARGE]
        request = {"query": "red shoes", "limit": 20, "sizes": sizes}
        capture(f"grpc-{name}", port, "/shop.v1.Shop/Find", find(**request), compression)
        if compression is None:
            capture("grpc-error", port, "/shop.v1.Shop/Find", find(query="nothing"))
            capture("grpc-stream", port, "/shop.v1.Shop/Watch", watch)
            capture(
                "reflection",
                port,
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                reflect,
            )
        server.stop(None)
    body = item().SerializeToString()
    head = [
        "kind: protobuf",
        "place: response",
        "url: https://shop.example/items/7",
        "status: 200",
        "header: content-type: application/x-protobuf; messageType=shop.v1.Item",
    ]
    (HERE / "protobuf.response").write_bytes("\n".join(head).encode() + b"\n\n" + body)


main()
