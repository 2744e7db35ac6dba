import { describe, expect, it } from "@jest/globals";

import { checkFinalState, checkHistory, type Read, type Registration } from "./history.ts";

function registered(block: string, startMs: number, endMs?: number): Registration {
  return { block, startMs, endMs };
}

function read(startMs: number, endMs: number, ...blocks: string[]): Read {
  return { startMs, endMs, blocks };
}

describe("checkHistory", () => {
  const registrations = [registered("a", 0, 10), registered("b", 20, 30), registered("lost", 5)];

  it.each([
    { what: "each read shows what is there", reads: [read(11, 12, "a"), read(31, 32, "a", "b")] },
    {
      what: "while it is registered, a block may be there or not",
      reads: [read(21, 22, "a", "b"), read(21, 29, "a")],
    },
    {
      what: "what failed may be there",
      reads: [read(40, 41, "a", "b", "lost"), read(41, 42, "a", "b", "lost")],
    },
    { what: "what failed may come late", reads: [read(40, 41, "a", "b"), read(42, 43, "a", "b", "lost")] },
    { what: "reads at one time may show the same", reads: [read(11, 15, "a"), read(12, 14, "a")] },
    { what: "reads at one time may show more or less", reads: [read(20, 31, "a"), read(21, 22, "a", "b")] },
  ])("finds nothing when $what", ({ reads }) => {
    expect(checkHistory({ registrations, reads })).toEqual([]);
  });

  it.each([
    {
      what: "an acknowledged block is missing",
      reads: [read(31, 32, "a")],
      offence: "a read lacks a block that was acknowledged before it: block=b",
    },
    {
      what: "a block is there before anybody registered it",
      reads: [read(12, 13, "a", "b")],
      offence: "a read shows a block whose registration began after it ended: block=b",
    },
    {
      what: "a block is there twice",
      reads: [read(12, 13, "a", "a")],
      offence: "a read shows a block twice: block=a",
    },
    {
      what: "a block is there that nobody registered",
      reads: [read(12, 13, "a", "x")],
      offence: "a read shows a block that nobody registered: block=x",
    },
    {
      what: "a later block is there, and an earlier one is not",
      reads: [read(9, 25, "b")],
      offence: "a read lacks a block and shows a later one: block=a",
    },
    {
      what: "a later read shows less",
      reads: [read(12, 13, "a", "lost"), read(14, 15, "a")],
      offence: "a read at 13 ms shows more than a later one that began at 14 ms",
    },
    {
      what: "two reads saw different orders",
      reads: [read(6, 8, "a"), read(6, 9, "lost")],
      offence: "two reads cannot both be: at 8 and 9 ms",
    },
  ])("tells when $what", ({ reads, offence }) => {
    expect(checkHistory({ registrations, reads })).toEqual([offence]);
  });

  it("compares a read with all that show less, not only with the next", () => {
    const reads = [read(100, 101), read(31, 32, "x"), read(33, 34, "x", "y")];
    const unknownEnd = [registered("x", 0), registered("y", 0)];
    expect(checkHistory({ registrations: unknownEnd, reads })).toEqual([
      "a read at 32 ms shows more than a later one that began at 100 ms",
      "a read at 34 ms shows more than a later one that began at 100 ms",
    ]);
  });
});

describe("checkFinalState", () => {
  const registrations = [registered("a", 0, 10), registered("b", 20)];

  it.each([
    { what: "all have the same", seen: { one: ["a", "b"], two: ["b", "a"] }, offences: [] },
    { what: "what failed is nowhere", seen: { one: ["a"], two: ["a"] }, offences: [] },
    {
      what: "one lacks an acknowledged block",
      seen: { one: ["a"], two: [] },
      offences: [
        "node=two: a read lacks a block that was acknowledged before it: block=a",
        "nodes differ in what is registered",
      ],
    },
    {
      what: "one lacks what failed and took effect elsewhere",
      seen: { one: ["a", "b"], two: ["a"] },
      offences: ["nodes differ in what is registered"],
    },
    {
      what: "all have a block twice",
      seen: { one: ["a", "b", "b"], two: ["a", "b", "b"] },
      offences: [
        "node=one: a read shows a block twice: block=b",
        "node=two: a read shows a block twice: block=b",
      ],
    },
  ])("$what", ({ seen, offences }) => {
    expect(checkFinalState(registrations, new Map(Object.entries(seen)))).toEqual(offences);
  });
});
