import { Sightings } from "./sightings.ts";

/** What must have happened often enough in a set of runs; a simulation that does not get there proves nothing. */
export const MUST_BE_SEEN = {
  /** Per 1,000 seeds. */
  "uncommitted entries overwritten": 200,
  "committed by a later term's entry only": 50,
  "snapshot installed": 200,
  "snapshot interrupted by a crash": 50,
  "snapshot raced by a newer leader": 20,
  "joint configuration entered": 200,
  "joint configuration rolled back": 20,
  "leader removed": 50,
  "leader crashed inside a joint configuration": 50,
  "learner promoted during a partition": 20,
  "read confirmed after a change of leaders": 100,
  "read at an isolated leader refused": 100,
  "transfer aborted": 50,
  "quorum lost, leader stepped down": 100,
  "disk stuck, leader stepped down": 50,
  "torn tail cut off": 200,
  "refused: HARD_STATE_LOST": 10,
  "refused: LOG_STORE_LOST": 10,
  "refused: SNAPSHOT_LOST": 10,
  "refused: ACKED_LOG_LOST": 10,
  "wiped node replaced": 30,
  "repeated request answered from memory": 100,
  "split vote": 50,
} as const;

export type Sight = keyof typeof MUST_BE_SEEN;

export class Seen extends Sightings<Sight> {
  constructor() {
    super(MUST_BE_SEEN);
  }
}
