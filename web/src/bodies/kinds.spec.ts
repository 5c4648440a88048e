import { describe, expect, it } from "vitest";
import { charsetOf, imageType, isBinary, looksLikeJson } from "./kinds";

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
    expect(imageType(encode("<svg onload=alert(1)>"))).toBeNull();
    expect(imageType(encode("<script>1</script>"))).toBeNull();
  });
});

describe("looksLikeJson", () => {
  it.each([
    ['{"a":1}', false, true],
    [" [1]", false, true],
    ["12", true, true],
    ["12", false, false],
    ["{ not json }", false, false],
    ["<html>", true, false],
    ["a: b\n", false, false],
  ])("%j (declared: %j): %j", (text, declared, is) => {
    expect(looksLikeJson(encode(text), declared)).toBe(is);
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
  expect(charsetOf("ISO-8859-1")).toBe("windows-1252");
  expect(charsetOf("nonsense")).toBe("utf-8");
  expect(charsetOf("")).toBe("utf-8");
});
