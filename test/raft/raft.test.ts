import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";

import { temporaryFolder } from "../support/temporary-folder.ts";
import type { FaultName } from "./faults.ts";
import { pushWhileLeaderIsKilled } from "./pushes.ts";
import { RaftCluster } from "./raft-cluster.ts";
import { faultRound } from "./round.ts";

/** The short form; `npm run test:raft` has the long one. */
const SEED = 20_261_127;
const START_TIMEOUT_MS = 120_000;
const ROUND_TIMEOUT_MS = 150_000;
/** Of answers with an error, while another node takes the lead. */
const MAX_ERRORS_FOR_MS = 3_000;

describe("a metastore of three processes", () => {
  const folder = temporaryFolder("raft");
  const random = seededRandom(SEED);
  let cluster: RaftCluster;

  beforeAll(async () => {
    cluster = await RaftCluster.start(folder.path);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    folder.remove();
  });

  it.each<{ tenant: string; fault: FaultName }>([
    { tenant: "first", fault: "kill the leader" },
    { tenant: "second", fault: "kill all" },
    { tenant: "third", fault: "isolate the leader" },
    { tenant: "fourth", fault: "wipe a follower" },
    { tenant: "fifth", fault: "restart the leader" },
  ])(
    "answers like one that never fails: $tenant fault, $fault",
    async ({ tenant, fault }) => {
      const { offences, acknowledgedCount, readCount } = await faultRound(cluster, fault, { tenant, random });
      expect(offences).toEqual([]);
      expect(acknowledgedCount).toBeGreaterThan(0);
      expect(readCount).toBeGreaterThan(0);
    },
    ROUND_TIMEOUT_MS,
  );

  it(
    "loses no push and refuses none for long when its leader is killed",
    async () => {
      const { offences, acknowledgedCount, errorsForMs } = await pushWhileLeaderIsKilled(cluster, "pushes");
      expect(offences).toEqual([]);
      expect(acknowledgedCount).toBeGreaterThan(0);
      expect(errorsForMs).toBeLessThan(MAX_ERRORS_FOR_MS);
    },
    ROUND_TIMEOUT_MS,
  );
});
