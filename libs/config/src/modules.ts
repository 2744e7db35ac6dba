import { TARGETS } from "./schemas/process.ts";

/** The answer of `-modules`: what `-target` takes, one a line. */
export function modulesText(): string {
  return `${TARGETS.map((target) => (target === "all" ? target : `${target} *`)).join("\n")}\n\nParts marked with * run in the target all.\n`;
}
