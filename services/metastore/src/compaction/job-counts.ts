/** What happened to jobs since the last look, by the level of their sources. Not part of the state: each node counts for itself. */
export class JobCounts {
  #counts = new Map<string, number>();

  note(event: JobEvent, level: string): void {
    const key = `${event} ${level}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Calls `visit` for what was counted, and begins anew. */
  take(visit: (event: JobEvent, level: string, count: number) => void): void {
    const counts = this.#counts;
    this.#counts = new Map();
    for (const [key, count] of counts) {
      const [event, level = ""] = key.split(" ");
      visit(event as JobEvent, level, count);
    }
  }
}

export type JobEvent = "added" | "completed" | "assigned" | "reassigned" | "evicted";
