"""QueryFlows and SummarizeFlows: pages, orders, progress, counts; and what an
expression that is wrong gets, everywhere."""

import base64
import contextlib

import grpc
import pytest
from harness import build, connect, details
from harness.process import DEADLINE_S
from harness.schema import proxy, view
from harness.watch import Watch

VIEW = "/mitmflow.v1.Service/"


def export(server, *messages):
    return server.ingest.ExportFlow(iter(messages), timeout=DEADLINE_S)


def query(server, **request):
    """(all flows of the answer, its end)."""
    flows, end = [], None
    for message in server.viewer.QueryFlows(
        view.QueryFlowsRequest(**request), timeout=DEADLINE_S
    ):
        assert end is None, "nothing follows the end"
        flows += message.flows
        if message.HasField("end"):
            end = message.end
            assert message.progress.found >= len(flows)
    assert end is not None
    return flows, end


def pages(server, **request):
    flows, end = query(server, **request)
    all_flows = list(flows)
    while end.next:
        flows, end = query(server, cursor=end.next, **request)
        all_flows += flows
    return all_flows


def summarize(server, **request):
    *_, last = server.viewer.SummarizeFlows(
        view.SummarizeFlowsRequest(**request), timeout=DEADLINE_S
    )
    assert last.HasField("summary")
    return last.summary


@pytest.fixture(scope="module")
def filled(module_server):
    """A server with 1,200 flows of many shapes."""
    start_ns = 1_700_000_000 * 10**9
    messages = []
    for n in range(1000):
        message = build.http(
            f"http://host{n % 7}.example/{n}",
            method=["GET", "POST", "PUT"][n % 3],
            status=[200, 204, 301, 404, 500][n % 5],
            body=b"x" * (n * 37 % 1009),
            start_ns=start_ns + n * 10**9,
            client=f"10.0.0.{n % 4}",
            duration_ms=float(n * 53 % 997),
        )
        message.flow.http_flow.response.headers["content-type"] = ["text/html", "image/png"][n % 2]
        messages.append(message)
    ends = [
        ("tcp", proxy.EVENT_TYPE_TCP_END),
        ("udp", proxy.EVENT_TYPE_UDP_END),
        ("dns", proxy.EVENT_TYPE_DNS_RESPONSE),
    ]
    for n in range(200):
        kind, event = ends[n % 3]
        messages.append(
            build.request(
                kind,
                event=event,
                start_ns=start_ns + (1000 + n) * 10**9,
                flow_id=f"other {n}",
            )
        )
    export(module_server, *messages)
    return module_server


def test_pages_put_together_are_the_whole_newest_first(filled):
    whole = filled.flows()
    assert len(whole) == 1200
    assert pages(filled, limit=97) == whole
    assert pages(filled) == whole
    flows, end = query(filled, limit=100000)
    assert (flows, end.next) == (whole, "")


def test_the_oldest_come_first_if_asked_for(filled):
    assert pages(filled, limit=500, ascending=True) == filled.flows()[::-1]


@pytest.mark.parametrize("expression", ["", "~m POST"])
@pytest.mark.parametrize("sort", [view.SORT_KEY_UNSPECIFIED, view.SORT_KEY_SIZE])
def test_a_page_begins_where_its_offset_says_and_tells_how_many_match(
    filled, expression, sort
):
    asked = {
        "filter": view.FlowFilter(expression=expression),
        "sort": sort,
    }
    whole, end = query(filled, limit=100000, **asked)
    assert end.matched == len(whole)
    for offset in (1, 100, len(whole) - 5, len(whole), 10**12):
        flows, end = query(filled, limit=20, offset=offset, **asked)
        assert flows == whole[offset : offset + 20]
        assert end.matched in (0, len(whole))
    first, end = query(filled, limit=20, **asked)
    later, _ = query(filled, limit=20, cursor=end.next, offset=30, **asked)
    assert first + later == whole[:20] + whole[50:70]


@pytest.mark.parametrize("expression", ["", "~m POST"])
@pytest.mark.parametrize("sort", [view.SORT_KEY_UNSPECIFIED, view.SORT_KEY_SIZE])
def test_flows_before_a_number_are_paged_and_counted_by_themselves(
    filled, expression, sort
):
    asked = {"filter": view.FlowFilter(expression=expression), "sort": sort}
    whole, _ = query(filled, limit=100000, **asked)
    before = sorted(flow.number for flow in whole)[300]
    below = [flow for flow in whole if flow.number < before]
    flows, end = query(filled, limit=50, offset=20, before=before, **asked)
    assert flows == below[20:70]
    assert end.matched in (0, 300)
    assert query(filled, limit=1000, before=before, **asked)[0] == below
    assert summarize(filled, filter=asked["filter"], before=before).count == 300


def size(flow):
    return flow.client_bytes + flow.server_bytes


KEYS = {
    "START": lambda flow: flow.timestamp_start.ToNanoseconds(),
    "DURATION": lambda flow: flow.duration_ms,
    "SIZE": size,
    "STATUS": lambda flow: flow.http.status_code,
    "METHOD": lambda flow: flow.http.method,
    "SOURCE": lambda flow: flow.source,
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("ascending", [False, True])
def test_flows_come_in_the_order_of_a_column(filled, name, ascending):
    sort = view.SortKey.Value(f"SORT_KEY_{name}")
    flows = pages(filled, limit=211, sort=sort, ascending=ascending)
    assert sorted(flow.number for flow in flows) == sorted(
        flow.number for flow in filled.flows()
    )
    keys = [KEYS[name](flow) for flow in flows]
    assert keys == sorted(keys, reverse=not ascending)


@pytest.mark.parametrize(
    "name", ["HOST", "CLIENT", "CONTENT_TYPE", "TYPE"]
)
def test_flows_of_one_name_stand_together_in_its_order(filled, name):
    sort = view.SortKey.Value(f"SORT_KEY_{name}")
    flows = pages(filled, limit=300, sort=sort)
    assert len({flow.number for flow in flows}) == 1200
    key = {
        "HOST": lambda flow: flow.http.url.split("/")[2] if flow.http.url else flow.type,
        "CLIENT": lambda flow: getattr(flow, flow.type).client_peername_host,
        "CONTENT_TYPE": lambda flow: flow.http.content_type,
        "TYPE": lambda flow: flow.type,
    }[name]
    http = [key(flow) for flow in flows if flow.type == "http" or name != "HOST"]
    changes = sum(a != b for a, b in zip(http, http[1:]))
    assert changes == len(set(http)) - 1


def test_a_page_goes_on_where_it_was_while_flows_come(server):
    export(server, *(build.http(f"http://{n}/") for n in range(10)))
    first, end = query(server, limit=4)
    export(server, *(build.http(f"http://new{n}/") for n in range(10)))
    second, _ = query(server, limit=100, cursor=end.next)
    urls = [flow.http.url for flow in first + second]
    assert urls == [f"http://{n}/" for n in reversed(range(10))]


def test_a_watch_goes_on_from_where_a_query_was(server):
    export(server, build.http("http://old/"))
    flows, end = query(server)
    watch = Watch(server)
    watch.cursor = end.watch_cursor
    export(server, build.http("http://new/"))
    watch.catch_up()
    assert watch.resets == 0
    assert [flow.http.url for flow in watch.flows.values()] == ["http://new/"]
    assert [flow.http.url for flow in flows] == ["http://old/"]


@pytest.mark.parametrize(
    "expression, fits",
    [
        ("~m POST & ~c 404", lambda f: f.http.method == "POST" and f.http.status_code == 404),
        ("~tcp", lambda f: f.type == "tcp"),
        ("! ~http", lambda f: f.type != "http"),
        ("~u host3", lambda f: "host3" in f.http.url),
        ("host3", lambda f: "host3" in f.http.url),
    ],
)
def test_a_query_takes_an_expression(filled, expression, fits):
    found = pages(filled, limit=50, filter=view.FlowFilter(expression=expression))
    assert found == [flow for flow in filled.flows() if fits(flow)]
    assert found == filled.flows(expression=expression)
    assert summarize(filled, filter=view.FlowFilter(expression=expression)).count == len(found)


@pytest.mark.parametrize("cursor", ["nonsense", "\N{SNOWMAN}", "x" * 5000, "1.2.3"])
def test_a_cursor_that_no_query_gave_is_refused(filled, cursor):
    with pytest.raises(grpc.RpcError) as refused:
        query(filled, cursor=cursor)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_cursor_of_another_order_is_refused(filled):
    _, end = query(filled, limit=5, sort=view.SORT_KEY_SIZE)
    with pytest.raises(grpc.RpcError) as refused:
        query(filled, limit=5, sort=view.SORT_KEY_STATUS, cursor=end.next)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_an_order_that_is_not_one_is_refused(filled):
    with pytest.raises(grpc.RpcError) as refused:
        query(filled, sort=77)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_query_by_json(filled):
    call = connect.ServerStream(
        filled, VIEW + "QueryFlows", {"filter": {"expression": "~c 404"}, "limit": 3}
    )
    messages = list(call)
    flows = [flow for message in messages for flow in message.get("flows", [])]
    assert [flow["http"]["statusCode"] for flow in flows] == [404] * 3
    assert messages[-1]["end"]["next"]
    assert call.end == {}


def test_ending_the_call_ends_the_query(filled):
    calls = [
        filled.viewer.QueryFlows(
            view.QueryFlowsRequest(filter=view.FlowFilter(expression="~b '(x+x+)+y'")),
            timeout=DEADLINE_S,
        )
        for _ in range(20)
    ]
    for call in calls:
        call.cancel()
    # Others are not behind them.
    flows, _ = query(filled, filter=view.FlowFilter(expression="~u host1"), limit=1)
    assert len(flows) == 1


# ---- progress ----


def slow_expression():
    """Of a search that has to read everything, and finds nothing."""
    return "~b '[a-f]{3}[^x]q.*z'"


def test_progress_is_told_while_a_search_takes_its_time(filled):
    """Each message tells of no less than the one before it."""
    searches = [
        filled.viewer.QueryFlows(
            view.QueryFlowsRequest(filter=view.FlowFilter(expression=slow_expression())),
            timeout=DEADLINE_S,
        )
        for _ in range(8)
    ]
    for search in searches:
        share, messages = 0, list(search)
        for message in messages:
            assert message.progress.share >= share
            share = message.progress.share
        assert messages[-1].HasField("end")
        assert share == 1


# ---- counts ----


def test_a_summary_counts_what_matches(filled):
    whole = filled.flows()
    summary = summarize(filled)
    assert summary.count == 1200
    assert summary.client_bytes == sum(flow.client_bytes for flow in whole)
    assert summary.server_bytes == sum(flow.server_bytes for flow in whole)
    assert not summary.HasField("histogram")
    assert not summary.facets


def test_a_histogram_counts_over_time_by_type_and_class(filled):
    whole = filled.flows()
    histogram = summarize(filled, bars=12).histogram
    counts = {(s.type, s.status_class): list(s.counts) for s in histogram.series}
    assert all(len(bars) == 12 for bars in counts.values())
    wanted = {}
    for flow in whole:
        key = (flow.type, flow.http.status_code // 100)
        wanted[key] = wanted.get(key, 0) + 1
    assert {key: sum(bars) for key, bars in counts.items()} == wanted
    starts = [flow.timestamp_start.ToNanoseconds() for flow in whole]
    assert histogram.to.ToNanoseconds() >= max(starts)
    assert getattr(histogram, "from").ToNanoseconds() <= min(starts)


def test_a_histogram_spans_what_is_asked_for(filled):
    request = view.SummarizeFlowsRequest(bars=4)
    getattr(request, "from").FromSeconds(1_700_000_100)
    request.to.FromSeconds(1_700_000_300)
    *_, last = filled.viewer.SummarizeFlows(request, timeout=DEADLINE_S)
    totals = [sum(bars) for bars in zip(*(s.counts for s in last.summary.histogram.series))]
    assert totals == [50, 50, 50, 50]


def test_facets_tell_the_most_frequent_values(filled):
    whole = [flow for flow in filled.flows() if flow.type == "http"]
    kinds = [view.FACET_KIND_METHOD, view.FACET_KIND_STATUS, view.FACET_KIND_FLOW_TYPE]
    summary = summarize(filled, facets=kinds, facet_limit=3)
    facets = {facet.kind: facet for facet in summary.facets}
    assert list(facets) == kinds
    methods = {v.value: v.count for v in facets[view.FACET_KIND_METHOD].values}
    for method, count in methods.items():
        assert count == sum(flow.http.method == method for flow in whole)
    status = facets[view.FACET_KIND_STATUS]
    assert len(status.values) == 3 and status.others > 0
    types = facets[view.FACET_KIND_FLOW_TYPE].values
    assert (types[0].value, types[0].count) == ("http", 1000)


@pytest.mark.parametrize(
    "request_",
    [
        {"bars": 1001},
        {"facets": [0]},
        {"facets": [99]},
        {"facets": [1] * 9},
        {"facets": [1], "facet_limit": 1001},
    ],
)
def test_a_summary_of_what_there_is_not_is_refused(filled, request_):
    with pytest.raises(grpc.RpcError) as refused:
        summarize(filled, **request_)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_summary_by_json(filled):
    call = connect.ServerStream(
        filled,
        VIEW + "SummarizeFlows",
        {"filter": {"flowTypes": ["http"]}, "bars": 2, "facets": ["FACET_KIND_DEVICE"]},
    )
    *_, last = call
    assert last["summary"]["count"] == "1000"
    [facet] = last["summary"]["facets"]
    assert {value["value"]: value["count"] for value in facet["values"]} == {
        f"10.0.0.{n}": "250" for n in range(4)
    }


# ---- expressions that are wrong ----

POSTS = view.FlowFilter(expression="~m POST")
CALLS = {
    "GetFlows": view.GetFlowsRequest,
    "StreamFlows": view.StreamFlowsRequest,
    "WatchFlows": view.WatchFlowsRequest,
    "QueryFlows": view.QueryFlowsRequest,
    "SummarizeFlows": view.SummarizeFlowsRequest,
    "MatchFlows": view.MatchFlowsRequest,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_expression_is_told_with_its_position_by_grpc(module_server, name):
    request = CALLS[name](filter=view.FlowFilter(expression="~m GET & ~nonsense x"))
    with pytest.raises(grpc.RpcError) as refused:
        list(getattr(module_server.viewer, name)(request, timeout=DEADLINE_S))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    error = details.of(refused.value, view.FilterError)
    assert error.message
    assert (error.position, error.length) == (9, 9)


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_expression_is_told_with_its_position_by_connect(module_server, name):
    call = connect.ServerStream(
        module_server, VIEW + name, {"filter": {"expression": "~m GET & ~nonsense x"}}
    )
    assert list(call) == []
    assert call.end["error"]["code"] == "invalid_argument"
    [detail] = call.end["error"]["details"]
    assert detail["type"] == "mitmflow.v1.FilterError"
    padded = detail["value"] + "=" * (-len(detail["value"]) % 4)
    error = view.FilterError.FromString(base64.b64decode(padded))
    assert (error.position, error.length) == (9, 9)


def test_of_some_flows_those_that_match_are_told(filled):
    numbers = [flow.number for flow in filled.flows()]
    wanted = [flow.number for flow in query(filled, filter=POSTS, limit=1000)[0]]
    asked = [999_999_999, *numbers[:900]]
    answer = filled.viewer.MatchFlows(
        view.MatchFlowsRequest(filter=POSTS, numbers=asked), timeout=DEADLINE_S
    )
    told = [number for part in answer for number in part.numbers]
    assert told == [number for number in asked if number in wanted]
    assert told


def test_too_many_flows_are_not_matched_at_once(module_server):
    with pytest.raises(grpc.RpcError) as refused:
        list(
            module_server.viewer.MatchFlows(
                view.MatchFlowsRequest(numbers=range(1, 1002)), timeout=DEADLINE_S
            )
        )
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_an_expression_is_explained(module_server):
    answer = module_server.viewer.ExplainFilter(
        view.ExplainFilterRequest(expression="~d a & !b", with_operators=True),
        timeout=DEADLINE_S,
    )
    assert answer.words == "Flows where the host matches “a” and it has “b” nowhere"
    assert not answer.HasField("error")
    assert [(token.position, token.length) for token in answer.tokens] == [
        (0, 2), (3, 1), (5, 1), (7, 1), (8, 1)
    ]
    finds = {operator.name: operator.finds for operator in answer.operators}
    assert finds["~d"] == "the host matches"


def test_a_wrong_expression_is_explained_up_to_its_fault(module_server):
    answer = module_server.viewer.ExplainFilter(
        view.ExplainFilterRequest(expression="~m GET & ~nonsense x"), timeout=DEADLINE_S
    )
    assert (answer.error.position, answer.error.length) == (9, 9)
    assert len(answer.tokens) == 3
    assert answer.words == ""


def test_other_filters_that_are_wrong_have_words_and_no_position(module_server):
    with pytest.raises(grpc.RpcError) as refused:
        list(
            module_server.viewer.QueryFlows(
                view.QueryFlowsRequest(filter=view.FlowFilter(flow_types=["carrier pigeon"])),
                timeout=DEADLINE_S,
            )
        )
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_pathological_expression_ends_soon_and_says_so(server):
    export(server, build.http(body=b"a" * 100000 + b"b", flow_id="long"))
    *_, last = server.viewer.QueryFlows(
        view.QueryFlowsRequest(filter=view.FlowFilter(expression="~b '(a+)+$'")),
        timeout=DEADLINE_S,
    )
    assert last.HasField("end")
    assert last.progress.limited


def test_a_server_stops_in_the_middle_of_queries(start_server):
    server = start_server()
    for _ in range(4):
        export(server, *(build.http(body=b"a" * 5000) for _ in range(500)))
    expression = view.FlowFilter(expression="~b '(a+)+$'")  # slow at every flow
    calls = [
        server.viewer.QueryFlows(view.QueryFlowsRequest(filter=expression), timeout=DEADLINE_S)
        for _ in range(6)
    ]
    calls.append(server.viewer.WatchFlows(view.WatchFlowsRequest(filter=expression)))
    next(calls[0])  # progress: they are under way
    server.stop()  # ends well
    for call in calls:
        with contextlib.suppress(grpc.RpcError):
            list(call)
