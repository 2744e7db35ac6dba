import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseApplicationName } from "./application-name.ts";

const shown = (text: string): string => {
  const { service, tags } = parseApplicationName(text);
  return [service, ...tags.map(({ name, value }) => `${name}=${value}`)].join(" ");
};

describe("an application name", () => {
  it.each([
    { text: "app", want: "app" },
    { text: "  my.app/v-1_x ", want: "my.app/v-1_x" },
    { text: "app{}", want: "app" },
    { text: "app{ pod = a , zone=b }", want: "app pod=a zone=b" },
    { text: "app{a=1,}", want: "app a=1" },
    { text: "app{a=b=c}", want: "app a=b=c" },
    { text: "app{a=}", want: "app a=" },
    { text: "app{a=1,a=2}", want: "app a=2" },
    { text: "app{otel.scope.name=com.grafana/go}", want: "app otel.scope.name=com.grafana/go" },
    { text: "app{k=ü {x}", want: "app k=ü {x" },
  ])("reads $text", ({ text, want }) => {
    expect(shown(text)).toBe(want);
  });

  it.each([
    { text: "", want: "name: service name is required" },
    { text: "   ", want: "name: service name is required" },
    { text: "{a=b}", want: "name: service name is required" },
    { text: "my app", want: "name: invalid service name: my app: character is not allowed: ' '" },
    { text: "app$", want: "name: invalid service name: app$: character is not allowed: '$'" },
    { text: "größe", want: "name: invalid service name: größe: character is not allowed: 'ö'" },
    { text: "app{=1}", want: "name: label name is required" },
    { text: "app{a b=1}", want: "name: invalid label name: a b: character is not allowed: ' '" },
    { text: "app{a-b=1}", want: "name: invalid label name: a-b: character is not allowed: '-'" },
    { text: "app{a=1", want: "name: tags are not closed by '}'" },
    { text: "app{a}", want: "name: label without a value: a" },
    { text: "app{a=1}b", want: "name: unexpected text after '}': b" },
  ])("refuses $text", ({ text, want }) => {
    expect(() => parseApplicationName(text)).toThrow(want);
  });

  it("comes back as it was written", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_.]{1,8}$/);
    const value = fc.stringMatching(/^[^,}\s]{0,8}$/);
    fc.assert(
      fc.property(
        word,
        fc.uniqueArray(fc.tuple(word, value), { selector: ([name]) => name }),
        (service, tags) => {
          const text = `${service}{${tags.map(([name, value]) => `${name}=${value}`).join(",")}}`;
          const want = tags.map(([name, value]) => ({ name, value }));
          expect(parseApplicationName(text)).toEqual({ service, tags: want });
        },
      ),
    );
  });
});
