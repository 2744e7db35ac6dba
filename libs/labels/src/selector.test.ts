import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  createMatcher,
  formatProfileType,
  goQuote,
  parseProfileType,
  parseSelector,
  type Matcher,
  type MatchOperator,
} from "./index.ts";

function shown(selector: string): string[] {
  return parseSelector(selector).map(({ name, operator, value }) => `${name} ${operator} ${value}`);
}

describe("parseSelector", () => {
  it.each([
    { selector: "{}", want: [] },
    { selector: "process_cpu", want: ["__name__ = process_cpu"] },
    { selector: "process_cpu:cpu:ns:cpu:ns{}", want: ["__name__ = process_cpu:cpu:ns:cpu:ns"] },
    { selector: '{a="b"}', want: ["a = b"] },
    { selector: `{a!='b',c=~"d.*" , e!~"f",}`, want: ["a != b", "c =~ d.*", "e !~ f"] },
    { selector: 'name{a="b"}', want: ["a = b", "__name__ = name"] },
    { selector: 'cpu{__name__="cpu"}', want: ["__name__ = cpu", "__name__ = cpu"] },
    { selector: '{"service.name"="x"}', want: ["service.name = x"] },
    { selector: '{"cpu",a="b"}', want: ["__name__ = cpu", "a = b"] },
    { selector: '{a="b"} # all of them', want: ["a = b"] },
    { selector: '{ # first\n a="b" # second\n}', want: ["a = b"] },
    { selector: "{a=`\\n\n`}", want: ["a = \\n\n"] },
    { selector: '{a="\\n\\t\\"\\\\"}', want: ['a = \n\t"\\'] },
    { selector: "{a='\\''}", want: ["a = '"] },
    { selector: '{a="\\x41\\101\\u00fc\\U0001f600"}', want: ["a = AAü😀"] },
    { selector: '{a="\\xc3\\xbc"}', want: ["a = ü"] },
    { selector: '{by="x",sum="y"}', want: ["by = x", "sum = y"] },
  ])("reads $selector", ({ selector, want }) => {
    expect(shown(selector)).toEqual(want);
  });

  it.each([
    { selector: "", want: "unknown position: parse error: unexpected end of input" },
    { selector: '{pod="a"', want: "1:9: parse error: unexpected end of input inside braces" },
    {
      selector: "{pod=a}",
      want: '1:6: parse error: unexpected identifier "a" in label matching, expected string',
    },
    { selector: "{pod=}", want: '1:6: parse error: unexpected "}" in label matching, expected string' },
    {
      selector: '{pod "a"}',
      want: '1:6: parse error: unexpected string "\\"a\\"" in label matching, expected label matching operator',
    },
    {
      selector: '{pod=~"[a"}',
      want: "1:2: parse error: error parsing regexp: missing closing ]: `[a`",
    },
    {
      selector: '{pod=~"*"}',
      want: "1:2: parse error: error parsing regexp: missing argument to repetition operator: `*`",
    },
    {
      selector: '{pod="\\q"}',
      want: "1:6: parse error: unknown escape sequence U+0071 'q'",
    },
    {
      selector: '{pod="a",,}',
      want: '1:10: parse error: unexpected "," in label matching, expected identifier or "}"',
    },
    {
      selector: "{,}",
      want: '1:2: parse error: unexpected "," in label matching, expected identifier or "}"',
    },
    { selector: '{pod="a"} x', want: '1:11: parse error: unexpected identifier "x"' },
    { selector: "foo{}[5m]", want: '1:6: parse error: unexpected "["' },
    { selector: '{app-version="1"}', want: "1:5: parse error: unexpected character inside braces: '-'" },
    {
      selector: '{a="b" c="d"}',
      want: '1:8: parse error: unexpected identifier "c" in label matching, expected "," or "}"',
    },
    { selector: '{a="b\n"}', want: "1:4: parse error: unterminated quoted string" },
    { selector: "{a=`b}", want: "1:4: parse error: unterminated raw string" },
    { selector: '{a="b",\nüx="1"}', want: "2:1: parse error: unexpected character inside braces: 'ü'" },
    { selector: '{a="\\x4"}', want: "1:4: parse error: illegal character in escape sequence" },
    { selector: '{a="\\ud800"}', want: "1:4: parse error: escape sequence is an invalid Unicode code point" },
    { selector: '"cpu"', want: '1:1: parse error: unexpected string "\\"cpu\\""' },
  ])("refuses $selector", ({ selector, want }) => {
    expect(() => parseSelector(selector)).toThrow(want);
  });

  it("refuses look-ahead and overlong patterns, which no linear engine should see", () => {
    expect(() => parseSelector('{a=~"(?=a)"}')).toThrow("1:2: parse error: error parsing regexp: ");
    expect(() => parseSelector(`{a=~"${"a".repeat(4097)}."}`)).toThrow("regular expression is too long");
  });

  it("reads back any names and values that were quoted", () => {
    const operator = fc.constantFrom<MatchOperator>("=", "!=");
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(fc.array(fc.record({ name: text, operator, value: text })), (conditions) => {
        const read = parseSelector(`{${conditions.map(quoted).join(",")}}`);
        expect(read.map(({ name, operator, value }) => ({ name, operator, value }))).toEqual(conditions);
      }),
    );
  });

  it("ends for any text, with matchers or a refusal", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      ",",
      "=",
      "=~",
      "!",
      '"',
      "'",
      "`",
      "\\",
      "a",
      ".*",
      "#",
      "\n",
      " ",
      "ü",
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const outcome = attempt(() => parseSelector(pieces.join("")));
        expect(["InvalidArgumentError", "Array"]).toContain(outcome);
      }),
      { numRuns: 500 },
    );
  });
});

function quoted({ name, operator, value }: Pick<Matcher, "name" | "operator" | "value">): string {
  return `${goQuote(name)}${operator}${goQuote(value)}`;
}

function attempt(work: () => unknown[]): string {
  try {
    return work().constructor.name;
  } catch (error) {
    return (error as Error).name;
  }
}

describe("a matcher", () => {
  it.each([
    { operator: "=", value: "", absent: true, present: false },
    { operator: "!=", value: "x", absent: true, present: true },
    { operator: "=~", value: ".*", absent: true, present: true },
    { operator: "=~", value: ".+", absent: false, present: true },
    { operator: "!=", value: "", absent: false, present: true },
    { operator: "!~", value: "y|z", absent: true, present: false },
  ] as const)(
    "$operator '$value': an absent label is the empty value",
    ({ operator, value, absent, present }) => {
      const matcher = createMatcher({ name: "l", operator, value });
      expect(matcher.matches("")).toBe(absent);
      expect(matcher.matches("y")).toBe(present);
    },
  );

  const patterns = [
    "a b c abc a.c a.* a.+ .*c .+c .*b.* .+b.+ .* .+ a|b (a|abc) (?:a|) a\\.c a\\|b |a (a)(b) [ab]c (?i)ABC".split(
      " ",
    ),
    "a{2} ^a$ ab? aa* a.b+ b+c ab{0} [.]a (?s)a \\.* (a|b x\\ a\\.* .*a\\.".split(" "),
    "",
  ].flat();

  const alphabet = ["a", "b", "c", ".", "|", "\n", "A"];
  const shorter = alphabet.flatMap((a) => alphabet.flatMap((b) => [a, a + b]));
  const texts = ["", ...new Set(shorter.flatMap((text) => shorter.flatMap((rest) => [text, text + rest])))];

  it.each(patterns)("means by the pattern '%s' what the engine means, for every short text", (pattern) => {
    const flags = pattern.startsWith("(?i)") ? "sui" : "su";
    const reference = attemptPattern(() => new RegExp(`^(?:${pattern.replace(/^\(\?[is]\)/, "")})$`, flags));
    const ours = attemptPattern(() => createMatcher({ name: "l", operator: "=~", value: pattern }));
    const wanted = reference && texts.filter((text) => reference.test(text));
    expect(ours && texts.filter((text) => ours.matches(text))).toEqual(wanted);
  });

  it("takes time in proportion to the text, whatever the pattern", () => {
    const matcher = createMatcher({ name: "l", operator: "=~", value: "(a+)+" });
    expect(matcher.matches(`${"a".repeat(50)}b`)).toBe(false);
  });

  it.each(["a)(b", "(a", "a)", "[", "a\\"])(
    "refuses the pattern %s though anchors around it could complete it",
    (value) => {
      expect(() => createMatcher({ name: "l", operator: "=~", value })).toThrow("error parsing regexp");
    },
  );
});

/** Nothing for a pattern that is refused. */
function attemptPattern<T>(compile: () => T): T | undefined {
  try {
    return compile();
  } catch {
    return undefined;
  }
}

describe("a profile type", () => {
  const cpu = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

  it.each([cpu, "wall:samples:count::", "::::"])("%s reads and writes", (id) => {
    expect(formatProfileType(parseProfileType(id))).toBe(id);
  });

  it("drops a sixth part", () => {
    expect(formatProfileType(parseProfileType(`${cpu}:delta`))).toBe(cpu);
  });

  it.each([
    { id: "", count: 1 },
    { id: "cpu", count: 1 },
    { id: "a:b:c:d:e:f:g", count: 7 },
  ])("'$id' is none", ({ id, count }) => {
    expect(() => parseProfileType(id)).toThrow(
      `profile-type selection must be of the form <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got(${count}): "${id}"`,
    );
  });
});
