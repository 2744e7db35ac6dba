import { decodeMembership, isJoint, type LogEntry, type LogPosition, type Membership } from "@hearth/raft";

import type { Done, HardFacts, NodeDisk, SnapshotFacts } from "../../src/raft-node/node-ports.ts";
import type { LogChange } from "../../src/replicated-log/log-store.ts";
import { ChainFollower, planRecovery, type RefusalReason } from "../../src/replicated-log/recovery.ts";
import { chainValue } from "../../src/replicated-log/log-entry.ts";
import type { Identity } from "../../src/replicated-log/identity.ts";
import type { Dice } from "./dice.ts";
import type { EventQueue } from "./event-queue.ts";
import { RegisterMachine } from "./register-machine.ts";

export interface StoredSnapshot extends SnapshotFacts {
  readonly machine: RegisterMachine;
}

/** One page of the hard-state file; undefined when it is torn or rotten. */
type Page = { readonly sequence: number; readonly facts: HardFacts } | undefined;

interface Operation {
  readonly apply: () => void;
  /** What a crash in the middle of it may leave. */
  readonly tear?: () => void;
  readonly done: Done;
}

export interface DiskRates {
  readonly meanWriteMs: number;
  readonly stuckRate: number;
  readonly writeErrorRate: number;
}

export interface Recovered {
  readonly type: "start";
  readonly hard: HardFacts;
  /** Of the write that this boot made. */
  readonly sequence: number;
  readonly snapshot: StoredSnapshot;
  readonly start: LogPosition;
  readonly entries: readonly LogEntry[];
  /** Entries after the last acknowledged one were torn, and cut off. */
  readonly wasTorn: boolean;
}

export type DiskRecovery = Recovered | { readonly type: "refused"; readonly reason: RefusalReason };

const MAX_RESET_MS = 600;

/**
 * The disk of a node, with the files of the real one as plain values. A crash keeps what was synced and any first part of
 * the rest; of the two pages of a hard-state pair either may be torn. What is read at a start goes through the same table as
 * on a real disk.
 */
export class SimulatedDisk implements NodeDisk {
  readonly #queue: EventQueue;
  readonly #dice: Dice;
  rates: DiskRates;
  readonly #identity: Identity;
  /** Undefined for an entry that is damaged. */
  #log = new Map<number, LogEntry | undefined>();
  #start: LogPosition | undefined;
  #pages: Page[] = [undefined, undefined, undefined, undefined];
  #sequence = 0;
  #snapshots: StoredSnapshot[];
  #pendingLog: Operation[] = [];
  #pendingHard: Operation | undefined;
  #freeAtMs = 0;
  #hardFreeAtMs = 0;
  /** What is on its way to the hard state. */
  #torn: HardFacts | undefined;
  #generation = 0;
  /** All writes stand still until then. */
  stuckUntilMs = 0;
  /** The next write fails. */
  failsNext = false;
  /** Says that it synced, and did not. */
  #lyingFrom: number | undefined;
  machine = new RegisterMachine();

  constructor(
    deps: { queue: EventQueue; dice: Dice; rates: DiskRates },
    from: { identity: Identity; position: LogPosition; membership: Membership },
  ) {
    this.#queue = deps.queue;
    this.#dice = deps.dice;
    this.rates = deps.rates;
    this.#identity = from.identity;
    const { position, membership } = from;
    this.#snapshots = [{ position, membership, machine: new RegisterMachine() }];
    this.#start = position;
    this.#writePages({ term: 0, vote: undefined, witness: position }, [true, true]);
  }

  writeLog(change: LogChange, done: Done): void {
    // A snapshot that takes the place of the whole log is the longest of all writes.
    if (change.start) this.#freeAtMs = this.#finishMs(this.#freeAtMs) + this.#dice.between(0, MAX_RESET_MS);
    this.#enqueueLog({ apply: () => this.#applyChange(change), tear: () => this.#tear(change), done });
  }

  compactLog(start: LogPosition, done: Done): void {
    const apply = (): void => {
      if (start.index <= (this.#start?.index ?? 0)) return;
      this.#start = start;
      for (const index of this.#log.keys()) if (index <= start.index) this.#log.delete(index);
    };
    this.#enqueueLog({ apply, done });
  }

  writeHardState(facts: HardFacts, done: Done): void {
    if (this.#pendingHard) throw new Error("two writes of the hard state at once");
    const generation = this.#generation;
    const operation = { apply: () => this.#writePages(facts, [true, true]), done };
    this.#pendingHard = operation;
    this.#torn = facts;
    this.#hardFreeAtMs = this.#finishMs(this.#hardFreeAtMs);
    this.#queue.after(this.#hardFreeAtMs - this.#queue.nowMs, () => {
      if (generation !== this.#generation) return;
      this.#pendingHard = undefined;
      this.#complete(operation);
    });
  }

  loadEntries(from: number, to: number, done: (entries: readonly LogEntry[] | undefined) => void): void {
    const generation = this.#generation;
    this.#queue.after(this.#dice.exponential(this.rates.meanWriteMs), () => {
      if (generation !== this.#generation) return;
      const entries: LogEntry[] = [];
      for (let index = from; index < to; index++) {
        const entry = this.#log.get(index);
        if (!entry) return done(undefined);
        entries.push(entry);
      }
      done(entries);
    });
  }

  writeSnapshot(facts: SnapshotFacts, done: Done): void {
    const generation = this.#generation;
    const machine = this.machine.copy();
    this.#queue.after(this.#latencyMs() * 5, () => {
      if (generation !== this.#generation) return;
      this.addSnapshot({ ...facts, machine });
      done();
    });
  }

  restoreSnapshot(index: number, done: Done): void {
    const generation = this.#generation;
    this.#queue.after(this.#latencyMs(), () => {
      if (generation !== this.#generation) return;
      const snapshot = this.#snapshots.find(({ position }) => position.index === index);
      if (snapshot) this.machine.become(snapshot.machine);
      done(snapshot ? undefined : new Error(`no snapshot at ${index}`));
    });
  }

  /** Whole and checked. The newest three are kept. */
  addSnapshot(snapshot: StoredSnapshot): void {
    const others = this.#snapshots.filter(({ position }) => position.index !== snapshot.position.index);
    this.#snapshots = [...others, snapshot].sort((a, b) => b.position.index - a.position.index).slice(0, 3);
  }

  get newestSnapshot(): StoredSnapshot {
    return this.#snapshots[0]!;
  }

  get start(): LogPosition | undefined {
    return this.#start;
  }

  /** What a start would find now, if nothing else were written. */
  get hardFacts(): HardFacts | undefined {
    return this.#newestPage()?.facts;
  }

  /** Whether the entry that ends in `chain` is on disk, or covered by a snapshot. */
  holds(index: number, chain: number): boolean {
    return index <= (this.#snapshots[0]?.position.index ?? 0) || this.hasEntry(index, chain);
  }

  /** Whether the log has the entry that ends in `chain`. */
  hasEntry(index: number, chain: number | undefined): boolean {
    return this.#log.get(index)?.chain === chain;
  }

  /** Those of these entries that are committed. */
  committedAmong(
    { from, to }: { from: number; to: number },
    committed: { committed(index: number): { chain: number } | undefined },
  ): number[] {
    const indexes: number[] = [];
    for (let index = from; index <= to; index++) {
      const chain = committed.committed(index)?.chain;
      if (chain !== undefined && this.hasEntry(index, chain)) indexes.push(index);
    }
    return indexes;
  }

  /** Where the log has configurations. */
  membershipIndexes(): number[] {
    return [...this.#log].filter(([, entry]) => entry?.type === "membership").map(([index]) => index);
  }

  /** Whether one of these entries is a joint configuration. */
  hasJoint({ from, to }: { from: number; to: number }): boolean {
    for (let index = from; index <= to; index++) {
      const entry = this.#log.get(index);
      const membership = entry?.type === "membership" ? decodeMembership(entry.payload) : undefined;
      if (membership && isJoint(membership)) return true;
    }
    return false;
  }

  /** The power goes. @returns whether acknowledged entries went with it, since the disk lied. */
  crash(): boolean {
    this.#generation++;
    const kept = this.#dice.integer(0, this.#pendingLog.length);
    for (const { apply } of this.#pendingLog.slice(0, kept)) apply();
    this.#pendingLog[kept]?.tear?.();
    this.#pendingLog = [];
    if (this.#pendingHard && this.#torn) {
      this.#writePages(
        this.#torn,
        [this.#dice.next() < 0.6, this.#dice.next() < 0.6],
        this.#dice.chance(0.3),
      );
    }
    this.#pendingHard = undefined;
    this.#freeAtMs = 0;
    this.#hardFreeAtMs = 0;
    this.stuckUntilMs = 0;
    this.failsNext = false;
    return this.#forgetLies();
  }

  /** From now on what is said to be synced is lost by a crash. */
  lie(): void {
    this.#lyingFrom ??= this.lastIndex + 1;
  }

  /** Damages one acknowledged entry that no snapshot covers. @returns false when there is none. */
  rotEntry(): boolean {
    const witness = this.hardFacts?.witness.index ?? 0;
    const first = this.newestSnapshot.position.index + 1;
    if (first > witness) return false;
    const index = this.#dice.integer(first, witness);
    if (this.#dice.chance(0.5)) this.#log.set(index, undefined);
    else this.#log.delete(index);
    return true;
  }

  /** Damages the hard state; with one page of each pair it survives. @returns whether it is lost. */
  rotHardState(): boolean {
    if (this.#dice.chance(0.5)) {
      this.#pages[this.#dice.integer(0, 1)] = undefined;
      this.#pages[this.#dice.integer(2, 3)] = undefined;
    } else this.#pages = [undefined, undefined, undefined, undefined];
    return this.#newestPage() === undefined;
  }

  loseLog(): void {
    this.#log.clear();
    this.#start = undefined;
  }

  loseSnapshots(): boolean {
    const isNeeded = (this.#start?.index ?? 0) > 1;
    this.#snapshots = this.#snapshots.filter(({ position }) => position.index === 1);
    return isNeeded;
  }

  get lastIndex(): number {
    return Math.max(this.#start?.index ?? 0, ...this.#log.keys());
  }

  /** Whether something that was acknowledged is missing: by looking at each, without the cleverness of the table. */
  get isDamaged(): boolean {
    const facts = this.hardFacts;
    return !facts || !this.#snapshots.some(({ position }) => this.#isWholeFrom(position, facts.witness));
  }

  #isWholeFrom(snapshot: LogPosition, witness: HardFacts["witness"]): boolean {
    if ((this.#start?.index ?? 0) > snapshot.index) return false;
    if (witness.index <= snapshot.index) return true;
    let before = snapshot.chain;
    for (let index = snapshot.index + 1; index <= witness.index; index++) {
      const entry = this.#log.get(index);
      if (!entry || chainValue(before, entry) !== entry.chain) return false;
      before = entry.chain;
    }
    return before === witness.chain;
  }

  /** Reads everything, decides by the real table, and brings the files into order. */
  recover(nodeName: string): DiskRecovery {
    let refused: DiskRecovery | undefined;
    for (const snapshot of this.#snapshots) {
      const recovered = this.#recoverFrom(snapshot, nodeName);
      if (recovered.type === "start") return recovered;
      refused ??= recovered;
    }
    return refused ?? this.#recoverFrom(undefined, nodeName);
  }

  #recoverFrom(snapshot: StoredSnapshot | undefined, nodeName: string): DiskRecovery {
    const page = this.#newestPage();
    const indexes = [...this.#log.keys()].sort((a, b) => a - b);
    const position = snapshot?.position ?? { index: 1, term: 1, chain: 0 };
    const follower = new ChainFollower({
      start: this.#start,
      snapshot: position,
      witnessIndex: page?.facts.witness.index ?? 0,
    });
    for (const index of indexes) if (!follower.add(index, this.#log.get(index))) break;
    const { hasEntries, ...chain } = follower.findings();
    const identity = { type: "valid", value: this.#identity } as const;
    const plan = planRecovery({
      nodeName,
      hasUnfinishedRecovery: false,
      hardState: page
        ? { type: "valid", value: { identity: this.#identity, ...page.facts } }
        : { type: "damaged" },
      hasDiverged: false,
      snapshotIdentities: [this.#identity],
      hasSnapshotFiles: true,
      snapshot: position,
      log: {
        identity: this.#start || hasEntries ? identity : { type: "absent" },
        start: this.#start ? { type: "valid", value: this.#start } : { type: "absent" },
        hasEntries,
        chain,
      },
    });
    if (plan.type !== "start" || !page || !snapshot) {
      return { type: "refused", reason: plan.type === "refuse" ? plan.reason : "HARD_STATE_LOST" };
    }
    const wasTorn = this.lastIndex > plan.end.index;
    for (const index of indexes) if (index > plan.end.index) this.#log.delete(index);
    this.#start = plan.moveStart ?? this.#start ?? position;
    for (const index of indexes) if (index <= this.#start.index) this.#log.delete(index);
    this.#sequence = page.sequence;
    const { index, chain: chainAtEnd } = plan.end;
    const hard = { ...page.facts, witness: { index, chain: chainAtEnd } };
    this.#writePages(hard, [true, true]);
    this.machine = snapshot.machine.copy();
    const entries = [...this.#log.keys()].sort((a, b) => a - b).map((index) => this.#log.get(index)!);
    return {
      type: "start",
      hard,
      sequence: this.#sequence,
      snapshot,
      start: this.#start,
      entries,
      wasTorn,
    };
  }

  #enqueueLog(operation: Operation): void {
    const generation = this.#generation;
    this.#pendingLog.push(operation);
    this.#freeAtMs = this.#finishMs(this.#freeAtMs);
    this.#queue.after(this.#freeAtMs - this.#queue.nowMs, () => {
      if (generation !== this.#generation) return;
      this.#pendingLog.shift();
      this.#complete(operation);
    });
  }

  #complete({ apply, done }: Operation): void {
    if (this.failsNext || this.#dice.chance(this.rates.writeErrorRate)) {
      this.failsNext = false;
      if (this.#dice.chance(0.5)) apply();
      done(new Error("the disk failed"));
      return;
    }
    apply();
    done();
  }

  #finishMs(freeAtMs: number): number {
    const from = Math.max(freeAtMs, this.#queue.nowMs, this.stuckUntilMs);
    return from + this.#latencyMs();
  }

  #latencyMs(): number {
    if (this.#dice.chance(this.rates.stuckRate)) return this.#dice.between(500, 4_000);
    return this.#dice.exponential(this.rates.meanWriteMs);
  }

  #applyChange({ start, remove, entries }: LogChange): void {
    if (remove) for (let index = remove.from; index <= remove.to; index++) this.#log.delete(index);
    if (start) this.#start = start;
    for (const entry of entries) this.#log.set(entry.index, entry);
    if (this.#lyingFrom !== undefined && (remove || start)) {
      this.#lyingFrom = Math.min(this.#lyingFrom, remove?.from ?? Infinity, (start?.index ?? Infinity) + 1);
    }
  }

  /** A middle run is gone, as LevelDB was seen to lose it; nothing of a batch that also takes away. */
  #tear({ start, remove, entries }: LogChange): void {
    if (start || remove || entries.length === 0) return;
    const hole = this.#dice.integer(0, entries.length - 1);
    for (const [at, entry] of entries.entries()) if (at !== hole) this.#log.set(entry.index, entry);
    if (this.#dice.chance(entries.length === 1 ? 0.9 : 0.5)) this.#log.set(entries[hole]!.index, undefined);
  }

  #forgetLies(): boolean {
    if (this.#lyingFrom === undefined) return false;
    const from = this.#lyingFrom;
    this.#lyingFrom = undefined;
    for (const index of this.#log.keys()) if (index >= from) this.#log.delete(index);
    const witness = this.hardFacts?.witness.index ?? 0;
    return witness >= from && witness > this.newestSnapshot.position.index;
  }

  /** @param areTorn - a page that is not written whole may be destroyed, or be what it was. */
  #writePages(facts: HardFacts, isWhole: readonly [boolean, boolean], areTorn = false): void {
    this.#sequence++;
    const pair = (this.#sequence % 2) * 2;
    for (const copy of [0, 1]) {
      if (isWhole[copy]) this.#pages[pair + copy] = { sequence: this.#sequence, facts };
      else if (areTorn) this.#pages[pair + copy] = undefined;
    }
  }

  #newestPage(): NonNullable<Page> | undefined {
    let newest: Page;
    for (const page of this.#pages) if (page && page.sequence > (newest?.sequence ?? -1)) newest = page;
    return newest;
  }
}
