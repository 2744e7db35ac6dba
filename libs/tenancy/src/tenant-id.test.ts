import { describe, expect, it } from "@jest/globals";
import { UnauthenticatedError } from "@hearth/errors";
import { parseTenant, parseTenants, tenantResolver } from "./index.ts";

describe("tenants of a read", () => {
  it.each([
    { name: "one", header: "acme", want: ["acme"] },
    { name: "several, sorted", header: "b|a|B", want: ["B", "a", "b"] },
    { name: "one, written twice", header: "a|a", want: ["a"] },
    { name: "metadata is dropped", header: "a:zone=eu:x|b:y=z", want: ["a", "b"] },
    { name: "all allowed signs", header: "a!b_c.d*e'(f)-9", want: ["a!b_c.d*e'(f)-9"] },
    { name: "150 bytes", header: "a".repeat(150), want: ["a".repeat(150)] },
    { name: "three dots", header: "...", want: ["..."] },
  ])("$name", ({ header, want }) => {
    expect(parseTenants(header)).toEqual(want);
  });

  it.each([
    { name: "no header", header: undefined, want: "no org id" },
    { name: "an empty header", header: "", want: "no org id" },
    { name: "nothing between the bars", header: "|", want: "no org id" },
    { name: "one empty part", header: "a|", want: "no org id" },
    { name: "metadata without a tenant", header: ":zone=eu", want: "no org id" },
    { name: "a slash", header: "team/a", want: "tenant ID 'team/a' contains unsupported character '/'" },
    { name: "a blank", header: "team a", want: "tenant ID 'team a' contains unsupported character ' '" },
    { name: "a percent sign", header: "a%41", want: "tenant ID 'a%41' contains unsupported character '%'" },
    {
      name: "a letter beyond ASCII",
      header: "😀",
      want: "tenant ID '😀' contains unsupported character '😀'",
    },
    { name: "151 bytes", header: "a".repeat(151), want: "tenant ID is too long: max 150 characters" },
    {
      name: "the characters are looked at before the length",
      header: "/".repeat(151),
      want: "unsupported character",
    },
    { name: "a dot", header: ".", want: "tenant ID is '.' or '..'" },
    { name: "two dots", header: "..", want: "tenant ID is '.' or '..'" },
    {
      name: "a bad one among good ones",
      header: "a|b/c",
      want: "tenant ID 'b/c' contains unsupported character '/'",
    },
  ])("refuses $name", ({ header, want }) => {
    expect(() => parseTenants(header)).toThrow(UnauthenticatedError);
    expect(() => parseTenants(header)).toThrow(want);
  });
});

describe("the tenant of a write", () => {
  it("is exactly one", () => {
    expect(parseTenant("a:x|a")).toBe("a");
    expect(() => parseTenant("a|b")).toThrow("multiple org IDs present");
    expect(() => parseTenant("a|")).toThrow("no org id");
  });
});

describe("with multi-tenancy", () => {
  it("off, the header is not looked at", () => {
    const resolver = tenantResolver({ multitenancyEnabled: false });
    expect(resolver.forWrite("no/tenant")).toBe("anonymous");
    expect(resolver.forRead(undefined)).toEqual(["anonymous"]);
  });

  it("on, it decides", () => {
    const resolver = tenantResolver({ multitenancyEnabled: true });
    expect(resolver.forWrite("acme")).toBe("acme");
    expect(() => resolver.forRead(undefined)).toThrow("no org id");
  });
});
