"""What a damaged database does: the flow is lost, the server is not."""

import contextlib
import sqlite3

import grpc
import pytest
from harness import build
from harness.process import DEADLINE_S
from harness.schema import view


@pytest.fixture(params=["malformed", "missing"])
def damaged(request, start_server):
    """A server with one whole flow and one whose snapshot is damaged."""
    server = start_server()
    messages = [build.http("http://whole/"), build.http("http://damaged/")]
    server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)
    [victim] = [flow for flow in server.flows() if flow.http.url == "http://damaged/"]
    server.stop()
    with contextlib.closing(sqlite3.connect(server.data_dir / "flows.db")) as database:
        how = {
            "malformed": "UPDATE recent SET snapshot = x'0aff' WHERE number = ?",
            "missing": "DELETE FROM recent WHERE number = ?",
        }[request.param]
        assert database.execute(how, (victim.number,)).rowcount == 1
        database.commit()
    return start_server(), victim


def test_a_damaged_flow_is_told_to_be_lost(damaged):
    server, victim = damaged
    with pytest.raises(grpc.RpcError) as error:
        server.flow(victim)
    assert error.value.code() == grpc.StatusCode.DATA_LOSS
    [whole] = [flow for flow in server.flows() if flow.number != victim.number]
    assert server.flow(whole).http_flow.request.url == "http://whole/"


def test_a_damaged_flow_can_be_pinned_and_deleted(damaged):
    server, victim = damaged
    watch = server.viewer.WatchFlows(view.WatchFlowsRequest(), timeout=DEADLINE_S)
    held = {flow.number for told in [next(watch)] for flow in told.flows}
    assert victim.number in held
    answer = server.viewer.UpdateFlow(
        view.UpdateFlowRequest(number=victim.number, pinned=True), timeout=DEADLINE_S
    )
    assert (answer.flow.pinned, answer.flow.http.url) == (True, "http://damaged/")
    told = next(message for message in watch if message.flows)
    assert told.flows == [answer.flow]
    watch.cancel()
    deleted = server.viewer.DeleteFlows(
        view.DeleteFlowsRequest(numbers=[victim.number]), timeout=DEADLINE_S
    )
    assert deleted.count == 1
    assert len(server.flows()) == 1
