import { expect, it } from "vitest";
import { takeApart } from "./url";

it("takes a URL apart", () => {
  expect(
    takeApart("https://me@a.example:8443/x/y?q=a+b&r=%C3%A9&s&bad=%E9#part"),
  ).toEqual({
    scheme: "https",
    user: "me",
    host: "a.example",
    port: "8443",
    path: "/x/y",
    params: [
      ["q", "a b"],
      ["r", "\u00e9"],
      ["s", ""],
      ["bad", "%E9"],
    ],
    fragment: "part",
  });
});

it.each(["", "javascript:alert(1)", "//x", "http://[::1]:80", "http://", "?&&=&"])(
  "takes %j as it is",
  (url) => {
    expect(() => takeApart(url)).not.toThrow();
  },
);

it("does not take the end of an address for a port", () => {
  expect(takeApart("http://[2001:db8::1]/").port).toBe("");
  expect(takeApart("http://[2001:db8::1]:80/")).toMatchObject({
    host: "[2001:db8::1]",
    port: "80",
  });
});
