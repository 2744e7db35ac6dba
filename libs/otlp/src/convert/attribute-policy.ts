/** Which attributes become labels of series. Each distinct set of labels is a series, so that few values are wanted. */
export interface AttributePolicy {
  /** Keys that never become labels; one that ends in `*` stands for all that begin with the rest of it. */
  readonly excluded: readonly string[];
  /** When given, of the attributes of samples these alone become labels; those of resources and scopes all do. */
  readonly onlyFromSamples?: readonly string[];
}

/**
 * Leaves out what numbers threads, processors and processes, what tells times, and what ties a sample to one span
 * (links do that). What is left out is summed over, not lost: the values of samples that differ in nothing else add up.
 */
export const DEFAULT_ATTRIBUTE_POLICY: AttributePolicy = {
  excluded: [
    "cpu.logical_number",
    "thread.id",
    "tid",
    "pid",
    "process.pid",
    "process.parent_pid",
    "process.vpid",
    "process.group_leader.pid",
    "process.session_leader.pid",
    "process.creation.time",
    "process.exit.time",
    "process.command_args",
    "process.command_line",
    "process.environment_variable.*",
    "timestamp",
    "profile_id",
    "profile.id",
    "span_id",
    "span.id",
    "trace_id",
    "trace.id",
  ],
};

/** Decides by key. */
export class AttributeFilter {
  readonly #excluded: ReadonlySet<string>;
  readonly #excludedPrefixes: readonly string[];
  readonly #onlyFromSamples: ReadonlySet<string> | undefined;

  constructor({ excluded, onlyFromSamples }: AttributePolicy) {
    this.#excluded = new Set(excluded);
    this.#excludedPrefixes = excluded
      .filter((key) => key.endsWith("*"))
      .map((pattern) => pattern.slice(0, -1));
    this.#onlyFromSamples = onlyFromSamples === undefined ? undefined : new Set(onlyFromSamples);
  }

  /** Whether an attribute of a resource or scope becomes a label. */
  keeps(key: string): boolean {
    // What the server names itself may not come twice.
    if (key === "" || key.startsWith("__") || key === "service_name") return false;
    return !this.#excluded.has(key) && !this.#excludedPrefixes.some((prefix) => key.startsWith(prefix));
  }

  /** Whether an attribute of a sample becomes a label. */
  keepsOfSample(key: string): boolean {
    return (this.#onlyFromSamples?.has(key) ?? true) && this.keeps(key);
  }
}
