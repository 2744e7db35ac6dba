import { assertNever } from "@hearth/errors";
import { membersOf, type Membership } from "@hearth/raft";
import type { HardState } from "../replicated-log/hard-state.ts";
import { nodeName } from "../replicated-log/identity.ts";
import type { Survivor } from "./plan-survivor.ts";
import type { RecoveryOutcome, RecoveryStep } from "./recover-node.ts";
import { asideName } from "./swap.ts";

/** What a person reads of a recovery, each line ended. */

export function stepText(step: RecoveryStep): string {
  switch (step.type) {
    case "applying":
      return `reads the log: ${step.applied} of ${step.of} entries\n`;
    case "writing":
      return "writes the state at the end of the log\n";
    case "checking":
      return "reads it back\n";
    case "swapping":
      return "puts it in the place of the old one\n";
    default:
      return assertNever(step);
  }
}

export function outcomeText(outcome: RecoveryOutcome): string {
  switch (outcome.type) {
    case "planned":
      return plannedText(outcome.survivor);
    case "unfinished":
      return [
        `A recovery of ${nodeName(outcome.recovered.identity)} to epoch ${outcome.recovered.identity.recoveryEpoch} was broken off: no start goes on until it is finished.`,
        "Nothing was changed. To finish it, give --accept-data-loss.",
        "",
      ].join("\n");
    case "recovered":
      return recoveredText(outcome.recovered, outcome.survivor);
    default:
      return assertNever(outcome);
  }
}

/** 0 when the node can be started now, 2 when nothing was done. */
export function recoveryExitCode(outcome: RecoveryOutcome): 0 | 2 {
  return outcome.type === "recovered" ? 0 : 2;
}

function plannedText(survivor: Survivor): string {
  const { identity, end } = survivor;
  return [
    ...factsOf(survivor),
    `With --accept-data-loss, ${identity.nodeId} becomes the only voter, in epoch ${identity.recoveryEpoch + 1},`,
    `with everything up to entry ${end.index}. What only the others have is lost: of several survivors,`,
    "take the one with the highest last term, then the highest last index.",
    `To be wiped then: ${survivor.toWipe.join(", ")}`,
    "Nothing was changed: --accept-data-loss is not given.",
    "",
  ].join("\n");
}

function factsOf({ identity, term, snapshotIndex, end, membership }: Survivor): string[] {
  return [
    `survivor        ${identity.nodeId}`,
    `cluster         ${identity.clusterId}`,
    `epoch           ${identity.recoveryEpoch}`,
    `members         ${membersOf(membership)
      .map((node) => `${node} (${rolesOf(node, membership)})`)
      .join(", ")}`,
    `last index      ${end.index}`,
    `last term       ${end.term}, and has heard of ${term}`,
    `snapshot        ${snapshotIndex}, and ${end.index - snapshotIndex} entries of the log after it`,
  ];
}

function rolesOf(node: string, { voters, outgoing, learners }: Membership): string {
  const roles = [
    ...(voters.includes(node) ? ["voter"] : []),
    ...(outgoing.includes(node) ? ["leaving voter"] : []),
    ...(learners.includes(node) ? ["learner"] : []),
  ];
  return roles.join(", ");
}

function recoveredText({ identity, term, witness }: HardState, survivor: Survivor | undefined): string {
  const { recoveryEpoch: epoch } = identity;
  const others = survivor ? survivor.toWipe.join(", ") : "all other nodes";
  const aside = ["hard-state", "log", "snapshots"].map((name) => asideName(name, epoch));
  return [
    `${nodeName(identity)} is recovered: the only voter, epoch ${epoch}, last index ${witness.index}, term ${term}.`,
    `The old state lies aside as ${aside.join(", ")}.`,
    "What to do next:",
    "1. Start this node. It leads at once.",
    `2. Empty the folders of ${others}.`,
    `   Start them, with ${nodeName(identity)} among their -metastore.raft.bootstrap-peers. They join by themselves.`,
    "3. npm run rebuild-index adds what the bucket has beyond.",
    "4. When all is well, remove what lies aside.",
    "",
  ].join("\n");
}
