import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  compareBytes,
  compareLabels,
  fingerprint,
  formatLabels,
  labelSet,
  labelValue,
  sortLabels,
  storedLabels,
  withLabels,
  type Label,
} from "./index.ts";

const label = (name: string, value: string): Label => ({ name, value });
const anyText = fc.string({ unit: "binary", maxLength: 8 });
const anyLabels = fc.array(fc.record({ name: anyText, value: anyText }), { maxLength: 8 });

describe("compareBytes", () => {
  it("orders as the bytes of UTF-8 do", () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it("puts characters beyond the 16-bit plane last, where JavaScript does not", () => {
    const names = ["\u{1f600}", "\uffee"];
    expect([...names].sort()).toEqual(names);
    expect([...names].sort(compareBytes)).toEqual(["\uffee", "\u{1f600}"]);
  });
});

describe("a label set", () => {
  it("is sorted by name, keeps the first of a repeated name and has no empty values", () => {
    const labels = [
      label("pod", "b"),
      label("app", "x"),
      label("pod", "a"),
      label("zone", ""),
      label("Z", "1"),
    ];
    expect(labelSet(labels)).toEqual([label("Z", "1"), label("app", "x"), label("pod", "b")]);
  });

  it("does not change when it is made again, nor in any order of distinct names", () => {
    fc.assert(
      fc.property(anyLabels, fc.infiniteStream(fc.nat()), (labels, numbers) => {
        const set = labelSet(labels);
        expect(labelSet(set)).toEqual(set);
        const keyed = set.map((each) => ({ each, key: numbers.next().value ?? 0 }));
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ each }) => each);
        expect(labelSet(shuffled)).toEqual(set);
      }),
    );
  });

  it("keeps repeated names, in the order they came, until it was validated", () => {
    const labels = [label("pod", "b"), label("pod", "a"), label("app", "")];
    expect(sortLabels(labels)).toEqual([label("pod", "b"), label("pod", "a")]);
  });

  it("is stored with its profile type and service in front", () => {
    const labels = [
      label("A", "1"),
      label("__service_name__", "s"),
      label("__name__", "n"),
      label("__profile_type__", "t"),
    ];
    expect(storedLabels(labels).map(({ name }) => name)).toEqual([
      "__profile_type__",
      "__service_name__",
      "A",
      "__name__",
    ]);
  });

  it("answers an absent label with the empty value", () => {
    expect(labelValue([label("a", "1")], "b")).toBe("");
  });

  it("takes changes on top, and loses a label by an empty value", () => {
    expect(withLabels([label("a", "1"), label("b", "2")], { a: "", c: "3", b: "4" })).toEqual([
      label("b", "4"),
      label("c", "3"),
    ]);
  });

  it.each([
    { name: "no labels", labels: [], want: "{}" },
    { name: "two", labels: [label("a", "b"), label("c", "d")], want: '{a="b", c="d"}' },
    {
      name: "quotes and control characters",
      labels: [label("a", 'x"\\\n\u0001')],
      want: '{a="x\\"\\\\\\n\\x01"}',
    },
    { name: "letters beyond ASCII", labels: [label("a", "größe 😀")], want: '{a="größe 😀"}' },
    {
      name: "invisible characters",
      labels: [label("a", "\u200b\u{e0001}")],
      want: '{a="\\u200b\\U000e0001"}',
    },
  ])("prints $name", ({ labels, want }) => {
    expect(formatLabels(labels)).toBe(want);
  });

  it("is ordered by pairs, a shorter set before one that continues it", () => {
    const short = [label("a", "1")];
    const long = [label("a", "1"), label("b", "1")];
    expect(compareLabels(short, long)).toBeLessThan(0);
    expect(compareLabels(long, short)).toBeGreaterThan(0);
    expect(compareLabels([label("a", "2")], long)).toBeGreaterThan(0);
    expect(compareLabels(long, long)).toBe(0);
  });
});

describe("fingerprint", () => {
  it("of labels is the reference's", () => {
    const labels = [label("__name__", "process_cpu"), label("service_name", "checkout")];
    expect(fingerprint(labels)).toBe(0xafa723d90b5b27c8n);
  });

  it("hashes the bytes, however long the labels are", () => {
    const long = "ü".repeat(10_000);
    expect(fingerprint([label("n", long)])).not.toBe(fingerprint([label("n", `${long}x`)]));
    expect(fingerprint([label("ab", "c")])).not.toBe(fingerprint([label("a", "bc")]));
  });
});
