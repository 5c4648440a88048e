"""The proxies that send flows, as viewers see them."""

from harness import build
from harness.process import DEADLINE_S
from harness.schema import proxy, view
from harness.wait import wait_until


def proxies(server):
    answer = server.viewer.ListProxies(view.ListProxiesRequest(), timeout=DEADLINE_S)
    return list(answer.proxies)


def export(server, *messages, session="run-1", waiting=None):
    metadata = [("mitmflow-source-bin", b"laptop"), ("mitmflow-session", session)]
    if waiting:
        metadata.append(("mitmflow-waiting", waiting))
    return server.ingest.ExportFlow(iter(messages), metadata=metadata, timeout=DEADLINE_S)


def test_without_exporters_there_are_none(server):
    assert proxies(server) == []


def test_one_is_told_with_its_versions_its_rate_and_what_waits(server):
    server.ingest.Hello(
        proxy.HelloRequest(
            source="laptop", session="run-1", exporter_version="0.2", mitmproxy_version="11.0.2"
        ),
        timeout=DEADLINE_S,
    )
    export(server, build.http(), build.http(), waiting="3 200 4096")
    wait_until(lambda: sum(proxies(server)[0].flows) >= 2)
    [told] = proxies(server)
    assert (told.source, told.exporter_version, told.mitmproxy_version) == (
        "laptop",
        "0.2",
        "11.0.2",
    )
    assert told.connected and told.transport == "gRPC, HTTP/2"
    assert told.peer.startswith("127.0.0.1:")
    assert len(told.flows) == 60 and sum(told.flows) == 2
    assert sum(told.bytes) > 0
    assert (told.waiting.messages, told.waiting.spooled, told.waiting.spool_bytes) == (
        3,
        200,
        4096,
    )


def test_what_waits_is_absent_where_it_is_not_three_numbers(server):
    export(server, build.http(), waiting="many")
    [told] = proxies(server)
    assert not told.HasField("waiting")


def test_an_exporter_without_a_session_is_gone_with_its_call(server):
    server.ingest.ExportFlow(iter([build.http()]), timeout=DEADLINE_S)
    wait_until(lambda: not proxies(server)[0].connected)
    [told] = proxies(server)
    assert told.source == "" and not told.connected
