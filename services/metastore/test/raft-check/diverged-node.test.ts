import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { SmallGroups, until, type SmallNode } from "./support/small-groups.ts";

const TIMEOUT_MS = 90_000;

describe("three nodes, one of which applies something else", () => {
  let groups: SmallGroups;
  beforeEach(async () => {
    groups = await SmallGroups.create();
    await groups.startAll();
  }, TIMEOUT_MS);
  afterEach(() => groups[Symbol.asyncDispose](), TIMEOUT_MS);

  const roleOf = ({ group }: SmallNode): string => group.log.status().role;

  /** Goes on registering until the node has ended. */
  async function untilEnded(node: SmallNode): Promise<void> {
    while (roleOf(node) !== "corrupt") await groups.addTo(1);
  }

  it(
    "a follower ends, does not come back on its files, and comes back as a new member when they are gone",
    async () => {
      const leader = await groups.leader();
      const wrong = groups.nodes.find((node) => node !== leader)!;
      wrong.machine.isWrong = true;
      await untilEnded(wrong);
      expect(wrong.group.log.status().problem).toMatch(/reason=STATE_DIVERGED index=\d+ digest=/u);
      await until(() => leader.reports.some(({ verdict }) => verdict.type === "diverged"));
      const others = groups.nodes.filter((node) => node !== wrong);
      expect(others.map(roleOf)).not.toContain("corrupt");

      await groups.stop(wrong);
      const again = await groups.start(wrong.name);
      expect(again.group.log.status()).toMatchObject({
        role: "corrupt",
        problem: expect.stringContaining("STATE_DIVERGED"),
      });

      await groups.stop(again);
      await groups.wipe(wrong.name);
      const fresh = await groups.start(wrong.name);
      const { log } = fresh.group;
      await until(() => log.node?.membership.voters.includes(log.identity?.nodeId ?? "") ?? false);
      await groups.addTo(1);
      const { sum } = (await groups.leader()).machine;
      await until(() => fresh.machine.sum === sum);
      expect(roleOf(fresh)).not.toBe("corrupt");
    },
    TIMEOUT_MS,
  );

  it(
    "a leader ends, and another one leads on",
    async () => {
      const wrong = await groups.leader();
      wrong.machine.isWrong = true;
      await untilEnded(wrong);
      await groups.addTo(1);
      const leader = await groups.leader();
      expect(leader).not.toBe(wrong);
      const other = groups.nodes.find((node) => node !== wrong && node !== leader);
      await until(() => other?.machine.sum === leader.machine.sum);
      await until(() => leader.reports.some(({ verdict }) => verdict.type === "equal"));
    },
    TIMEOUT_MS,
  );
});
