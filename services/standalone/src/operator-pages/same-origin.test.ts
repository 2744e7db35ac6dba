import { describe, expect, it } from "@jest/globals";

import { isCrossSite } from "./same-origin.ts";

describe("a request that changes something", () => {
  const none = { fetchSite: undefined, origin: undefined, host: "hearth:4040" };
  it.each([
    { name: "of a tool, which says nothing", request: none, want: false },
    { name: "of the page itself", request: { ...none, fetchSite: "same-origin" }, want: false },
    { name: "typed by a person", request: { ...none, fetchSite: "none" }, want: false },
    { name: "of another site", request: { ...none, fetchSite: "cross-site" }, want: true },
    { name: "of another server of the same site", request: { ...none, fetchSite: "same-site" }, want: true },
    {
      name: "of the page itself, behind a proxy that changes the host",
      request: { ...none, fetchSite: "same-origin", origin: "https://elsewhere" },
      want: false,
    },
    { name: "with this server's origin", request: { ...none, origin: "http://hearth:4040" }, want: false },
    {
      name: "with an origin on another port",
      request: { ...none, origin: "http://hearth:4041" },
      want: true,
    },
    { name: "with another origin", request: { ...none, origin: "https://evil.example" }, want: true },
    { name: "with an origin that is kept secret", request: { ...none, origin: "null" }, want: true },
  ])("$name: refused is $want", ({ request, want }) => {
    expect(isCrossSite(request)).toBe(want);
  });
});
