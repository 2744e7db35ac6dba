import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { SmallGroups, until, type SmallNode } from "./support/small-groups.ts";

const TIMEOUT_MS = 120_000;

describe("three nodes, upgraded one after the other", () => {
  let groups: SmallGroups;
  beforeAll(async () => {
    groups = await SmallGroups.create();
    const [old = "", ...upgraded] = groups.names;
    await Promise.all([groups.start(old), ...upgraded.map((name) => groups.start(name, 2))]);
  }, TIMEOUT_MS);
  afterAll(() => groups[Symbol.asyncDispose](), TIMEOUT_MS);

  const isOld = ({ name }: SmallNode): boolean => name === groups.names[0];
  const oldNode = (): SmallNode => groups.nodes.find(isOld)!;
  const proposeCommon = (): Promise<number> => groups.propose(({ group }) => [group.commandVersion, 1]);

  /** Lets an upgraded node lead, if the old one does. */
  async function upgradedLeader(): Promise<SmallNode> {
    const target = groups.nodes.find((node) => !isOld(node))?.group.log.identity?.nodeId ?? "";
    for (;;) {
      const leader = await groups.leader();
      if (!isOld(leader)) return leader;
      leader.group.log.node?.transfer(target);
      await until(() => leader.group.log.status().role !== "leader");
    }
  }

  it(
    "write what the old one can apply, however long it is asked",
    async () => {
      const { reports } = await upgradedLeader();
      // Where states were compared, everybody was asked.
      while (reports.length === 0) expect(await proposeCommon()).toBe(1);
      expect(await proposeCommon()).toBe(1);
      const { sum } = (await groups.leader()).machine;
      await until(() => oldNode().machine.sum >= sum);
    },
    TIMEOUT_MS,
  );

  it(
    "write the newer version when the last one is upgraded, and all apply it",
    async () => {
      const [old = ""] = groups.names;
      await groups.stop(oldNode());
      await groups.start(old, 2);
      while ((await proposeCommon()) !== 2);
      const { sum } = (await groups.leader()).machine;
      await until(() => groups.nodes.every(({ machine }) => machine.sum >= sum));
      expect(groups.nodes.map(({ group }) => group.log.status().problem)).toEqual(Array(3).fill(undefined));
    },
    TIMEOUT_MS,
  );

  it(
    "stop a node that goes back to the older version after that",
    async () => {
      const [name = ""] = groups.names;
      await groups.stop(groups.nodes.find((node) => node.name === name)!);
      const { group } = await groups.start(name, 1);
      await until(() => group.log.status().role === "failed");
      expect(group.log.status().problem).toMatch(/newer version/u);
      expect(await proposeCommon()).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
