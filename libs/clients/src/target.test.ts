import { describe, expect, it } from "@jest/globals";

import { resolveTarget } from "./resolve.ts";
import { parseTarget } from "./target.ts";

describe("parseTarget", () => {
  it.each([
    {
      text: "localhost:9095",
      want: { type: "static", addresses: [{ id: "localhost:9095", host: "localhost", port: 9095 }] },
    },
    {
      text: " a:1/node-0, b:2/node-1,",
      want: {
        type: "static",
        addresses: [
          { id: "node-0", host: "a", port: 1 },
          { id: "node-1", host: "b", port: 2 },
        ],
      },
    },
    {
      text: "[::1]:9095",
      want: { type: "static", addresses: [{ id: "[::1]:9095", host: "[::1]", port: 9095 }] },
    },
    { text: "dns:///backend.ns:9095", want: { type: "dns", host: "backend.ns", port: 9095 } },
    { text: "dns+backend:9095", want: { type: "dns", host: "backend", port: 9095 } },
  ])("reads $text", ({ text, want }) => {
    expect(parseTarget(text)).toEqual(want);
  });

  it.each([
    { text: "", problem: "an address is empty" },
    { text: "localhost", problem: "must be host:port: got=localhost" },
    { text: "a:0", problem: "must be host:port" },
    { text: "a:65536", problem: "must be host:port" },
    { text: "a:1,a:1", problem: "named twice: id=a:1" },
    { text: "kubernetes:///metastore.ns:9095", problem: "not supported, use dns:///host:port" },
    { text: "dnssrvnoa+_grpc._tcp.metastore", problem: "not supported, use dns:///host:port" },
    { text: "http://a:1", problem: "unknown kind of address" },
  ])("refuses $text at start-up, saying why", ({ text, problem }) => {
    expect(() => parseTarget(text)).toThrow(problem);
  });
});

describe("resolveTarget", () => {
  it("gives the addresses of a list sorted by id", async () => {
    const found = await resolveTarget(parseTarget("b:1/2,a:1/1"), () =>
      Promise.reject(new Error("no look-up")),
    );
    expect(found.map(({ id }) => id)).toEqual(["1", "2"]);
  });

  it("gives every address of a name once, sorted", async () => {
    const lookup = (): Promise<string[]> => Promise.resolve(["10.0.0.2", "10.0.0.1", "10.0.0.2", "fd00::1"]);
    const found = await resolveTarget(parseTarget("dns:///x:9095"), lookup);
    expect(found.map(({ id }) => id)).toEqual(["10.0.0.1:9095", "10.0.0.2:9095", "[fd00::1]:9095"]);
  });
});
