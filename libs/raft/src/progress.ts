/** One Append that was sent and not answered. */
interface InFlight {
  readonly lastIndex: number;
  readonly sizeBytes: number;
}

const MAX_IN_FLIGHT = 16;
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024;

export type ProgressState = "probe" | "replicate" | "snapshot";

/**
 * What the leader knows of one peer's log. `matchIndex < nextIndex`.
 *
 * - `probe`: it looks for the place where the logs agree, one Append at a time.
 * - `replicate`: it sends on without waiting, within a window.
 * - `snapshot`: the peer gets a snapshot, and no entries meanwhile.
 */
export class Progress {
  state: ProgressState = "probe";
  /** The peer's log agrees up to here, and has it on its disk. */
  matchIndex = 0;
  /** The next entry to send. */
  nextIndex: number;
  /** `probe`: an Append is out, and nothing goes until it or a heartbeat is answered. */
  isPaused = false;
  /** Was heard of within the last E ticks. */
  isActive = false;
  /** Ticks since it was heard of. */
  #silentTicks = 0;
  /** The highest read id that it confirmed in this term. */
  readId = 0;
  /** Of the newest process that answered; boot ids of a node rise. */
  bootId = 0;
  /** It lost entries that it acknowledged: it does not count any more. */
  hasRegressed = false;
  #inFlight: InFlight[] = [];
  #inFlightBytes = 0;

  constructor(nextIndex: number) {
    this.nextIndex = nextIndex;
  }

  /** How far the peer counts for commits. */
  get countedIndex(): number {
    return this.hasRegressed ? 0 : this.matchIndex;
  }

  get isWindowFull(): boolean {
    return this.#inFlight.length >= MAX_IN_FLIGHT || this.#inFlightBytes >= MAX_IN_FLIGHT_BYTES;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  /** An answer came: the peer lives. */
  noteHeard(): void {
    this.isActive = true;
    this.#silentTicks = 0;
  }

  /** An interval passed. A peer that is silent for `electionTicks` is not active any more. */
  tick(electionTicks: number): void {
    if (++this.#silentTicks >= electionTicks) this.isActive = false;
  }

  /** An acknowledgement up to `index`. @returns whether it says something new. */
  acknowledge(index: number): boolean {
    this.nextIndex = Math.max(this.nextIndex, index + 1);
    this.#freeUpTo(index);
    if (index <= this.matchIndex) return false;
    this.matchIndex = index;
    return true;
  }

  /** An Append with entries up to `lastIndex` is on its way. */
  noteSent(lastIndex: number, sizeBytes: number): void {
    if (this.state === "probe") {
      this.isPaused = true;
      return;
    }
    this.nextIndex = lastIndex + 1;
    this.#inFlight.push({ lastIndex, sizeBytes });
    this.#inFlightBytes += sizeBytes;
  }

  becomeProbe(nextIndex: number): void {
    this.#become("probe");
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
  }

  becomeReplicate(): void {
    this.#become("replicate");
    this.nextIndex = this.matchIndex + 1;
  }

  becomeSnapshot(): void {
    this.#become("snapshot");
  }

  #become(state: ProgressState): void {
    this.state = state;
    this.isPaused = false;
    this.#inFlight = [];
    this.#inFlightBytes = 0;
  }

  #freeUpTo(index: number): void {
    let count = 0;
    while (count < this.#inFlight.length && this.#inFlight[count]!.lastIndex <= index) {
      this.#inFlightBytes -= this.#inFlight[count]!.sizeBytes;
      count++;
    }
    if (count > 0) this.#inFlight.splice(0, count);
  }
}
