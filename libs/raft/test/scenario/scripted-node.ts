import { invariant } from "@hearth/errors";

import { RaftCore, type LogEntry, type Message, type NodeId, type RaftSettings } from "../../src/index.ts";
import type { RaftStatus, Ready } from "../../src/index.ts";
import { chainOf } from "./chain-of.ts";
import type { ScriptedDisk } from "./scripted-disk.ts";
import { entriesText, messageText, statusText, writeText } from "./words.ts";

export interface ScriptedNodeDeps {
  readonly id: NodeId;
  readonly disk: ScriptedDisk;
  readonly settings: RaftSettings;
  /** Always the same, so that the election timeout is known. */
  readonly random: number;
  readonly print: (line: string) => void;
  /** @returns whether it is on its way. */
  readonly send: (message: Message) => boolean;
  readonly onApplied: (entries: readonly LogEntry[]) => void;
}

/** One core with its disk: does what Readies say, in the order that they ask for, and tells the trace. */
export class ScriptedNode {
  readonly #deps: ScriptedNodeDeps;
  #core: RaftCore | undefined;
  #isPaused = false;
  #bootId = 0;
  #lastSeq = 0;
  #lastStatus: RaftStatus | undefined;
  /** Wait for their Ready to be on disk. */
  #held: { readonly seq: number; readonly messages: readonly Message[] }[] = [];
  /** Reads that were asked for and not answered. */
  #reads = new Set<number>();

  constructor(deps: ScriptedNodeDeps) {
    this.#deps = deps;
  }

  get id(): NodeId {
    return this.#deps.id;
  }

  get disk(): ScriptedDisk {
    return this.#deps.disk;
  }

  get isUp(): boolean {
    return this.#core !== undefined;
  }

  get core(): RaftCore {
    invariant(this.#core, `${this.id} is down`);
    return this.#core;
  }

  start(): void {
    const { id: nodeId, disk, settings, random } = this.#deps;
    this.#bootId++;
    this.#lastSeq = 0;
    this.#core = new RaftCore(
      { nodeId, bootId: this.#bootId, random: () => random, chainOf, settings },
      disk.raftStart(),
    );
    this.#lastStatus = this.#core.status();
  }

  crash(keepCount: number): void {
    this.#core = undefined;
    this.#held = [];
    this.#reads.clear();
    this.disk.crash(keepCount);
  }

  /** Gives the core an input, then does all that it wants done. */
  act(input: (core: RaftCore) => void): void {
    const { core } = this;
    input(core);
    this.#tellStatus();
    while (!this.#isPaused && core.hasReady()) {
      this.#work(core.takeReady());
      this.#release();
    }
  }

  /** Takes no Readies: inputs gather, as when several come at once. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.act(() => undefined);
  }

  /** The oldest `count` writes are on disk. */
  persist(count: number): void {
    this.disk.sync(count);
    this.act(() => this.#release());
  }

  /** @returns false when it was refused. */
  read(readId: number): void {
    this.act((core) => {
      this.#reads.add(readId);
      const refusal = core.readIndex(readId);
      if (refusal === undefined) return;
      this.#reads.delete(readId);
      this.#print(`refuses read ${readId}: ${refusal}`);
    });
  }

  #work({ seq, write, immediate, afterPersist, committed, reads, failedReads, alarms }: Ready): void {
    invariant(seq === this.#lastSeq + 1, `Readies out of order at ${this.id}: seq=${seq}`);
    this.#lastSeq = seq;
    if (write) {
      this.#print(`writes: ${writeText(write)}`);
      this.disk.add(seq, write);
    }
    for (const message of immediate) this.#send(message);
    this.#held.push({ seq, messages: afterPersist });
    if (committed) this.#applyEntries(committed);
    for (const { origin, index } of reads) this.#endRead(origin.readId, `is confirmed at ${index}`);
    for (const readId of failedReads) this.#endRead(readId, "fails");
    for (const alarm of alarms) this.#print(`alarm: ${alarm}`);
  }

  /** All Readies before the oldest write that is under way are on disk: what waited for them may leave. */
  #release(): void {
    const persistedSeq = (this.disk.oldestSeq ?? this.#lastSeq + 1) - 1;
    while (this.#held.length > 0 && this.#held[0]!.seq <= persistedSeq) {
      for (const message of this.#held.shift()!.messages) this.#send(message);
    }
    this.core.persisted(persistedSeq);
    this.#tellStatus();
  }

  #send(message: Message): void {
    const sent = message.type === "install-snapshot" ? this.#withSnapshot(message) : message;
    const isLost = !this.#deps.send(sent);
    this.#deps.print(`${sent.from} -> ${sent.to}: ${messageText(sent)}${isLost ? " (lost)" : ""}`);
  }

  /** The newest one that is on disk. */
  #withSnapshot(message: Extract<Message, { type: "install-snapshot" }>): Message {
    const { start: position, membership } = this.disk.stored;
    return { ...message, snapshot: { position, membership } };
  }

  /** Only what is on this node's own disk may be applied. */
  #applyEntries({ from, to }: { from: number; to: number }): void {
    const entries = this.disk.load(from, to + 1);
    invariant(entries, `${this.id} applies what is not on its disk: from=${from} to=${to}`);
    this.#print(`applies ${entriesText(entries)}`);
    this.#deps.onApplied(entries);
  }

  #endRead(readId: number, outcome: string): void {
    const isAwaited = this.#reads.delete(readId);
    this.#print(`read ${readId} ${outcome}${isAwaited ? "" : ", which nobody waits for"}`);
  }

  #tellStatus(): void {
    const status = this.core.status();
    const before = this.#lastStatus;
    const isSame =
      before?.role === status.role &&
      before.term === status.term &&
      before.leader === status.leader &&
      before.commit === status.commit &&
      before.halt === status.halt;
    if (!isSame) this.#print(statusText(status));
    invariant((before?.commit ?? 0) <= status.commit, `the commit index of ${this.id} falls`);
    invariant((before?.term ?? 0) <= status.term, `the term of ${this.id} falls`);
    this.#lastStatus = status;
  }

  #print(text: string): void {
    this.#deps.print(`${this.id} ${text}`);
  }
}
