import { systemClock } from "@hearth/runtime";

const POLL_MS = 10;

/** Asks until the answer is yes. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  options: { readonly timeoutMs: number; readonly what: () => string },
): Promise<void> {
  const endMs = systemClock.monotonicMs() + options.timeoutMs;
  while (!(await condition())) {
    if (systemClock.monotonicMs() > endMs)
      throw new Error(`not within ${options.timeoutMs} ms: ${options.what()}`);
    await systemClock.sleep(POLL_MS);
  }
}
