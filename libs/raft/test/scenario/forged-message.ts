import { invariant } from "@hearth/errors";

import type { LogEntry, LogPosition, Message } from "../../src/index.ts";
import { chainOf } from "./chain-of.ts";
import type { Command } from "./command.ts";
import type { ScriptedNode } from "./scripted-node.ts";
import type { Pair } from "./scripted-network.ts";

type Envelope = Pair & { readonly term: number };

/**
 * A message that no node of the scenario has sent: late, from a broken node, or of one that the scenario leaves out. What is
 * not said is as if the receiver's own log were the sender's.
 */
export function forgeMessage(command: Command, receiver: ScriptedNode): Message {
  const pair = command.pair();
  invariant(pair, "forge: from->to is missing");
  const type = command.word(1);
  const make = MAKERS[type];
  invariant(make, `forge: no such type: ${type}`);
  return make({ ...pair, term: command.number("term") ?? receiver.core.status().term }, command, receiver);
}

type Maker = (envelope: Envelope, command: Command, receiver: ScriptedNode) => Message;

const MAKERS: Readonly<Record<string, Maker>> = {
  "pre-vote": (envelope, command) => ({ type: "pre-vote", ...envelope, ...lastOf(command) }),
  "pre-vote-response": (envelope, command) => ({
    type: "pre-vote-response",
    ...envelope,
    isGranted: command.has("granted"),
  }),
  vote: (envelope, command) => ({
    type: "vote",
    ...envelope,
    ...lastOf(command),
    isTransfer: command.has("transfer"),
  }),
  "vote-response": (envelope, command) => ({
    type: "vote-response",
    ...envelope,
    isGranted: command.has("granted"),
  }),
  append: forgeAppend,
  "append-response": (envelope, command) => ({
    type: "append-response",
    ...envelope,
    rejection: undefined,
    matchIndex: command.number("match") ?? 0,
    lastIndex: command.number("last") ?? command.number("match") ?? 0,
    bootId: command.number("boot") ?? 1,
  }),
  heartbeat: (envelope, command) => ({
    type: "heartbeat",
    ...envelope,
    commit: command.number("commit") ?? 0,
    readId: command.number("round") ?? 0,
  }),
  "heartbeat-response": (envelope, command) => ({
    type: "heartbeat-response",
    ...envelope,
    readId: command.number("round") ?? 0,
    lastIndex: command.number("last") ?? 0,
    bootId: command.number("boot") ?? 1,
  }),
  "read-index-response": (envelope, command) => ({
    type: "read-index-response",
    ...envelope,
    readId: command.number("read") ?? 0,
    bootId: command.number("boot") ?? 1,
    index: command.number("index") ?? 0,
  }),
  "install-snapshot": forgeSnapshot,
  "timeout-now": (envelope) => ({ type: "timeout-now", ...envelope }),
};

function lastOf(command: Command): { lastIndex: number; lastTerm: number } {
  const { index, term } = placeOf(command.option("last") ?? "");
  return { lastIndex: index, lastTerm: term };
}

/** `prev=3@2 entries=4@2,5@3`; `chain=other` is a log that differs somewhere before `prev`. */
function forgeAppend(envelope: Envelope, command: Command, receiver: ScriptedNode): Message {
  const place = placeOf(command.option("prev") ?? "");
  const own = receiver.core.position(place.index);
  const chain = own?.term === place.term && command.option("chain") !== "other" ? own.chain : 0;
  const prev = { ...place, chain };
  const entries = entriesAfter(
    prev,
    command.list("entries").map((text) => placeOf(text)),
  );
  return {
    type: "append",
    ...envelope,
    prev,
    commit: command.number("commit") ?? 0,
    entries,
    rangeEnd: undefined,
  };
}

function forgeSnapshot(envelope: Envelope, command: Command, receiver: ScriptedNode): Message {
  const place = placeOf(command.option("at") ?? "");
  const own = receiver.core.position(place.index);
  const position = { ...place, chain: own?.term === place.term ? own.chain : 7 };
  return {
    type: "install-snapshot",
    ...envelope,
    snapshot: { position, membership: receiver.core.membership },
  };
}

/** Entries at these places; the same place always has the same content. */
export function entriesAfter(
  before: LogPosition,
  places: readonly { index: number; term: number }[],
): LogEntry[] {
  let { chain } = before;
  return places.map(({ index, term }) => {
    const payload = new TextEncoder().encode(`x${term}`);
    const entry = { index, term, type: "command", payload } as const;
    chain = chainOf(chain, entry);
    return { ...entry, chain };
  });
}

function placeOf(text: string): { index: number; term: number } {
  const match = /^(?<index>\d+)@(?<term>\d+)$/u.exec(text);
  invariant(match?.groups, `not a place in a log: ${text}`);
  return { index: Number(match.groups["index"]), term: Number(match.groups["term"]) };
}
