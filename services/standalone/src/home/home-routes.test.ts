import { describe, expect, it } from "@jest/globals";
import { redirectToSlash } from "./home-routes.ts";

describe("redirectToSlash", () => {
  it.each([
    { name: "a folder is where links count from", url: "/", want: undefined },
    { name: "so is one below a prefix", url: "/profiles/?a=b", want: undefined },
    { name: "without the slash they would count from the folder above", url: "/profiles", want: "profiles/" },
    { name: "the last folder is enough, whatever a proxy put before", url: "/a/b", want: "b/" },
    { name: "the query is kept", url: "/profiles?a=/b?&c", want: "profiles/?a=/b?&c" },
  ])("$name: $url", ({ url, want }) => {
    expect(redirectToSlash(url)).toBe(want);
    const target = new URL(want ?? url, new URL(url, "http://localhost"));
    expect(new URL("ready", target).pathname).toBe(`${target.pathname}ready`);
  });
});
