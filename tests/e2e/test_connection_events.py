"""What exporters tell of connections, with flows and without."""

import sqlite3

import pytest
from harness import build
from harness.process import DEADLINE_S
from harness.schema import proxy, view
from harness.wait import wait_until
from harness.watch import Watch

SECOND = 10**9
CLIENT_CONNECTED = proxy.EVENT_TYPE_CLIENT_CONNECTED
CLIENT_DISCONNECTED = proxy.EVENT_TYPE_CLIENT_DISCONNECTED
SERVER_CONNECTED = proxy.EVENT_TYPE_SERVER_CONNECTED
SERVER_DISCONNECTED = proxy.EVENT_TYPE_SERVER_DISCONNECTED
CONNECT_ERROR = proxy.EVENT_TYPE_SERVER_CONNECT_ERROR
TLS_FAILED_CLIENT = proxy.EVENT_TYPE_TLS_FAILED_CLIENT
TLS_FAILED_SERVER = proxy.EVENT_TYPE_TLS_FAILED_SERVER

DISTRUST = "The client does not trust the proxy's certificate (tlsv1 alert unknown ca)"
SELF_SIGNED = "Certificate verify failed: self-signed certificate"


def export(server, *messages, source=b"laptop"):
    return server.ingest.ExportFlow(
        iter(messages), metadata=[("mitmflow-source-bin", source)], timeout=DEADLINE_S
    )


def http_flow(url="http://origin.example/", error="", status=200, port=40000, **more):
    """A flow of the connections of build.connection()."""
    message = build.http(url, status=status, **more)
    flow = message.flow.http_flow
    flow.client.id, flow.client.peername_host, flow.client.peername_port = "c1", "10.0.0.7", port
    flow.server.id, flow.server.address_host, flow.server.address_port = (
        "s1",
        "origin.example",
        443,
    )
    if error:
        message.event_type = proxy.EVENT_TYPE_ERROR
        flow.error = error
        flow.ClearField("response")
    return message


def known(server):
    """What GetFlow tells of the connections of the only flow."""
    [summary] = server.flows()
    return server.flow(summary).connections


def rows(server):
    with sqlite3.connect(f"file:{server.data_dir}/flows.db?mode=ro", uri=True) as database:
        return database.execute("select is_server, event, error from connection").fetchall()


def wait_rows(server, count):
    """Until the table has so many rows: upkeep is done between commits."""
    wait_until(lambda: len(rows(server)) == count, what=lambda: rows(server))


def test_hello_says_that_connection_events_are_taken(server):
    answer = server.ingest.Hello(proxy.HelloRequest(source="lab"), timeout=DEADLINE_S)
    assert answer.takes.connection_events


# ---- connections of flows ----


def test_a_flow_is_shown_with_the_end_of_its_connections(server):
    answer = export(
        server,
        build.connection(CLIENT_CONNECTED, at_ns=1 * SECOND),
        build.connection(SERVER_CONNECTED, server="s1", at_ns=2 * SECOND),
        http_flow(),
        build.connection(SERVER_DISCONNECTED, server="s1", at_ns=8 * SECOND),
        build.connection(CLIENT_DISCONNECTED, at_ns=9 * SECOND, error="reset by peer"),
    )
    assert (answer.flows_processed, answer.rejected) == (5, 0)
    both = known(server)
    assert both.client.event == CLIENT_DISCONNECTED
    assert both.client.opened_at.ToNanoseconds() == 1 * SECOND
    assert both.client.closed_at.ToNanoseconds() == 9 * SECOND
    assert both.client.at.ToNanoseconds() == 9 * SECOND
    assert both.client.error == "reset by peer"
    assert both.client.client.peername_host == "10.0.0.7"
    assert both.server.opened_at.ToNanoseconds() == 2 * SECOND
    assert both.server.closed_at.ToNanoseconds() == 8 * SECOND
    assert both.server.server.address_host == "origin.example"
    assert not both.server.HasField("client")


def test_a_connection_that_is_open_has_no_end(server):
    export(server, build.connection(CLIENT_CONNECTED), http_flow())
    both = known(server)
    assert both.client.HasField("opened_at") and not both.client.HasField("closed_at")
    assert not both.HasField("server")


def test_an_exporter_that_tells_of_no_connections_leaves_flows_as_they_are(server):
    export(server, http_flow())
    [summary] = server.flows()
    assert not server.flow(summary).HasField("connections")


def test_a_connection_of_another_source_is_another_connection(server):
    export(server, http_flow())
    export(server, build.connection(CLIENT_DISCONNECTED), source=b"desktop")
    [summary] = server.flows()
    assert not server.flow(summary).HasField("connections")


def test_an_event_that_comes_late_does_not_undo_a_later_one(server):
    export(
        server,
        http_flow(),
        build.connection(CLIENT_DISCONNECTED, at_ns=9 * SECOND, sni="late.example"),
        build.connection(CLIENT_CONNECTED, at_ns=1 * SECOND, sni="early.example"),
    )
    both = known(server)
    assert both.client.event == CLIENT_DISCONNECTED
    assert both.client.client.sni == "late.example"
    assert both.client.opened_at.ToNanoseconds() == 1 * SECOND
    assert both.client.closed_at.ToNanoseconds() == 9 * SECOND


def test_what_is_known_survives_a_crash_of_the_server(start_server):
    server = start_server()
    export(server, http_flow(), build.connection(CLIENT_DISCONNECTED, at_ns=9 * SECOND))
    server.kill()
    assert known(start_server()).client.closed_at.ToNanoseconds() == 9 * SECOND


def test_certificates_are_not_kept_twice(server):
    event = build.connection(SERVER_CONNECTED, server="s1", tls=True)
    event.connection.server.certificate_list.add(content=b"x" * 3000, cn="origin.example")
    event.connection.server.cipher_list.extend(["cipher"] * 500)
    export(server, http_flow(), event)
    kept = known(server).server.server
    assert kept.tls and kept.id == "s1"
    assert not kept.certificate_list and not kept.cipher_list


def test_what_is_no_event_of_a_connection_is_rejected_with_a_reason(server):
    nameless = build.connection(CLIENT_CONNECTED, client="")
    long_name = build.connection(CLIENT_CONNECTED, client="x" * 256)
    empty = proxy.ExportFlowRequest(event_type=CLIENT_CONNECTED)
    empty.connection.SetInParent()
    broken = build.connection(CLIENT_CONNECTED, client="not UTF-8 ?").SerializeToString()
    answer = export(server, nameless, long_name, empty, build.connection(CLIENT_CONNECTED))
    assert (answer.flows_processed, answer.rejected) == (4, 3)
    assert [told.index for told in answer.rejections] == [0, 1, 2]
    assert "connection id of 256 bytes" in answer.rejections[1].reason
    assert broken.count(b"?") == 1
    call = server.channel.stream_unary(
        "/mitmproxy.v1.Service/ExportFlow",
        response_deserializer=proxy.ExportFlowResponse.FromString,
    )
    answer = call(iter([broken.replace(b"?", b"\xff")]), timeout=DEADLINE_S)
    assert "UTF-8" in answer.rejections[0].reason
    assert len(rows(server)) == 1


# ---- connections without flows ----


def test_a_client_that_distrusts_the_proxy_is_a_row_with_its_reason(server):
    failed = build.connection(
        TLS_FAILED_CLIENT, at_ns=5 * SECOND, error=DISTRUST, sni="shop.example"
    )
    answer = export(server, failed)
    assert (answer.flows_processed, answer.rejected) == (1, 0)
    [row] = server.flows()
    assert (row.type, row.source, row.state) == ("tcp", "laptop", view.FLOW_STATE_ENDED)
    assert row.error == f"client TLS handshake failed: {DISTRUST} (shop.example)"
    assert row.tcp.client_peername_host == "10.0.0.7"
    assert row.tcp.server_address_host == "shop.example"
    flow = server.flow(row)
    assert flow.tcp_flow.client.sni == "shop.example"
    assert flow.meta.error_at.ToNanoseconds() == 5 * SECOND
    assert flow.connections.client.error == DISTRUST
    for expression in ["~e unknown", "~dst shop.example", "~tcp", "~src 10.0.0.7"]:
        assert server.flows(expression=expression) == [row], expression
    assert server.flows(filter_text="handshake failed") == [row]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (TLS_FAILED_SERVER, "server TLS handshake failed"),
        (CONNECT_ERROR, "server connection failed"),
    ],
)
def test_a_server_that_cannot_be_reached_is_a_row_with_its_reason(server, event, words):
    export(server, build.connection(event, server="s1", error=SELF_SIGNED))
    row = server.wait_flow(lambda flow: flow.id == "s1-failed")
    assert row.error == f"{words}: {SELF_SIGNED} (origin.example)"
    assert (row.tcp.server_address_host, row.tcp.server_address_port) == ("origin.example", 443)


def test_a_handshake_over_udp_is_a_flow_over_udp(server):
    udp = proxy.TRANSPORT_PROTOCOL_UDP
    export(server, build.connection(TLS_FAILED_CLIENT, error="no", transport_protocol=udp))
    [row] = server.flows()
    assert (row.type, row.error) == ("udp", "client TLS handshake failed: no")


def test_a_failure_that_is_told_twice_is_one_row(server):
    failed = build.connection(TLS_FAILED_CLIENT, error="first")
    export(server, failed)
    failed.connection.error = "second"
    export(server, failed, failed)
    [row] = server.flows()
    assert row.error == "client TLS handshake failed: second"


def test_a_failure_without_a_reason_says_so(server):
    export(server, build.connection(TLS_FAILED_CLIENT))
    [row] = server.flows()
    assert row.error == "client TLS handshake failed: no reason told"


def test_other_events_make_no_rows(server):
    events = [CLIENT_CONNECTED, CLIENT_DISCONNECTED, proxy.EVENT_TYPE_TLS_CLIENTHELLO]
    export(server, *(build.connection(event) for event in events))
    export(server, build.connection(SERVER_DISCONNECTED, server="s1", error="reset"))
    assert server.flows() == []
    assert len(rows(server)) == 2


@pytest.fixture
def after_stop(start_server):
    """A server, and a function for the ids of its flows after it stopped, when
    nothing waits any more."""
    server = start_server()

    def ids():
        server.stop()
        return {flow.id for flow in start_server().flows()}

    return server, ids


def test_a_failure_that_waits_for_its_flow_is_a_row_when_the_server_stops(after_stop):
    server, ids = after_stop
    export(server, build.connection(CONNECT_ERROR, server="s1", error=SELF_SIGNED))
    assert ids() == {"s1-failed"}


@pytest.mark.parametrize("event", [TLS_FAILED_SERVER, CONNECT_ERROR])
def test_a_flow_that_tells_of_a_failure_stands_in_its_place(after_stop, event):
    server, ids = after_stop
    failed = build.connection(event, server="s1", error=SELF_SIGNED)
    export(server, failed)
    export(server, http_flow(error="it failed", flow_id="request"))
    assert known(server).server.error == SELF_SIGNED
    # When it is told again, after a retry say, the flow still tells of it.
    export(server, failed)
    assert ids() == {"request"}


def test_a_flow_to_elsewhere_with_the_same_words_tells_of_it_too(after_stop):
    """Of a plain request mitmproxy does not say by which connection it failed."""
    server, ids = after_stop
    export(server, build.connection(CONNECT_ERROR, server="s1", error="Connect call failed"))
    flow = http_flow(error="502: Connect call failed", flow_id="request")
    flow.flow.http_flow.server.address_host = "elsewhere.example"
    export(server, flow)
    assert ids() == {"request"}


def test_a_connect_answered_502_tells_of_a_failure(after_stop):
    server, ids = after_stop
    export(server, build.connection(CONNECT_ERROR, server="s1", error="Connect call failed"))
    export(server, http_flow(method="CONNECT", status=502, flow_id="connect"))
    assert ids() == {"connect"}


@pytest.mark.parametrize(
    "other",
    [
        {"error": "it failed", "port": 40001},
        {"status": 200},
        {"status": 502},
    ],
    ids=["another client", "a flow that went well", "an answer of the server's"],
)
def test_a_flow_that_does_not_tell_of_a_failure_leaves_its_row(after_stop, other):
    server, ids = after_stop
    export(server, build.connection(CONNECT_ERROR, server="s1", error=SELF_SIGNED))
    export(server, http_flow(flow_id="other", **other))
    assert ids() == {"s1-failed", "other"}


def test_more_failures_than_may_wait_are_rows_at_once(server):
    many = [build.connection(CONNECT_ERROR, server=f"s{n}", error="no") for n in range(1000)]
    export(server, *many)
    watch = Watch(server).start()
    while len(watch.flows) < len(many):
        watch.take_until(lambda message: message.flows)
    watch.stop()
    assert [flow.id for flow in watch.flows.values()] == [f"s{n}-failed" for n in range(1000)]


# ---- letting go ----


def test_a_flow_that_a_person_deletes_takes_what_is_known_with_it(server):
    export(
        server,
        build.connection(CLIENT_CONNECTED),
        build.connection(SERVER_CONNECTED, server="s1"),
        build.connection(CLIENT_CONNECTED, client="another"),
        http_flow(),
    )
    assert len(rows(server)) == 3
    [summary] = server.flows()
    server.viewer.DeleteFlows(
        view.DeleteFlowsRequest(numbers=[summary.number]), timeout=DEADLINE_S
    )
    wait_rows(server, 1)


def test_deleting_all_flows_deletes_all_that_is_known_of_connections(server):
    export(server, http_flow(), *(build.connection(CLIENT_CONNECTED, client=f"c{n}") for n in range(50)))
    server.viewer.DeleteFlows(view.DeleteFlowsRequest(all=True), timeout=DEADLINE_S)
    wait_rows(server, 0)
