import { describe, expect, it } from "@jest/globals";
import { parseLabelTemplate } from "./label-template.ts";

const labels = [
  { name: "namespace", value: "shop" },
  { name: "service.name", value: "cart" },
];

describe("parseLabelTemplate", () => {
  it.each([
    { text: "web", isStatic: true, want: "web" },
    { text: "costs $5 {a}", isStatic: true, want: "costs $5 {a}" },
    { text: "${labels.namespace}", isStatic: false, want: "shop" },
    { text: "team/${labels.namespace}-${labels.service.name}!", isStatic: false, want: "team/shop-cart!" },
    { text: "a-${labels.pod}", isStatic: false, want: undefined },
  ])("$text becomes $want", ({ text, isStatic, want }) => {
    const template = parseLabelTemplate(text);
    expect(template.isStatic).toBe(isStatic);
    expect(template.expand(labels)).toBe(want);
  });

  it.each(["${", "${labels.}", "${namespace}", "a${labels.x"])("refuses %s", (text) => {
    expect(() => parseLabelTemplate(text)).toThrow("only ${labels.name} can stand in a template");
  });
});
