import { describe, expect, it } from "@jest/globals";
import { CanceledError, UnavailableError } from "@hearth/errors";

import { untilAborted } from "./abort.ts";

describe("untilAborted", () => {
  const never = new Promise<string>(() => {});
  const signal = new AbortController().signal;

  it("settles as the work does", async () => {
    await expect(untilAborted(Promise.resolve("done"), signal)).resolves.toBe("done");
    await expect(untilAborted(Promise.reject(new UnavailableError("no")), signal)).rejects.toThrow("no");
  });

  it("rejects with the reason of a signal that aborts first", async () => {
    const abort = new AbortController();
    const waiting = untilAborted(never, abort.signal);
    abort.abort(new UnavailableError("gone"));
    await expect(waiting).rejects.toThrow("gone");
  });

  it("does not wait when the signal has aborted before, whatever becomes of the work", async () => {
    const failing = Promise.reject(new UnavailableError("nobody asks any more"));
    const aborted = AbortSignal.abort(new UnavailableError("gone"));
    await expect(untilAborted(failing, aborted)).rejects.toThrow("gone");
  });

  it("makes an error of a reason that is none", async () => {
    await expect(untilAborted(never, AbortSignal.abort("why"))).rejects.toBeInstanceOf(CanceledError);
  });
});
