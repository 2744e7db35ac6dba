import { describe, expect, it } from "@jest/globals";

import { ANY_TERM, parseAction } from "./node-action.ts";

describe("the form of an action", () => {
  it.each(["add", "remove", "promote", "demote"] as const)("may ask to %s", (type) => {
    const action = parseAction(new URLSearchParams({ [type]: " b:9099/1 ", "current-term": "7" }));
    expect(action).toEqual({ type, serverId: "b:9099/1", currentTerm: 7n });
  });

  it("may leave the term open", () => {
    const action = parseAction(new URLSearchParams(`add=b&current-term=${ANY_TERM}`));
    expect(action).toMatchObject({ currentTerm: 2n ** 64n - 1n });
  });

  it.each([
    { name: "ask for nothing", form: "current-term=7", problem: "exactly one" },
    { name: "ask for two things", form: "add=b&remove=c&current-term=7", problem: "exactly one" },
    { name: "ask for one thing twice", form: "add=b&add=c&current-term=7", problem: "exactly one" },
    { name: "name no server", form: "add=+&current-term=7", problem: "no server" },
    { name: "leave the term away", form: "add=b", problem: "current-term" },
    { name: "have a term that is no number", form: "add=b&current-term=-1", problem: "current-term" },
    {
      name: "have a term that is too large",
      form: "add=b&current-term=18446744073709551616",
      problem: "current-term",
    },
  ])("must not $name", ({ form, problem }) => {
    expect(parseAction(new URLSearchParams(form))).toContain(problem);
  });
});
