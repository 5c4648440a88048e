"""The page's headers: what may run, what may be kept, in which encoding."""

import gzip
import re

import brotli
import pytest
from harness import connect, raw_grpc


def get(server, path="/", method="GET", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return connect.http_request(server, method, path, headers=names)


def asset_paths(server):
    html = get(server).body.decode()
    paths = re.findall(r'(?:src|href)="(/[^"]+)"', html)
    assert any(path.endswith(".js") for path in paths), html
    return paths


def check_safety(headers):
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    for name in ("script-src", "style-src", "connect-src", "worker-src", "font-src"):
        assert policy[name] == "'self'", name
    assert set(policy["img-src"].split()) == {"'self'", "blob:", "data:"}
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_every_answer_of_the_page_is_safe(module_server):
    for path in ["/", *asset_paths(module_server), "/nothing", "/healthz", "/../etc/passwd"]:
        check_safety(get(module_server, path).headers)
    check_safety(get(module_server, "/", method="POST").headers)
    check_safety(get(module_server, "/", host="evil.example").headers)


def test_the_page_has_nothing_inline_and_nothing_foreign(module_server):
    html = get(module_server).body.decode()
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\son\w+=|style=", html), html
    assert not re.search(r'(?:src|href)="(?!/)', html), html


def test_the_document_is_asked_for_again_and_hashed_files_are_kept(module_server):
    document = get(module_server)
    assert (document.status, document.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert document.headers["cache-control"] == "no-cache"
    hashed = [path for path in asset_paths(module_server) if path.startswith("/assets/")]
    assert hashed
    for path in hashed:
        answer = get(module_server, path)
        assert answer.status == 200
        cache = answer.headers["cache-control"]
        assert "immutable" in cache
        assert "max-age=31536000" in cache


def test_content_types_fit(module_server):
    types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path in asset_paths(module_server):
        answer = get(module_server, path)
        extension = re.search(r"\.\w+$", path)[0]
        assert answer.headers["content-type"].startswith(types.get(extension, "")), path
        assert answer.body


@pytest.mark.parametrize(
    ("accepted", "encoding", "decode"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("br", "br", brotli.decompress),
        ("gzip, deflate, br", "br", brotli.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("gzip;q=0", None, bytes),
    ],
)
def test_the_encoding_is_one_that_the_client_takes(module_server, accepted, encoding, decode):
    for path in ["/", *asset_paths(module_server)]:
        plain = get(module_server, path)
        answer = get(module_server, path, accept_encoding=accepted)
        assert "content-encoding" not in plain.headers
        if answer.headers["content-type"].startswith("text/") and len(plain.body) > 1000:
            assert answer.headers["content-encoding"] == encoding
        if answer.headers["content-encoding"]:
            assert len(answer.body) < len(plain.body)
            assert decode(answer.body) == plain.body
        else:
            assert answer.body == plain.body
        assert "accept-encoding" in answer.headers["vary"].lower()


def test_what_did_not_change_is_304(module_server):
    for path in ["/", *asset_paths(module_server)]:
        tag = get(module_server, path).headers["etag"]
        assert tag
        answer = get(module_server, path, if_none_match=f'"other", {tag}')
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == tag
        assert get(module_server, path, if_none_match='"other"').status == 200


def test_head_is_get_without_the_body(module_server):
    for path in ["/", *asset_paths(module_server), "/nothing", "/healthz"]:
        full, head = get(module_server, path), get(module_server, path, method="HEAD")
        assert (head.status, head.body) == (full.status, b"")
        assert head.headers["content-length"] == str(len(full.body))
        for name in ("etag", "content-type", "cache-control"):
            assert head.headers[name] == full.headers[name]


def test_an_unknown_path_is_404(module_server):
    for path in ("/nothing", "/assets/", "/assets/x.js", "//", "/%2e%2e/", "/index.html/"):
        assert get(module_server, path).status == 404, path


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405(module_server, method):
    answer = get(module_server, "/", method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_the_server_says_that_it_is_well(module_server):
    for target in ["/healthz", "/healthz?from=probe"]:
        answer = get(module_server, target)
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")


def test_the_page_is_served_over_http2_as_well(module_server):
    with raw_grpc.Connection(module_server) as connection:
        stream = connection.get("/")
        answer = connection.wait(stream)
    assert answer.headers[b":status"] == b"200"
    assert answer.data == get(module_server).body
    check_safety({name.decode(): value.decode() for name, value in answer.headers.items()})
