import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { encodedTree } from "../../test/answers.ts";
import { drawDiff, drawFlameGraph, encodeSum } from "./flame-graphs.ts";

/** Stacks of few names, so that they meet; each with the backend that reports it. */
const anyReports = fc.array(
  fc.record({
    stack: fc.array(fc.constantFrom("a", "b", "c", "other"), { minLength: 1, maxLength: 5 }),
    value: fc.integer({ min: 1, max: 1000 }),
    backend: fc.nat(3),
  }),
  { maxLength: 30 },
);
type Reports = typeof anyReports extends fc.Arbitrary<infer T> ? T : never;

function lines(reports: Reports): string[] {
  return reports.map(({ stack, value }) => `${stack.join(";")} ${value}`);
}

/** The trees of four backends. */
function spread(reports: Reports): Uint8Array[] {
  return [0, 1, 2, 3].map((backend) =>
    encodedTree(...lines(reports.filter((report) => report.backend === backend))),
  );
}

const text = (utf8: Uint8Array): string => Buffer.from(utf8).toString("utf8");

describe("an answer does not depend on how stacks are spread over backends", () => {
  const maxNodes = fc.nat(12);

  it("as a flame graph", () => {
    fc.assert(
      fc.property(anyReports, maxNodes, (reports, maxNodes) => {
        const whole = drawFlameGraph([encodedTree(...lines(reports))], maxNodes, "json");
        expect(text(drawFlameGraph(spread(reports), maxNodes, "json"))).toBe(text(whole));
      }),
    );
  });

  it("as tree bytes", () => {
    fc.assert(
      fc.property(anyReports, maxNodes, (reports, maxNodes) => {
        const whole = encodeSum([encodedTree(...lines(reports))], maxNodes);
        expect(Buffer.from(encodeSum(spread(reports), maxNodes))).toEqual(Buffer.from(whole));
      }),
    );
  });

  it("as the difference of two", () => {
    fc.assert(
      fc.property(anyReports, anyReports, maxNodes, (left, right, maxNodes) => {
        const whole = drawDiff(
          [encodedTree(...lines(left))],
          [encodedTree(...lines(right))],
          maxNodes,
          "json",
        );
        expect(text(drawDiff(spread(left), spread(right), maxNodes, "json"))).toBe(text(whole));
      }),
    );
  });
});

describe("no backend", () => {
  it("is an empty flame graph", () => {
    expect(text(drawFlameGraph([], 10, "json"))).toBe(
      '{"names":["total"],"levels":[{"values":["0","0","0","0"]}]}',
    );
    expect(encodeSum([], 10).length).toBe(0);
  });
});
