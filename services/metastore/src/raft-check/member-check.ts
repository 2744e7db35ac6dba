import { membersOf, type Membership, type NodeId } from "@hearth/raft";

import type { Checkpoint } from "../raft-node/applier.ts";
import { commandVersion, type CommandVersions } from "./command-version.ts";
import { judgeStates, type StateVerdict } from "./judge-states.ts";
import { answerState, type CheckedLog, type StateAnswer, type StateQuestion } from "./own-state.ts";

export interface MemberCheckDeps {
  readonly log: CheckedLog;
  /** Of this program. The newest one is the version of its state machine too. */
  readonly versions: CommandVersions;
  /** Undefined when there is no answer: not reached, stopped, or a program that does not know the question. */
  readonly ask: (
    node: NodeId,
    question: StateQuestion,
    signal: AbortSignal,
  ) => Promise<StateAnswer | undefined>;
  /** Called once for each checkpoint that was compared. */
  readonly onVerdict: (report: VerdictReport) => void;
}

export interface VerdictReport {
  readonly index: number;
  readonly verdict: StateVerdict;
  /** Of the nodes that have the checkpoint. */
  readonly digests: ReadonlyMap<NodeId, string>;
}

interface Lead {
  readonly self: NodeId;
  readonly others: readonly NodeId[];
  readonly membership: Membership;
}

/**
 * What the leader asks the other members beside the protocol: which commands they can apply, as long as that may be less
 * than what it can write itself; and at each checkpoint, once, their states, which it compares with its own. {@link look} is
 * called from time to time: what was the newest checkpoint at one look is compared at the next, when the others have
 * had the time to come there. Nothing waits for it.
 */
export class MemberCheck {
  readonly #deps: MemberCheckDeps;
  /** Index of the newest checkpoint at the last look; 0 before the first. */
  #seenIndex = 0;
  /** Index of the last checkpoint that was compared. */
  #comparedIndex = 0;
  /** The newest version of commands that a member said it can apply, while this node leads. */
  readonly #newestOf = new Map<NodeId, number>();

  constructor(deps: MemberCheckDeps) {
    this.#deps = deps;
  }

  /**
   * Asks for versions while an upgrade is under way. Compares a checkpoint if one is due, and ends the nodes that a quorum
   * contradicts, this one among them.
   *
   * @throws errors of the disk when this node has to end.
   */
  async look(signal: AbortSignal): Promise<void> {
    const { versions } = this.#deps;
    const due = this.#dueCheckpoint();
    const lead = this.#lead();
    if (!lead) {
      this.#newestOf.clear();
      return;
    }
    // All of them, since one that was upgraded may have gone back.
    const isUpgrading = lead.others.some((node) => (this.#newestOf.get(node) ?? 0) < versions.newest);
    if (!due && !isUpgrading) return;
    if (due) this.#comparedIndex = due.index;
    const answers = await this.#askAll(lead.others, due?.index ?? 0, signal);
    this.#noteVersions(lead, answers);
    if (due) await this.#compare(due, lead, answers, signal);
  }

  /** The version in which commands are to be written now: all members of the newest configuration can apply it. */
  get commandVersion(): number {
    const { log, versions } = this.#deps;
    const { node, identity } = log;
    if (!node || !identity) return versions.oldest;
    const others = membersOf(node.membership).filter((member) => member !== identity.nodeId);
    return commandVersion(
      versions,
      others.map((member) => this.#newestOf.get(member)),
    );
  }

  /** Who gave no answer is what it was before; who left is forgotten. */
  #noteVersions({ others }: Lead, answers: ReadonlyMap<NodeId, StateAnswer>): void {
    for (const [node, { stateVersion }] of answers) this.#newestOf.set(node, stateVersion);
    for (const node of this.#newestOf.keys()) if (!others.includes(node)) this.#newestOf.delete(node);
  }

  #dueCheckpoint(): Checkpoint | undefined {
    const checkpoints = this.#deps.log.node?.checkpoints ?? [];
    const seen = checkpoints.find(({ index }) => index === this.#seenIndex);
    this.#seenIndex = checkpoints.at(-1)?.index ?? 0;
    return seen && seen.index > this.#comparedIndex ? seen : undefined;
  }

  /** Undefined when this node does not lead, or there are no others. */
  #lead(): Lead | undefined {
    const { log } = this.#deps;
    const { node, identity } = log;
    if (!node || !identity || log.status().role !== "leader") return undefined;
    const { membership } = node;
    const self = identity.nodeId;
    const others = membersOf(membership).filter((member) => member !== self);
    return others.length === 0 ? undefined : { self, others, membership };
  }

  /** @returns the answers of those that gave one. */
  async #askAll(
    nodes: readonly NodeId[],
    index: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<NodeId, StateAnswer>> {
    const { ask, versions } = this.#deps;
    const answers = new Map<NodeId, StateAnswer>();
    const question = { stateVersion: versions.newest, index, agreedDigest: undefined };
    const asking = nodes.map(async (node) => {
      const answer = await ask(node, question, signal);
      if (answer) answers.set(node, answer);
    });
    await Promise.all(asking);
    return answers;
  }

  async #compare(
    { index, digest }: Checkpoint,
    { self, membership }: Lead,
    answers: ReadonlyMap<NodeId, StateAnswer>,
    signal: AbortSignal,
  ): Promise<void> {
    const { log, ask, onVerdict } = this.#deps;
    const { newest: stateVersion } = this.#deps.versions;
    const digests = new Map([[self, digest]]);
    for (const [node, answer] of answers) {
      const isComparable = answer.stateVersion === stateVersion && answer.digest !== undefined;
      if (isComparable) digests.set(node, answer.digest);
    }
    const verdict = judgeStates(membership, digests);
    onVerdict({ index, verdict, digests });
    if (verdict.type !== "diverged") return;
    const agreed = { stateVersion, index, agreedDigest: verdict.digest };
    // Who is not reached now is found again at the next checkpoint.
    const ending = verdict.nodes.map((node) =>
      node === self ? answerState(log, stateVersion, agreed) : ask(node, agreed, signal),
    );
    await Promise.all(ending);
  }
}
