import { invariant } from "@hearth/errors";

import type { PeerStatus, RaftSettings } from "../../src/index.ts";
import { Cluster, type ClusterPlan } from "./cluster.ts";
import type { Command } from "./command.ts";
import { entriesAfter, forgeMessage } from "./forged-message.ts";
import { entryText, membershipText, messageText, placeText } from "./words.ts";

export type Print = (line: string) => void;
type Run = (cluster: Cluster, command: Command, print: Print) => void;

const SETTINGS: readonly (keyof RaftSettings)[] = [
  "electionTicks",
  "heartbeatTicks",
  "maxAppendEntries",
  "maxAppendBytes",
  "maxUncommittedBytes",
  "maxReads",
  "cachedEntries",
  "cachedBytes",
];

/** `nodes a b c learners=d outgoing=a,b joiners=e timeouts=3,5 electionTicks=3` */
export function startCluster(command: Command, print: Print): Cluster {
  const settings = Object.fromEntries(
    SETTINGS.map((name) => [name, command.number(name)] as const).filter(([, value]) => value !== undefined),
  ) as ClusterPlan["settings"];
  const membership = {
    voters: [...command.words].toSorted(),
    outgoing: command.list("outgoing").toSorted(),
    learners: command.list("learners").toSorted(),
  };
  const timeouts = command.list("timeouts").map(Number);
  return new Cluster({ membership, joiners: command.list("joiners"), settings, timeouts }, print);
}

/** What a scenario can say. The page beside this file explains each. */
export const COMMANDS: Readonly<Record<string, Run>> = {
  log: putLog,
  tick(cluster, command) {
    const node = cluster.node(command.word(0));
    for (let tick = command.count(1) ?? 1; tick > 0; tick--) node.act((core) => core.tick());
  },
  campaign(cluster, command) {
    cluster.node(command.word(0)).act((core) => core.campaign());
  },
  lead(cluster, command) {
    cluster.node(command.word(0)).act((core) => core.campaign());
    cluster.stabilize();
  },
  elect(cluster, command) {
    cluster.node(command.word(0)).act((core) => core.campaign());
    cluster.stabilize(({ type }) => /vote/u.test(type));
  },
  propose,
  deliver(cluster, command) {
    for (const message of takeMessages(cluster, command)) {
      cluster.arrive(message);
      if (command.has("dup")) cluster.arrive(message);
    }
  },
  drop(cluster, command, print) {
    for (const message of takeMessages(cluster, command)) {
      print(`${message.from} -> ${message.to}: ${messageText(message)} (lost)`);
    }
  },
  stabilize: (cluster) => cluster.stabilize(),
  persist(cluster, command) {
    cluster.node(command.word(0)).persist(command.count(1) ?? Infinity);
  },
  pause: (cluster, command) => cluster.node(command.word(0)).pause(),
  resume: (cluster, command) => cluster.node(command.word(0)).resume(),
  crash(cluster, command) {
    const node = cluster.node(command.word(0));
    node.crash(command.has("lose-unsynced") ? 0 : (command.number("keep") ?? Infinity));
  },
  restart(cluster, command, print) {
    const node = cluster.node(command.word(0));
    node.start();
    print(cluster.statusLine(node));
  },
  lose(cluster, command, print) {
    const node = cluster.node(command.word(0));
    node.crash(Infinity);
    node.disk.lose(command.count(1) ?? 1);
    node.start();
    print(cluster.statusLine(node));
  },
  partition: (cluster, command) => cluster.network.partition(command.sides()),
  heal: (cluster) => cluster.network.heal(),
  read(cluster, command) {
    cluster.node(command.word(0)).read(command.count(1) ?? 0);
  },
  transfer(cluster, command, print) {
    cluster.node(command.word(0)).act((core) => {
      const refusal = core.transfer(command.word(1));
      if (refusal !== undefined) print(`refused: ${refusal}`);
    });
  },
  change(cluster, command, print) {
    const target = { voters: command.list("voters"), learners: command.list("learners") };
    cluster.node(command.word(0)).act((core) => {
      const outcome = core.changeMembership(target);
      print(typeof outcome === "number" ? `begins at ${outcome}` : `refused: ${outcome}`);
    });
  },
  compact,
  "snapshot-sent"(cluster, command) {
    const [from, to, index] = [command.word(0), command.word(1), command.count(2) ?? 0];
    cluster.node(from).act((core) => core.snapshotSent(to, index, !command.has("failed")));
  },
  unreachable(cluster, command) {
    cluster.node(command.word(0)).act((core) => core.peerUnreachable(command.word(1)));
  },
  "storage-failed"(cluster, command) {
    cluster.node(command.word(0)).act((core) => core.storageFailed("a write failed"));
  },
  "storage-corrupt"(cluster, command) {
    cluster.node(command.word(0)).act((core) => core.storageCorrupt("an entry cannot be read"));
  },
  forge(cluster, command) {
    const to = command.pair()?.to ?? "";
    cluster.arrive(forgeMessage(command, cluster.node(to)));
  },
  status(cluster, command, print) {
    const nodes = command.words.length > 0 ? command.words.map((id) => cluster.node(id)) : cluster.nodes;
    for (const node of nodes) print(cluster.statusLine(node));
  },
  peers(cluster, command, print) {
    for (const peer of cluster.node(command.word(0)).core.peers()) print(peerText(peer));
  },
  members(cluster, command, print) {
    const { core } = cluster.node(command.word(0));
    print(`${membershipText(core.membership)}${core.isMembershipCommitted ? "" : " (not committed)"}`);
  },
  disk: printDisk,
};

/** `log b 1 1 2 term=3 vote=c`: entries 2, 3, 4 with these terms are on b's disk. b begins anew with it. */
function putLog(cluster: Cluster, command: Command): void {
  const node = cluster.node(command.word(0));
  const { start } = node.disk.stored;
  const terms = command.words.slice(1).map(Number);
  const entries = entriesAfter(
    start,
    terms.map((term, at) => ({ index: start.index + 1 + at, term })),
  );
  const hard = { term: command.number("term") ?? terms.at(-1) ?? 1, vote: command.option("vote") };
  node.crash(0);
  node.disk.add(1, { hard, snapshot: undefined, truncateAfter: start, entries });
  node.disk.sync(1);
  node.start();
}

/** `propose a hello times=3` */
function propose(cluster: Cluster, command: Command, print: Print): void {
  const payload = new TextEncoder().encode(command.word(1));
  for (let times = command.number("times") ?? 1; times > 0; times--) {
    cluster.node(command.word(0)).act((core) => {
      const outcome = core.propose(payload);
      print(outcome.type === "accepted" ? `accepted at ${placeText(outcome)}` : `refused: ${outcome.reason}`);
    });
  }
}

/** `compact a 5`: a snapshot of 5 is on a's disk, and the log up to there is gone. */
function compact(cluster: Cluster, command: Command): void {
  const node = cluster.node(command.word(0));
  const index = command.count(1) ?? 0;
  const position = node.core.position(index);
  invariant(position && index <= node.core.status().commit, `compact: ${index} is not committed`);
  node.disk.compact(position, node.core.membershipAt(index));
  node.act((core) => core.compacted(index));
}

/** `a->b`, `only=type`, `first=n`, `skip=n`: which of the messages that wait. */
function takeMessages(cluster: Cluster, command: Command): ReturnType<Cluster["network"]["take"]> {
  const only = command.option("only");
  const skip = command.number("skip") ?? 0;
  const first = command.number("first") ?? Infinity;
  let at = 0;
  return cluster.network.take(command.pair(), ({ type }) => {
    if (only !== undefined && only !== type) return false;
    at++;
    return at > skip && at <= skip + first;
  });
}

function peerText({
  node,
  state,
  matchIndex,
  nextIndex,
  inFlight,
  isActive,
  hasRegressed,
}: PeerStatus): string {
  const flags = `${isActive ? " active" : ""}${hasRegressed ? " regressed" : ""}`;
  return `${node} ${state} match=${matchIndex} next=${nextIndex} in-flight=${inFlight}${flags}`;
}

function printDisk(cluster: Cluster, command: Command, print: Print): void {
  const { stored, waitingCount } = cluster.node(command.word(0)).disk;
  const { term, vote, start, membership, entries } = stored;
  print(`term=${term} vote=${vote ?? "-"} snapshot=${placeText(start)} ${membershipText(membership)}`);
  for (const entry of entries) print(entryText(entry));
  if (waitingCount > 0) print(`writes under way: ${waitingCount}`);
}
