"""How calls and connections end: what the conformance suite does not see."""

import contextlib
import json
import signal
import socket
import uuid

import grpc
import pytest
from harness import build, raw_grpc
from harness.schema import proxy, view
from place import INGEST, VIEW, Place
from relay import GOAWAY, Relay
from test_client_grpcio import Sending

EXPORT, WATCH = INGEST + "ExportFlow", VIEW + "WatchFlows"
DEADLINE_EXCEEDED = 4


def message(**more):
    return raw_grpc.frame(build.http(**more).SerializeToString())


def processed(answer):
    return proxy.ExportFlowResponse.FromString(answer.message).flows_processed


# ---- Deadlines ----


@pytest.mark.parametrize("path", [EXPORT, WATCH])
def test_the_server_ends_a_grpc_stream_at_its_deadline(place, path):
    """No client's clock does it here."""
    with place.open_h2() as connection:
        stream = connection.open(path, extra=[(b"grpc-timeout", b"300m")])
        if path == WATCH:
            connection.send(stream, raw_grpc.frame(b""), end=True)
        else:
            connection.send(stream, message())
        assert connection.wait(stream).status == DEADLINE_EXCEEDED


def test_the_server_ends_a_connect_stream_at_its_deadline_over_http1(place):
    connection = place.open_h1()
    headers = {"content-type": "application/connect+json", "connect-timeout-ms": "300"}
    connection.request("POST", WATCH, raw_grpc.frame(b"{}"), headers)
    data = connection.getresponse().read()
    end = json.loads(data[data.rindex(b'{"error"') :])
    assert end["error"]["code"] == "deadline_exceeded"
    connection.close()


def test_a_deadline_in_mid_upload_over_http1_is_told_after_the_upload(place):
    """The call is over at once: its live flow is cut off while the client
    still sends."""
    started = build.started(url=f"http://{uuid.uuid4()}/")
    first = raw_grpc.frame(started.SerializeToString())
    with place.connect("http/1.1") as sock:
        sock.sendall(
            f"POST {EXPORT} HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/connect+proto\r\nConnect-Timeout-Ms: 500\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode() + chunk(first)
        )
        cut_off = view.FLOW_STATE_CUT_OFF
        flow_id = build.flow_id(started)
        place.wait_flow(lambda flow: flow.id == flow_id and flow.state == cut_off)
        with contextlib.suppress(ConnectionError):
            sock.sendall(chunk(message()) + b"0\r\n\r\n")
        said = b""
        while b"deadline_exceeded" not in said:
            part = sock.recv(65536)
            assert part, said
            said += part


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


# ---- GOAWAY ----


def test_a_client_that_says_goaway_gets_what_it_asked_for_and_is_closed(place):
    with place.open_h2() as connection:
        export, watch = connection.open(EXPORT), connection.open(WATCH)
        connection.send(watch, raw_grpc.frame(b""), end=True)
        connection.send(export, message())
        connection.go_away()
        connection.send(export, message(), end=True)
        assert processed(connection.wait(export)) == 2
        connection.cancel(watch)
        connection.wait_closed()


def test_a_stopping_server_says_goaway_and_ends_what_runs_with_a_word(tmp_path):
    """Exporters are told to come back; nothing is just cut."""
    place = Place(tmp_path, "--stop-grace=20s")
    with Relay(place) as relay, relay.open_channel([]) as channel:
        sending = Sending(channel)
        url = f"http://{uuid.uuid4()}/"
        sending.send(build.http(url))
        place.wait_flow(lambda flow: flow.http.url == url)
        place.close_channel()
        place.process.signal(signal.SIGTERM)
        relay.wait_frames(GOAWAY, relay.from_server, is_ack=False, count=1)
        with pytest.raises(grpc.RpcError) as error:
            sending.end()
        assert error.value.code() is grpc.StatusCode.UNAVAILABLE
        assert error.value.details() == "the server is stopping"
    place.stop()


# ---- Half-closed connections ----


def test_an_http1_client_that_closed_its_side_gets_its_answer(clear_place):
    request = (
        f"POST {VIEW}GetFlow HTTP/1.1\r\nHost: localhost\r\n"
        'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"flowId":""}'
    )
    with clear_place.connect("http/1.1") as sock:
        sock.sendall(request.encode())
        sock.shutdown(socket.SHUT_WR)
        said = b""
        while part := sock.recv(65536):
            said += part
        assert said.startswith(b"HTTP/1.1 404 ")


def test_an_http2_client_that_closed_its_side_is_closed_and_its_flows_kept(clear_place):
    """Over HTTP/2 it could not even acknowledge what it is sent; a client that
    has gone looks the same."""
    flow = build.http(flow_id=str(uuid.uuid4()))
    with clear_place.open_h2() as connection:
        stream = connection.open(EXPORT)
        connection.send(stream, raw_grpc.frame(flow.SerializeToString()), end=True)
        connection.half_close()
        connection.wait_closed()
    clear_place.wait_flow(lambda told: told.id == build.flow_id(flow))


def test_a_connection_closed_in_mid_call_ends_the_call(place):
    """Its live flow is cut off, and what came whole is kept."""
    started = build.started(url=f"http://{uuid.uuid4()}/")
    flow_id = build.flow_id(started)
    connection = place.open_h2()
    stream = connection.open(EXPORT)
    connection.send(stream, raw_grpc.frame(started.SerializeToString()))
    place.wait_flow(lambda flow: flow.id == flow_id)
    connection.close()
    cut_off = view.FLOW_STATE_CUT_OFF
    place.wait_flow(lambda flow: flow.id == flow_id and flow.state == cut_off)
