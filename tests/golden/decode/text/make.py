#!/usr/bin/env python3
"""Makes the samples in this folder by the libraries that make them elsewhere.

usage: make.py (in an environment with requirements.txt)

Each file is as tests/unit/decode/sample.h says; what must come out of NAME is
in NAME.txt, which MITMFLOW_WRITE_GOLDEN=1 writes anew (read it then).
"""

import email.mime.application
import email.mime.multipart
import email.mime.text
import http.cookies
import io
import json
import pathlib

import jsonlines
import jwt
import requests
import svgwrite
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph
from PIL import Image
from sse_starlette import ServerSentEvent
from urllib3.filepost import encode_multipart_formdata

FOLDER = pathlib.Path(__file__).resolve().parent
KEY = "a key that is known, of thirty-two bytes or more"
TOKEN = jwt.encode(
    {"sub": "user-7", "iat": 1700000000, "exp": 1700003600, "admin": False, "roles": ["a", "b"]},
    KEY,
    algorithm="HS256",
)


def write(name, kind, body, fields, url="https://example.com/", place="response"):
    head = [f"kind: {kind}", f"place: {place}", f"url: {url}"]
    head += [f"header: {field}: {value}" for field, value in fields]
    file = FOLDER / f"{name}.{place}"
    file.write_bytes("\n".join(head).encode() + b"\n\n" + body)


def request(name, kind, prepared):
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    write(name, kind, body, list(prepared.headers.items()), prepared.url, "request")


def forms():
    pairs = [("q", "a b+c&d=é"), ("empty", ""), ("q", "日本"), ("token", TOKEN)]
    sent = requests.Request("POST", "https://example.com/f", data=pairs, auth=("ann", "secret"))
    request("form", "form", sent.prepare())
    png = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(png, "png")
    fields = [
        ("note", "two\r\nlines, é"),
        ("data", ("d.json", json.dumps({"a": [1, 2]}), "application/json")),
        ("picture", ('naïve "x".png', png.getvalue(), "image/png")),
        ("raw", ("r.bin", b"\x00\x01\xff", "application/octet-stream")),
        ("form", ("f", "x=1&y=2", "application/x-www-form-urlencoded")),
    ]
    body, content_type = encode_multipart_formdata(fields, boundary="0123456789abcdef")
    sent = requests.Request(
        "POST", "https://example.com/m", data=body, headers={"Content-Type": content_type}
    )
    request("multipart-form", "multipart", sent.prepare())


def mail():
    outer = email.mime.multipart.MIMEMultipart("mixed", boundary="outer=1")
    inner = email.mime.multipart.MIMEMultipart("alternative", boundary="inner")
    inner.attach(email.mime.text.MIMEText("Grüße = €\n", "plain", "iso-8859-15"))
    inner.attach(email.mime.text.MIMEText("<p>Grüße</p>", "html", "utf-8"))
    outer.attach(inner)
    attached = email.mime.application.MIMEApplication(bytes(range(100)))
    attached.add_header("Content-Disposition", "attachment", filename=("utf-8", "", "naïve.bin"))
    outer.attach(attached)
    outer.preamble = "This is of several parts."
    body = outer.as_bytes().partition(b"\n\n")[2]
    write("multipart-mixed", "multipart", body, [("Content-Type", outer["Content-Type"])])


def streams():
    events = [
        ServerSentEvent(data='{"a": 1}', event="message", id="1", retry=3000),
        ServerSentEvent(data="two\nlines", event="text"),
        ServerSentEvent(comment="still here"),
        ServerSentEvent(data="plain"),
    ]
    body = b"".join(event.encode() for event in events)
    write("events", "events", body, [("Content-Type", "text/event-stream")])
    lines = io.StringIO()
    with jsonlines.Writer(lines) as writer:
        writer.write_all([{"a": 1}, [1, 2, 3], "é", None])
    broken = lines.getvalue().encode() + b'{"broken": \n{"b": 2}\n'
    write("json-lines", "json-lines", broken, [("Content-Type", "application/x-ndjson")])
    sequence = b"".join(b"\x1e" + json.dumps(v).encode() + b"\n" for v in ({"a": 1}, [2]))
    write("json-seq", "json-lines", sequence, [("Content-Type", "application/json-seq")])


def tokens():
    cookies = http.cookies.SimpleCookie()
    cookies["session"] = "abc def"
    cookies["session"]["path"] = "/"
    cookies["session"]["secure"] = True
    cookies["session"]["httponly"] = True
    cookies["session"]["samesite"] = "Lax"
    cookies["id"] = TOKEN
    cookies["id"]["expires"] = "Wed, 21 Oct 2026 07:28:00 GMT"
    cookies["id"]["max-age"] = 3600
    fields = [("Content-Type", "application/json")]
    fields += [("Set-Cookie", morsel.OutputString()) for morsel in cookies.values()]
    answer = json.dumps({"access_token": TOKEN, "token_type": "Bearer"}).encode()
    write("token", "json", answer, fields)
    write("jwt", "text", TOKEN.encode(), [("Content-Type", "application/jwt")])
    sent = requests.Request(
        "GET",
        "https://example.com/",
        cookies={"a": "1", "b": "x=y"},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    request("cookies", "empty", sent.prepare())


def images():
    def save(name, image, form, content_type, **options):
        out = io.BytesIO()
        image.save(out, form, **options)
        write(name, "image", out.getvalue(), [("Content-Type", content_type)])

    rgb = Image.new("RGB", (17, 9), "teal")
    alpha = Image.new("RGBA", (17, 9), (1, 2, 3, 4))
    save("png", alpha, "png", "image/png")
    save("png-grey", Image.new("I;16", (5, 6)), "png", "image/png")
    save("png-palette", rgb.quantize(4), "png", "image/jpeg")
    save("gif", rgb, "gif", "image/gif")
    save("jpeg", rgb, "jpeg", "image/jpg")
    save("jpeg-progressive", rgb.convert("L"), "jpeg", "image/jpeg", progressive=True)
    save("webp", rgb, "webp", "image/webp")
    save("webp-lossless", alpha, "webp", "image/webp", lossless=True)
    save(
        "webp-animation",
        rgb,
        "webp",
        "image/webp",
        save_all=True,
        append_images=[Image.new("RGB", (17, 9))],
    )
    save("avif", rgb, "avif", "image/avif")
    save("bmp", rgb, "bmp", "image/bmp")
    save("ico", Image.new("RGBA", (48, 48)), "ico", "image/x-icon", sizes=[(16, 16), (48, 48)])
    for name, size, extra in (
        ("svg", ("120px", "80px"), {}),
        ("svg-viewbox", ("100%", "100%"), {"viewBox": "0 0 640 480"}),
    ):
        drawing = svgwrite.Drawing(size=size, **extra)
        drawing.add(drawing.circle((10, 10), 5))
        text = '<?xml version="1.0" encoding="utf-8" ?>\n' + drawing.tostring()
        write(name, "image", text.encode(), [("Content-Type", "image/svg+xml")])


def documents():
    out = io.BytesIO()
    Image.new("RGB", (3, 3)).save(out, "pdf", producer="", title="")
    write("pdf", "pdf", out.getvalue(), [("Content-Type", "application/pdf")])
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef"])
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": Glyph()})
    builder.setupHorizontalMetrics({".notdef": (600, 0)})
    builder.setupHorizontalHeader()
    builder.setupNameTable({"familyName": "Sample"})
    builder.setupOS2()
    builder.setupPost()
    plain = io.BytesIO()
    builder.save(plain)
    write("ttf", "font", plain.getvalue(), [("Content-Type", "font/ttf")])
    for flavor in ("woff", "woff2"):
        font = TTFont(io.BytesIO(plain.getvalue()))
        font.flavor = flavor
        packed = io.BytesIO()
        font.save(packed)
        write(flavor, "font", packed.getvalue(), [("Content-Type", f"font/{flavor}")])


forms()
mail()
streams()
tokens()
images()
documents()
