import type { LogEntry, Message } from "@hearth/raft";

import type { Streams } from "./dice.ts";
import type { EventQueue } from "./event-queue.ts";
import type { History } from "./history.ts";
import type { Invariants } from "./invariants.ts";
import type { Member } from "./member.ts";
import type { Seen } from "./seen.ts";
import type { Swarm } from "./swarm.ts";

/** What a member of the simulated cluster sees of everything around it. */
export interface World {
  readonly queue: EventQueue;
  readonly streams: Streams;
  readonly swarm: Swarm;
  readonly invariants: Invariants;
  readonly history: History;
  readonly seen: Seen;
  /** All that ever were, those that are gone included. */
  readonly members: readonly Member[];
  /** Keeps a line of what happened, when somebody wants to read it. */
  trace(line: () => string): void;
  send(message: Message): void;
  sendSnapshot(from: Member, to: string, term: number, done: (index: number | undefined) => void): void;
  /** An entry with a configuration is being written. */
  noteMembership(entry: LogEntry): void;
  /** @returns whether another candidate stood in this term already. */
  noteCandidate(term: number): boolean;
  /** A process starts on what its disk has. */
  noteStart(): void;
  sawRefusal(reason: string): void;
}
