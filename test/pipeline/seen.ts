import { Sightings } from "../../services/metastore/test/simulation/sightings.ts";

/** What must have happened often enough in a set of runs. */
export const MUST_BE_SEEN = {
  /** Per 1,000 seeds. */
  "job reassigned after its lease ended": 200,
  "report of a zombie refused": 200,
  "finished job told again": 50,
  "job offered again after its answer was lost": 200,
  "job failed and taken apart": 50,
  "block quarantined": 200,
  "deletion failed and tried again": 50,
  "late registration met a tombstone": 50,
  "late registration met no object": 20,
  "late registration met a live block": 50,
  "dead letter registered": 200,
  "replica restarted": 200,
  "leader changed with a proposal in doubt": 100,
  "proposal in doubt was lost": 20,
  "output overwritten by its twin": 50,
  "orphan noted": 100,
  "orphan of a job given up": 20,
  "orphan of a writer given up": 60,
  "orphan left alone": 20,
  "output of an unfinished job left alone": 10,
  "candidate registered after all": 20,
  "registration of what was given up refused": 5,
  "nobody waited for the answer": 20,
  "repeated rows merged": 200,
  "worker stopped jobs since its leases ended": 50,
  "log ran ahead of the leader's clock": 50,
  "query across a compaction": 100,
  "deletion acknowledged": 400,
  "deletion asked for again": 50,
  "deletion finished": 400,
  "deletion touched again by what came late": 50,
  "deletion ended": 100,
  "deleted rows left out by a merge": 200,
  "block written anew": 200,
  "block of nothing but deleted rows left": 200,
  "output of a job that did not know of a deletion": 10,
  "job without outputs": 20,
  "query passed over deleted rows": 200,
  "lone block merged": 100,
  "days put into jobs": 100,
  "block of day registered": 40,
  "sum made of gathered blocks": 20,
  "block of 5m registered": 100,
  "block of 1h registered": 100,
  "block of 1h made of blocks of 5m": 20,
  "block of a tier written anew": 20,
  "rows became one": 100,
  "sums refused since rows were deleted meanwhile": 20,
} as const;

export type Sight = keyof typeof MUST_BE_SEEN;

/** What was seen in runs of the pipeline. */
export class Seen extends Sightings<Sight> {
  constructor() {
    super(MUST_BE_SEEN);
  }
}
