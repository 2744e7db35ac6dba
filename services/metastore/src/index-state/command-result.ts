import type { PollResult } from "../compaction/poll.ts";
import type { OrphansNoted } from "../orphans/orphan-notes.ts";
import type { TiersPlanned } from "../tiers/plan-tiers.ts";
import type { RequestOutcome } from "../deletions/deletions.ts";

/** What applying a command came to; the same on every node. */
export type CommandResult =
  | { readonly type: "blocks-added"; readonly refusals: readonly BlockRefusal[] }
  | ({ readonly type: "jobs-polled" } & PollResult)
  /** `isComplete`: nothing is left that is too old. */
  | { readonly type: "blocks-expired"; readonly blockCount: number; readonly isComplete: boolean }
  | ({ readonly type: "orphans-noted" } & OrphansNoted)
  | { readonly type: "blocks-released"; readonly blockCount: number }
  | ({ readonly type: "tiers-planned" } & TiersPlanned)
  | Exclude<RequestOutcome, { type: "rejected" }>
  /** The command is not valid: nothing was changed. */
  | { readonly type: "rejected"; readonly reason: string }
  /** The command needs a newer state machine: nothing was changed, and this node must not apply anything after it. */
  | { readonly type: "unsupported"; readonly version: number };

export interface BlockRefusal {
  /** The id as the block gives it. */
  readonly block: string;
  readonly reason: string;
}
