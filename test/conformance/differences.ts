import type { Answer } from "./golden-case.ts";

/** Where the recorded answer is held to be a defect of the original, the better answer, and why it is better. */
export interface Difference {
  readonly reason: string;
  readonly better: Answer;
}

/** By `<case>/<id of the step>`. `docs/differences.md` tells users of each. */
export const differences: Readonly<Record<string, Difference>> = {};
