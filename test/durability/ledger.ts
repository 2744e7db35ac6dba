/**
 * What clients sent and what they were told, against what the server shows. Each profile has a service, a second of its
 * own in it, and a value that follows from both: so a point of the time series is one profile, present once, twice or
 * not at all.
 */

/** One profile: the `second`-th of its service. */
export interface ProfileKey {
  readonly service: string;
  /** From the beginning of the run, at least 1. */
  readonly second: number;
}

/** Sums by second, of one service. */
export type Points = ReadonlyMap<number, number>;

export class Ledger {
  readonly #sent = new Map<string, Map<number, "sent" | "acknowledged">>();
  #acknowledged = 0;

  /** Gives the next second of the service away. */
  send(service: string): ProfileKey {
    const seconds = this.#sent.get(service) ?? new Map<number, "sent">();
    this.#sent.set(service, seconds);
    const second = seconds.size + 1;
    seconds.set(second, "sent");
    return { service, second };
  }

  /** The server said that it has it, perhaps not for the first time. */
  acknowledge({ service, second }: ProfileKey): void {
    if (this.#sent.get(service)?.get(second) === "acknowledged") return;
    this.#sent.get(service)?.set(second, "acknowledged");
    this.#acknowledged++;
  }

  get acknowledgedCount(): number {
    return this.#acknowledged;
  }

  get services(): string[] {
    return [...this.#sent.keys()].sort();
  }

  /** The last second that was given away. */
  lastSecond(service: string): number {
    return this.#sent.get(service)?.size ?? 0;
  }

  profiles(state: "sent" | "acknowledged"): ProfileKey[] {
    return this.services.flatMap((service) =>
      [...(this.#sent.get(service) ?? [])]
        .filter(([, actual]) => actual === state)
        .map(([second]) => ({ service, second })),
    );
  }

  /** A sentence for each point that is not as it must be. What was sent and not acknowledged may be there, once. */
  judge(service: string, points: Points): string[] {
    const states = this.#sent.get(service) ?? new Map<number, "sent" | "acknowledged">();
    const offences = [...states].flatMap(([second, state]) => {
      const sum = points.get(second) ?? 0;
      const value = valueOf({ service, second });
      if (sum === value || (sum === 0 && state === "sent")) return [];
      const what = sum === 0 ? "is lost" : `has ${sum} instead of ${value}`;
      return [`${state} profile ${what}: service=${service} second=${second}`];
    });
    const foreign = [...points.keys()].filter((second) => !states.has(second));
    return [...offences, ...foreign.map((second) => `nobody sent this: service=${service} second=${second}`)];
  }
}

/** Between 1000 and 1999, so that no two of them add up to a third. */
export function valueOf({ service, second }: ProfileKey): number {
  let hash = second;
  for (const letter of service) hash = Math.imul(hash, 31) + letter.codePointAt(0)!;
  return 1000 + ((Math.imul(hash, 0x9e3779b1) >>> 16) % 1000);
}
