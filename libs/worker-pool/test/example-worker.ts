/** Tasks for the tests of the pool. */
import { InvalidArgumentError, InvariantError, ResourceExhaustedError } from "@hearth/errors";

import { transferring, workerTask } from "../src/index.ts";

export const double = workerTask((value: number) => value * 2);

export const reverse = workerTask((input: { bytes: Uint8Array }) => {
  const bytes = new Uint8Array(input.bytes).reverse();
  const result = { bytes, lengthBefore: 0 };
  const moved = transferring(result, [bytes.buffer]);
  result.lengthBefore = bytes.length;
  return moved;
});

export const fail = workerTask(
  async (kind: "refuse" | "limit" | "bug" | "plain" | "text"): Promise<never> => {
    switch (kind) {
      case "refuse":
        throw new InvalidArgumentError("bad columns: row=3");
      case "limit":
        throw new ResourceExhaustedError("too much: limit=5", { retryAfterMs: 250 });
      case "bug":
        throw new InvariantError("offsets ascend");
      case "plain":
        throw new RangeError("out of range");
      default:
        // oxlint-disable-next-line typescript/only-throw-error, no-throw-literal -- what a library might do
        throw "a text";
    }
  },
);

export const spin = workerTask((): never => {
  for (;;);
});
