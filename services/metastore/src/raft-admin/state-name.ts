import type { LogRole } from "../replicated-log/replicated-log.ts";

/** What dashboards and tools call the roles. */
export const STATE_NAMES: Readonly<Record<LogRole, string>> = {
  starting: "Follower",
  follower: "Follower",
  candidate: "Candidate",
  leader: "Leader",
  corrupt: "Corrupt",
  failed: "Failed",
  stopped: "Shutdown",
};
