import { decodeMembership, type LogEntry, type Membership, type Message } from "../../src/index.ts";
import type { RaftStatus, ReadyWrite } from "../../src/index.ts";

/** How a trace says things. A place in a log is `index@term`. */

export function placeText({ index, term }: { index: number; term: number }): string {
  return `${index}@${term}`;
}

export function membershipText({ voters, outgoing, learners }: Membership): string {
  const parts = [
    `voters=${voters.join(",")}`,
    outgoing.length > 0 ? `outgoing=${outgoing.join(",")}` : "",
    learners.length > 0 ? `learners=${learners.join(",")}` : "",
  ];
  return parts.filter(Boolean).join(" ");
}

export function entryText(entry: LogEntry): string {
  return `${placeText(entry)} ${contentText(entry)}`;
}

export function entriesText(entries: readonly LogEntry[]): string {
  return entries.length === 0 ? "nothing" : entries.map((entry) => entryText(entry)).join(", ");
}

export function statusText({ role, term, leader, commit, lastIndex, halt }: RaftStatus): string {
  if (halt) return `halted, ${halt.type}: ${halt.reason}`;
  return `${role} term=${term} leader=${leader ?? "-"} commit=${commit} last=${lastIndex}`;
}

export function writeText({ hard, snapshot, truncateAfter, entries }: ReadyWrite): string {
  const parts = [
    hard ? `term=${hard.term} vote=${hard.vote ?? "-"}` : "",
    snapshot ? `snapshot ${placeText(snapshot.position)} ${membershipText(snapshot.membership)}` : "",
    truncateAfter ? `cut after ${placeText(truncateAfter)}` : "",
    entries.length > 0 ? entriesText(entries) : "",
  ];
  return parts.filter(Boolean).join("; ");
}

export function messageText(message: Message): string {
  return [message.type, `term=${message.term}`, detailsOf(message)].filter(Boolean).join(" ");
}

function contentText({ type, payload }: LogEntry): string {
  if (type === "no-op") return "no-op";
  const membership = type === "membership" ? decodeMembership(payload) : undefined;
  return membership ? `(${membershipText(membership)})` : new TextDecoder().decode(payload);
}

function detailsOf(message: Message): string {
  switch (message.type) {
    case "pre-vote":
      return `last=${message.lastIndex}@${message.lastTerm}`;
    case "vote":
      return `last=${message.lastIndex}@${message.lastTerm}${message.isTransfer ? " transfer" : ""}`;
    case "pre-vote-response":
    case "vote-response":
      return message.isGranted ? "granted" : "refused";
    case "append":
      return `prev=${placeText(message.prev)} commit=${message.commit}: ${
        message.rangeEnd === undefined
          ? entriesText(message.entries)
          : `range ${message.prev.index + 1}..${message.rangeEnd - 1}`
      }`;
    case "append-response":
      return `${answerText(message)} last=${message.lastIndex} boot=${message.bootId}`;
    case "heartbeat":
      return `commit=${message.commit}${message.readId > 0 ? ` round=${message.readId}` : ""}`;
    case "heartbeat-response":
      return `${message.readId > 0 ? `round=${message.readId} ` : ""}last=${message.lastIndex} boot=${message.bootId}`;
    case "install-snapshot":
      return message.snapshot ? placeText(message.snapshot.position) : "to be sent";
    case "read-index":
      return `read=${message.readId} boot=${message.bootId}`;
    case "read-index-response":
      return `read=${message.readId} boot=${message.bootId} index=${message.index}`;
    default:
      return "";
  }
}

function answerText({ rejection, matchIndex }: Extract<Message, { type: "append-response" }>): string {
  if (!rejection) return `match=${matchIndex}`;
  return `rejected=${rejection.index} hint=${rejection.hintIndex}@${rejection.hintTerm}`;
}
