"""Pages of other origins: told what they need where their origin is
configured, and nothing otherwise."""

import pytest

import h2client
import wire
from echo import Server
from wire import envelope, message

OURS = "https://page.example:8443"
OTHERS = ["https://page.example", "https://PAGE.example:8443", "null", OURS + "/", OURS + " x", ""]


@pytest.fixture(scope="module")
def cors(request):
    server = Server("--origin", "http://first.example", "--origin", OURS)
    yield server
    server.stop()


def over_1(server, method, path, headers, body=b""):
    status, got, data = wire.request(server, path, body, headers, method)
    return status, [(n.lower(), v) for n, v in got.items()], data


def over_2(server, method, path, headers, body=b""):
    client = h2client.Client(server)
    number = client.begin(path, headers, method=method)
    client.send(number, body, end=True)
    got = client.wait(number)
    client.close()
    return int(got.header(":status")), got.headers, got.data


both = pytest.mark.parametrize("send", [over_1, over_2])


def of(headers, name):
    return [v for n, v in headers if n == name]


def names(headers, name):
    return [v.strip() for value in of(headers, name) for v in value.split(",")]


def preflight(origin, method="POST", asked="connect-protocol-version,content-type"):
    return [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", asked),
    ]


@both
def test_a_page_of_a_configured_origin_may_call(cors, send):
    status, headers, data = send(cors, "OPTIONS", "/test.Echo/Unary", preflight(OURS))
    assert (status, data) == (204, b"")
    assert of(headers, "access-control-allow-origin") == [OURS]
    assert names(headers, "access-control-allow-methods") == ["GET", "POST"]
    assert {
        "content-type",
        "connect-protocol-version",
        "connect-timeout-ms",
        "grpc-timeout",
        "x-grpc-web",
        "x-user-agent",
    } <= set(names(headers, "access-control-allow-headers"))
    assert of(headers, "access-control-max-age") == ["7200"]
    assert "origin" in names(headers, "vary")
    assert of(headers, "access-control-allow-credentials") == []


@both
def test_only_methods_without_side_effects_may_be_got(cors, send):
    _, headers, _ = send(cors, "OPTIONS", "/test.Echo/Bidi", preflight(OURS, "GET"))
    assert names(headers, "access-control-allow-methods") == ["POST"]


@both
@pytest.mark.parametrize("origin", OTHERS)
def test_a_page_of_another_origin_is_told_nothing(cors, send, origin):
    kind = ("content-type", "application/proto")
    for method, asked in ("OPTIONS", preflight(origin)), ("POST", [("origin", origin), kind]):
        status, headers, _ = send(
            cors, method, "/test.Echo/Unary", asked, b"" if method == "OPTIONS" else message("hi")
        )
        assert status == (405 if method == "OPTIONS" else 200)
        assert not [n for n, _ in headers if n.startswith("access-control")]
        assert "origin" in names(headers, "vary")


@both
def test_without_a_configured_origin_nothing_is_said(server, send):
    status, headers, _ = send(server, "OPTIONS", "/test.Echo/Unary", preflight(OURS))
    assert status == 405
    kind = [("content-type", "application/proto"), ("origin", OURS)]
    _, answer, _ = send(server, "POST", "/test.Echo/Unary", kind, message("hi"))
    for got in headers, answer:
        assert not [n for n, _ in got if n.startswith("access-control")]
        assert "origin" not in names(got, "vary")


@both
def test_options_that_are_no_preflight_are_a_wrong_verb(cors, send):
    status, headers, _ = send(cors, "OPTIONS", "/test.Echo/Unary", [("origin", OURS)])
    assert (status, of(headers, "allow")) == (405, ["GET, POST"])


def call_headers(kind):
    return [("origin", OURS), ("content-type", kind), ("x-header", "x-a b")]


@both
@pytest.mark.parametrize(
    "kind, path, body, status",
    [
        ("application/proto", "Unary", message("hi"), 200),
        ("application/proto", "Unary", message("fail 5 no"), 404),
        ("application/connect+proto", "Bidi", envelope(message("hi")), 200),
        ("application/grpc-web", "Unary", envelope(message("hi")), 200),
        ("application/grpc-web", "Unary", envelope(message("fail 5 no")), 200),
        ("application/grpc-web", "No", envelope(b""), 200),
        ("application/proto", "No", b"", 404),
        ("image/jpeg", "Unary", b"", 415),
    ],
)
def test_every_answer_may_be_read(cors, send, kind, path, body, status):
    got, headers, _ = send(cors, "POST", "/test.Echo/" + path, call_headers(kind), body)
    assert got == status
    assert of(headers, "access-control-allow-origin") == [OURS]
    exposed = names(headers, "access-control-expose-headers")
    assert {"*", "grpc-status", "grpc-message", "grpc-status-details-bin"} <= set(exposed)
    assert "origin" in names(headers, "vary")


@both
def test_a_get_needs_no_preflight(cors, send):
    path = "/test.Echo/Unary?connect=v1&encoding=json&message=%7B%7D"
    status, headers, data = send(cors, "GET", path, [("origin", "http://first.example")])
    assert (status, data) == (200, b"{}")
    assert of(headers, "access-control-allow-origin") == ["http://first.example"]
    assert {"origin", "accept-encoding"} <= set(names(headers, "vary"))


@both
def test_other_verbs_and_versions_may_be_read(cors, send):
    status, headers, _ = send(cors, "DELETE", "/test.Echo/Unary", [("origin", OURS)])
    assert (status, of(headers, "access-control-allow-origin")) == (405, [OURS])
    kind = [("origin", OURS), ("content-type", "application/grpc")]
    status, headers, _ = send(cors, "POST", "/test.Echo/Unary", kind, envelope(b""))
    assert status == (505 if send is over_1 else 200)
    assert of(headers, "access-control-allow-origin") == [OURS]
