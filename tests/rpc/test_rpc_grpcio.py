"""grpcio, the C core that Python exporters and scripts use."""

import queue

import grpc
import pytest

import wire


def method(channel, kind, name):
    return getattr(channel, kind)(f"/test.Echo/{name}", None, None)


@pytest.fixture(params=[None, grpc.Compression.Gzip], ids=["identity", "gzip"])
def channel(server, request):
    host, port = server.address
    with grpc.insecure_channel(f"{host}:{port}", compression=request.param) as c:
        yield c


def test_a_unary_call_is_answered(channel):
    call = method(channel, "unary_unary", "Unary")
    sent = wire.message("hi", "x" * 5000)
    assert call(sent) == sent


def test_an_error_has_its_code_and_text(channel):
    call = method(channel, "unary_unary", "Unary")
    with pytest.raises(grpc.RpcError) as caught:
        call(wire.message("fail 5 ünïcode 100% \U0001f600\n"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == "ünïcode 100% \U0001f600\n"


def test_a_client_stream_is_counted(channel):
    call = method(channel, "stream_unary", "ClientStream")
    answer = call(iter([wire.message("m", "y" * 3000)] * 200))
    assert wire.text_field(answer, 1).startswith("200 messages")


def test_an_empty_client_stream_is_answered(channel):
    call = method(channel, "stream_unary", "ClientStream")
    assert wire.text_field(call(iter([])), 1) == "0 messages, 0 bytes"


def test_a_server_stream_comes_whole_and_in_order(channel):
    call = method(channel, "unary_stream", "ServerStream")
    sent = wire.message("repeat 500", "z" * 4000)
    assert list(call(sent)) == [sent] * 500


def test_a_bidi_stream_answers_before_the_next_request(channel):
    call = method(channel, "stream_stream", "Bidi")
    requests = queue.SimpleQueue()
    answers = call(iter(requests.get, None))
    for i in range(20):
        requests.put(wire.message(f"m{i}"))
        assert wire.text_field(next(answers), 1) == f"m{i}"
    requests.put(None)
    assert list(answers) == []


def test_an_unknown_method_is_unimplemented(channel):
    call = method(channel, "unary_unary", "Nothing")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_method_may_have_a_lower_limit_of_its_own(channel):
    call = method(channel, "unary_unary", "Short")
    longest = wire.message("", "x" * 96)
    assert len(longest) == 100 and call(longest) == longest
    with pytest.raises(grpc.RpcError) as caught:
        call(wire.message("", "x" * 97))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_message_over_the_limit_is_refused_in_mid_upload(channel):
    call = method(channel, "stream_unary", "ClientStream")
    with pytest.raises(grpc.RpcError) as caught:
        call(iter([wire.message("m", "y" * (2 << 20))] * 50))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_an_error_in_mid_upload_reaches_the_client(channel):
    call = method(channel, "stream_unary", "ClientStream")

    def requests():
        yield wire.message("fail 9 not now")
        while True:
            yield wire.message("m", "y" * 1000)

    with pytest.raises(grpc.RpcError) as caught:
        call(requests())
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_a_client_that_cancels_closes_the_call(server, channel):
    opens, _, _, closes = server.stats()
    call = method(channel, "unary_stream", "ServerStream")
    running = call(wire.message("never"))
    while server.stats()[0] == opens:
        pass
    running.cancel()
    while server.stats()[3] == closes:
        pass


def test_the_deadline_is_the_servers_too(server, channel):
    closes = server.stats()[3]
    call = method(channel, "unary_unary", "Unary")
    with pytest.raises(grpc.RpcError) as caught:
        call(wire.message("never"), timeout=0.2)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    while server.stats()[3] == closes:
        pass
