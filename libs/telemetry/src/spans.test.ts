import { describe, expect, it } from "@jest/globals";
import { activeTraceId, withSpan } from "./spans.ts";

describe("withSpan without a tracing SDK", () => {
  it("returns what the work returns", async () => {
    await expect(withSpan("work", { tenant: "acme" }, () => Promise.resolve(7))).resolves.toBe(7);
  });

  it("passes a failure on", async () => {
    const failure = new Error("boom");
    await expect(withSpan("work", {}, () => Promise.reject(failure))).rejects.toBe(failure);
  });

  it("has no trace", () => {
    expect(activeTraceId()).toBeUndefined();
  });
});
