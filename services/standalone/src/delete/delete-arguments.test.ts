import { describe, expect, it } from "@jest/globals";
import { DELETE_HELP, readDeleteArguments } from "./delete-arguments.ts";

const read = (...argv: string[]) => readDeleteArguments(argv, "me");
const TASK = ["--selector", "{}", "--reason", "why"];

describe("arguments of delete-profiles", () => {
  it("are those of a deletion, with what is not given left open", () => {
    expect(read(...TASK)).toEqual({
      type: "run",
      server: { url: "http://localhost:4040", tenant: "" },
      task: {
        type: "delete",
        selector: "{}",
        startMs: 0,
        endMs: 0,
        reason: "why",
        requestedBy: "me",
        isDryRun: false,
        waits: false,
      },
    });
  });

  it.each([
    { flag: ["--start", "2026-03-01T00:00:00Z"], want: { startMs: Date.UTC(2026, 2, 1) } },
    { flag: ["--end", "1772323200000"], want: { endMs: 1_772_323_200_000 } },
    { flag: ["--end", "2026"], want: { endMs: 2026 } },
    { flag: ["--by", "ops"], want: { requestedBy: "ops" } },
    { flag: ["--wait"], want: { waits: true } },
    { flag: ["--dry-run"], want: { isDryRun: true } },
  ])("$flag", ({ flag, want }) => {
    expect(read(...TASK, ...flag)).toMatchObject({ type: "run", task: want });
  });

  it("need no reason for a dry run, and nothing for a list", () => {
    expect(read("--selector", "{}", "--dry-run")).toMatchObject({ type: "run" });
    expect(read("--list", "--tenant", "acme")).toMatchObject({
      server: { tenant: "acme" },
      task: { type: "list" },
    });
  });

  it.each([
    { argv: [], want: "--selector is required" },
    { argv: ["--selector", "{}"], want: "--reason is required" },
    {
      argv: [...TASK, "--start", "yesterday"],
      want: "--start is neither RFC 3339 nor Unix milliseconds: yesterday",
    },
    { argv: [...TASK, "--end", "2026-13-01T00:00:00Z"], want: "--end is neither" },
    { argv: [...TASK, "--url", "nowhere"], want: "--url is no URL: nowhere" },
    { argv: [...TASK, "--force"], want: "Unknown option '--force'" },
  ])("say what is wrong: $argv", ({ argv, want }) => {
    expect(read(...argv)).toEqual({ type: "wrong", problem: expect.stringContaining(want) });
  });

  it("are all known that the help names", () => {
    expect(read("--help")).toEqual({ type: "help" });
    for (const [flag] of DELETE_HELP.matchAll(/^ {2}--[a-z-]+/gmu)) {
      const outcome = read(flag.trim(), "x");
      expect(outcome.type === "wrong" ? outcome.problem : "").not.toContain("Unknown option");
    }
  });
});
