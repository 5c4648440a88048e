"""connect-web in Chromium, and connect-node."""

import uuid

import pytest
from harness import build
from harness.process import DEADLINE_S


@pytest.fixture(scope="module")
def driver():
    from web_driver import Driver

    driver = Driver()
    yield driver
    driver.close()


BROWSER = [
    ("connect", {"useBinaryFormat": True}),
    ("connect", {"useBinaryFormat": False}),
    ("grpc-web", {"useBinaryFormat": True}),
    ("grpc-web", {"useBinaryFormat": False}),
]
NODE = [
    (protocol, {"useBinaryFormat": is_binary, "httpVersion": version})
    for protocol, versions in (
        ("connect", ["1.1", "2"]),
        ("grpc", ["2"]),
        ("grpc-web", ["1.1", "2"]),
    )
    for version in versions
    for is_binary in (True, False)
]


def name_of(param):
    place, protocol, options = param
    codec = "proto" if options["useBinaryFormat"] else "json"
    version = options.get("httpVersion")
    return "-".join([place, protocol, codec, *([f"http{version}"] if version else [])])


CLIENTS = [("chromium", *one) for one in BROWSER] + [("node", *one) for one in NODE]


@pytest.fixture(params=CLIENTS, ids=name_of)
def call(request, driver, place):
    """A function that calls the server by one client."""
    where, protocol, options = request.param
    options = {"baseUrl": place.url, "protocol": protocol, **options}
    if where == "chromium":
        # The page that the server itself serves.
        options["page"] = f"{place.url}/"
    elif place.is_tls:
        trust = place.trust
        options["nodeOptions"] = {
            "ca": trust.authority.cert.read_text(),
            "cert": trust.shown.cert.read_text(),
            "key": trust.shown.key.read_text(),
        }

    def call(name, text="", **more):
        return driver.call(name, text, **{**options, **more})

    call.protocol, call.where = protocol, where
    return call


def test_a_unary_call_is_answered(call, known):
    assert call("url", "known") == known.flow.http_flow.request.url


def test_text_goes_both_ways_unharmed(call, known):
    assert call("note", "known") == "\N{LATIN SMALL LETTER E WITH ACUTE} \U0001f600\n"


def test_a_server_stream_comes_whole_and_in_order(call, place):
    name = uuid.uuid4().hex
    urls = [f"http://{name}.example/{number}" for number in range(40)]
    place.ingest.ExportFlow(iter(map(build.http, urls)), timeout=DEADLINE_S)
    assert call("list", name) == urls[::-1]


def test_an_error_has_its_code_and_text(call):
    assert call("url", "nothing") == ("NotFound", "no such flow")


def test_an_error_of_a_stream_has_its_code(call, place):
    # Longer than a viewer's message may be.
    code, message = call("list", "x" * (9 << 20))
    assert code == "ResourceExhausted"
    assert message


def test_a_stream_that_is_left_ends(call):
    assert call("abort") == {"messages": 1, "code": "Canceled"}


def test_a_deadline_ends_a_stream(call):
    code, _ = call("deadline")
    assert code == "DeadlineExceeded"


def test_a_method_without_side_effects_is_called_by_get(driver, place, known):
    answer = driver.call(
        "url",
        "known",
        page=f"{place.url}/",
        baseUrl=place.url,
        protocol="connect",
        useHttpGet=True,
    )
    assert answer == known.flow.http_flow.request.url


@pytest.mark.parametrize("call", CLIENTS[len(BROWSER) :], indirect=True, ids=name_of)
def test_a_client_stream_of_node_is_counted(call):
    assert call("send", f"http://{uuid.uuid4()}/") == {"processed": 3, "rejected": 0}


# ---- Pages of another site ----


@pytest.fixture(params=[("chromium", *one) for one in BROWSER], ids=name_of)
def call_from(request, driver, place):
    """A function that calls the server from a page of a given origin."""
    _, protocol, options = request.param

    def call_from(origin, name, text=""):
        options_here = {"baseUrl": place.url, "protocol": protocol, **options}
        return driver.call(name, text, page=f"{origin}/", **options_here)

    return call_from


def test_a_page_of_an_allowed_origin_may_call(call_from, site, known):
    assert call_from(site.allowed, "url", "known") == known.flow.http_flow.request.url
    assert call_from(site.allowed, "url", "nothing") == ("NotFound", "no such flow")
    assert call_from(site.allowed, "abort") == {"messages": 1, "code": "Canceled"}


def test_a_page_of_another_origin_reads_and_changes_nothing(call_from, place, site):
    message = build.http(flow_id=str(uuid.uuid4()))
    place.ingest.ExportFlow(iter([message]), timeout=DEADLINE_S)
    for name in ("url", "note", "list"):
        code, told = call_from(site.refused, name, build.flow_id(message))
        assert (code, told) == ("Unknown", "Failed to fetch")
    [flow] = place.flows(flow_ids=[build.flow_id(message)])
    assert flow.note == ""


def test_a_page_of_another_origin_may_not_call_by_get_either(driver, place, site, known):
    answer = driver.call(
        "url",
        "known",
        page=f"{site.refused}/",
        baseUrl=place.url,
        protocol="connect",
        useHttpGet=True,
    )
    assert answer == ("Unknown", "Failed to fetch")
