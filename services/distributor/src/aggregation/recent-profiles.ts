import { ExpiringMap } from "../expiring-map.ts";

/** At least so long a profile that comes again is known: longer than clients wait before they try again. */
const REMEMBERED_MS = 5 * 60_000;
/** Profiles that are remembered. */
const MAX_PROFILES = 50_000;

/** What became of a profile: nothing when it is stored. */
export type Outcome = Promise<Error | undefined>;

/** What was done with a profile when it came. */
export interface Attempt {
  readonly type: "direct" | "merged";
  readonly outcome: Outcome;
}

interface Entry extends Attempt {
  hasFailed: boolean;
}

/**
 * What was done with the profiles that came lately, by their ids. A merged profile has an identity of its own, by which
 * nobody could tell that a part of it came before: so a client that lost patience and tries again is given the outcome
 * of its first attempt. One that failed by itself has to be tried by itself again, since nobody knows whether it was
 * stored after all; one that failed as a part of others is forgotten.
 */
export class RecentProfiles {
  readonly #entries = new ExpiringMap<string, Entry>(MAX_PROFILES);

  /** @returns `retry` when the profile was tried by itself and failed; nothing when it is new. */
  find(id: string, nowMs: number): Outcome | "retry" | undefined {
    this.#entries.turn(nowMs, REMEMBERED_MS);
    const entry = this.#entries.get(id);
    return entry?.hasFailed ? "retry" : entry?.outcome;
  }

  /** @param attempt - its outcome never rejects. */
  add(id: string, attempt: Attempt): void {
    const entry = { ...attempt, hasFailed: false };
    this.#entries.set(id, entry);
    void attempt.outcome.then((error) => {
      if (error === undefined) return;
      entry.hasFailed = true;
      if (attempt.type === "merged" && this.#entries.get(id) === entry) this.#entries.delete(id);
    });
  }
}
