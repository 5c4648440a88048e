"""gRPC through a real mitmdump, and what is read of it: grpcio on both sides."""

import concurrent.futures
import pathlib
import sys
import time

import grpc
import pytest
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from harness import schema
from harness.process import DEADLINE_S

FOLDER = pathlib.Path(__file__).parents[1] / "golden" / "decode" / "rpc"
sys.path.append(str(FOLDER))
shop, shop_grpc = grpc.protos_and_services("shop.proto")


class Shop(shop_grpc.ShopServicer):
    def Find(self, request, context):
        if request.limit == 0:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no {request.query}")
        item = shop.Item(id=request.query, price=2.5, size=shop.SIZE_LARGE)
        return shop.FindResponse(items=[item] * request.limit)

    def Watch(self, request, context):
        for n in range(request.limit):
            yield shop.FindResponse(next_page=f"page {n}")


@pytest.fixture(scope="module")
def service(chain):
    """The address of a service with reflection, and a channel to it through
    the proxy."""
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(2), compression=grpc.Compression.Gzip
    )
    shop_grpc.add_ShopServicer_to_server(Shop(), server)
    reflection.enable_server_reflection(["shop.v1.Shop"], server)
    pair = (
        chain.certificate.key_path.read_bytes(),
        chain.certificate.chain_path.read_bytes(),
    )
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    ca = (chain.mitmdump.confdir / "mitmproxy-ca-cert.pem").read_bytes()
    options = [("grpc.http_proxy", f"http://127.0.0.1:{chain.mitmdump.port}")]
    with grpc.secure_channel(
        f"localhost:{port}", grpc.ssl_channel_credentials(ca), options
    ) as channel:
        yield f"https://localhost:{port}", channel
    server.stop(None)


def decode(server, flow):
    """The nodes of the response, by name."""
    body = schema.view.BodyRef(
        flow_id=flow.http_flow.id, place=schema.view.BODY_PLACE_RESPONSE
    )
    request = schema.view.DecodeRequest(body=body)
    found = {}
    for answer in server.viewer.Decode(request, timeout=DEADLINE_S):
        for node in answer.nodes:
            found.setdefault(node.name, []).append(node)
    return found


def test_frames_trailers_and_learned_types(chain, service):
    url, channel = service
    stub = shop_grpc.ShopStub(channel)
    pages = stub.Watch(shop.FindRequest(query="all", limit=3), timeout=DEADLINE_S)
    assert len(list(pages)) == 3
    flow = chain.server.wait_ended(f"{url}/shop.v1.Shop/Watch")
    extra = flow.http_flow_extra
    assert list(extra.request.textual_frames) == ['1: {"all"}\n2: 3\n']
    frames = list(extra.response.textual_frames)
    assert frames[:3] == [f'2: {{"page {n}"}}\n' for n in range(3)]
    assert frames[3].startswith("grpc-status: OK\n")
    assert "next_page" not in decode(chain.server, flow)

    database = ProtoReflectionDescriptorDatabase(channel)
    assert database.get_services() == ["shop.v1.Shop"]
    database.FindFileContainingSymbol("shop.v1.Shop")
    until = time.monotonic() + DEADLINE_S
    while "next_page" not in (nodes := decode(chain.server, flow)):
        assert time.monotonic() < until, nodes
    assert [node.text for node in nodes["next_page"]] == ["page 0", "page 1", "page 2"]
    assert nodes["message"][0].type == "shop.v1.FindResponse"


def test_an_error_tells_its_status(chain, service):
    url, channel = service
    with pytest.raises(grpc.RpcError) as error:
        shop_grpc.ShopStub(channel).Find(shop.FindRequest(query="ä"), timeout=DEADLINE_S)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    nodes = decode(chain.server, chain.server.wait_ended(f"{url}/shop.v1.Shop/Find"))
    assert [node.text for node in nodes["grpc-status"]] == ["NOT_FOUND"]
    assert [node.text for node in nodes["grpc-message"]] == ["no ä"]
