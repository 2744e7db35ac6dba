import type { Membership, NodeId } from "@hearth/raft";

import { MemberCheck, type VerdictReport } from "../../../src/raft-check/member-check.ts";
import { answerState, type CheckedLog } from "../../../src/raft-check/own-state.ts";
import type { Checkpoint } from "../../../src/raft-node/applier.ts";
import type { LogRole, LogStatus } from "../../../src/replicated-log/replicated-log.ts";

/** A node as far as its state is compared. */
export class CheckedNode {
  checkpoints: Checkpoint[] = [];
  role: LogRole = "follower";
  stateVersion = 1;
  isSilent = false;
  /** Why it ended. */
  problem: string | undefined;
  readonly log: CheckedLog;

  constructor(nodeId: NodeId, membership: () => Membership) {
    const checkpoints = (): readonly Checkpoint[] => this.checkpoints;
    this.log = {
      identity: { clusterId: "c".repeat(32), recoveryEpoch: 0, nodeId },
      node: {
        get membership() {
          return membership();
        },
        get checkpoints() {
          return checkpoints();
        },
      },
      status: () => this.#status(),
      stopDiverged: async (detail) => {
        this.problem = detail;
        this.role = "corrupt";
      },
    };
  }

  #status(): LogStatus {
    const { role, problem } = this;
    const indexes = { firstIndex: 1, lastIndex: 1, commitIndex: 1, appliedIndex: 1, snapshotIndex: 1 };
    return { role, problem, term: 1, ...indexes };
  }
}

/** The first of `a/0`, `b/0` and `c/0` leads; each is one call away from the others. */
export class CheckedGroup {
  membership: Membership = { voters: ["a/0", "b/0", "c/0"], outgoing: [], learners: [] };
  readonly nodes = new Map(
    ["a/0", "b/0", "c/0", "x/0"].map((id) => [id, new CheckedNode(id, () => this.membership)] as const),
  );
  readonly leader = this.node("a/0");
  readonly reports: VerdictReport[] = [];
  /** Who was asked, and of which index. */
  asked: string[] = [];
  readonly check: MemberCheck;

  /** @param newest - the version of all programs. */
  constructor(newest = 1) {
    for (const node of this.nodes.values()) node.stateVersion = newest;
    this.leader.role = "leader";
    this.check = new MemberCheck({
      log: this.leader.log,
      versions: { oldest: 1, newest },
      ask: async (node, question) => {
        this.asked.push(`${node} ${question.index}`);
        const { log, stateVersion, isSilent, problem } = this.node(node);
        return isSilent || problem !== undefined ? undefined : answerState(log, stateVersion, question);
      },
      onVerdict: (report) => this.reports.push(report),
    });
  }

  node(id: NodeId): CheckedNode {
    const node = this.nodes.get(id);
    if (!node) throw new Error(`no node ${id}`);
    return node;
  }

  /** Every node comes to a checkpoint. @param digests - where they are not "same". */
  reach(index: number, digests: Readonly<Record<NodeId, string>> = {}): void {
    for (const [id, node] of this.nodes) node.checkpoints.push({ index, digest: digests[id] ?? "same" });
  }

  async look(): Promise<void> {
    await this.check.look(new AbortController().signal);
  }

  /** A checkpoint is reached, seen, and compared. */
  async compare(index: number, digests?: Readonly<Record<NodeId, string>>): Promise<void> {
    this.reach(index, digests);
    await this.look();
    await this.look();
  }

  /** Nodes that ended. */
  get ended(): NodeId[] {
    return [...this.nodes].filter(([, { problem }]) => problem !== undefined).map(([id]) => id);
  }
}
