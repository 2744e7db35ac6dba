import { deadline } from "@hearth/runtime";

/** One thing that must hold before a process takes requests. */
export interface ReadinessCheck {
  readonly name: string;
  /** Why not yet, or undefined when it holds. A rejection counts as a reason. */
  readonly check: (signal: AbortSignal) => Promise<string | undefined> | string | undefined;
}

export interface CheckResult {
  readonly name: string;
  readonly ready: boolean;
  readonly reason?: string;
}

const CHECK_TIMEOUT_MS = 5_000;

/** Whether a process takes requests: all of its checks hold and it is not shutting down. */
export class Readiness {
  readonly #checks: readonly ReadinessCheck[];
  #shuttingDown = false;

  /** @param checks - in order of dependence: what fails first is named as the reason. */
  constructor(checks: readonly ReadinessCheck[]) {
    this.#checks = checks;
  }

  /** From now on not ready, so that nobody sends more work. The first step of a shutdown. */
  beginShutdown(): void {
    this.#shuttingDown = true;
  }

  /** The results of all checks, in order. */
  async evaluate(): Promise<CheckResult[]> {
    if (this.#shuttingDown) return [{ name: "process", ready: false, reason: "shutting down" }];
    const results: CheckResult[] = [];
    for (const check of this.#checks) results.push(await run(check));
    return results;
  }
}

async function run({ name, check }: ReadinessCheck): Promise<CheckResult> {
  using limit = deadline(CHECK_TIMEOUT_MS);
  const reason = await Promise.resolve(limit.signal)
    .then(check)
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  return reason === undefined ? { name, ready: true } : { name, ready: false, reason };
}
