import { describe, expect, it } from "vitest";
import { bodyKind, charsetOf, imageType, isBinary } from "./kinds";

const encode = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe("imageType", () => {
  it("goes by the bytes, not by what the sender says", () => {
    expect(imageType(latin1("\x89PNG\r\n\x1a\n..."))).toBe("image/png");
    expect(imageType(latin1("\xff\xd8\xff\xe0"))).toBe("image/jpeg");
    expect(imageType(latin1("GIF89a"))).toBe("image/gif");
    expect(imageType(latin1("RIFF\0\0\0\0WEBP"))).toBe("image/webp");
    expect(imageType(latin1("\0\0\0 ftypavif"))).toBe("image/avif");
  });

  it("never takes SVG or HTML for an image", () => {
    expect(bodyKind(encode("<svg onload=alert(1)>"), "image/svg+xml")).toBe("text");
    expect(bodyKind(encode("<script>1</script>"), "image/png")).toBe("text");
  });
});

describe("bodyKind", () => {
  it.each([
    ['{"a":1}', "text/plain", "json"],
    ["[1]", "", "json"],
    ["12", "application/json", "json"],
    ["12", "text/plain", "text"],
    ["{ not json }", "text/plain", "text"],
    ["<html>", "application/json", "text"],
    ["a: b\n", "", "text"],
    ["a\0b", "text/plain", "binary"],
  ])("takes %j as %j for %s", (text, type, kind) =>
    expect(bodyKind(encode(text), type)).toBe(kind),
  );

  it("believes a charset that makes text of NULs", () => {
    expect(bodyKind(latin1("h\0i\0"), "text/plain; charset=utf-16le")).toBe("text");
  });
});

describe("isBinary", () => {
  it("takes text of other alphabets for text", () => {
    expect(isBinary(encode("\u4f60\u597d ".repeat(2000)))).toBe(false);
  });

  it("takes bytes at random for binary", () => {
    expect(
      isBinary(Uint8Array.from({ length: 300 }, (_, i) => (i * 7 + 129) % 256 || 1)),
    ).toBe(true);
  });
});

it("charsetOf falls back to UTF-8", () => {
  expect(charsetOf('text/html; charset="ISO-8859-1"')).toBe("windows-1252");
  expect(charsetOf("text/html; charset=nonsense")).toBe("utf-8");
  expect(charsetOf("")).toBe("utf-8");
});
