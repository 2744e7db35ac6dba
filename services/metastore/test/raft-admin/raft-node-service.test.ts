import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { FailedPreconditionError, InvalidArgumentError, NotFoundError, NotLeaderError } from "@hearth/errors";

import { STATE_VERSION } from "../../src/index-state/command-codec.ts";
import { ANY_TERM } from "../../src/raft-admin/check-term.ts";
import { MetastoreGroup } from "../support/metastore-group.ts";

const START_TIMEOUT_MS = 60_000;

describe("a node without peers", () => {
  it("tells what it is", async () => {
    await using group = await MetastoreGroup.start(1);
    const { leader, term } = await group.settled();
    const [info] = await group.infos();
    const serverId = `${leader.name}/0`;
    expect(info).toMatchObject({
      serverId,
      advertisedAddress: leader.name,
      state: "Leader",
      leaderId: serverId,
      currentTerm: term,
      peers: [{ serverId, serverAddress: leader.name, suffrage: "Voter" }],
      buildVersion: "1.2.3",
      buildRevision: "abc",
      supportedFsmVersion: STATE_VERSION,
      activeFsmVersion: STATE_VERSION,
    });
    expect(info?.appliedIndex).toBe(info?.commitIndex);
    expect(info?.stats?.name).toHaveLength(info?.stats?.value.length ?? -1);
  });

  it("has nobody to hand the lead to, stays, and takes nobody in, since it does not listen", async () => {
    await using group = await MetastoreGroup.start(1);
    const { leader, term: currentTerm } = await group.settled();
    const request = { serverId: leader.name, currentTerm };
    await expect(leader.admin.demoteLeader(request)).rejects.toThrow(/no other voter/u);
    await expect(leader.admin.removeNode(request)).rejects.toThrow(/it leads/u);
    await expect(leader.admin.addNode({ ...request, serverId: "other:1" })).rejects.toThrow(/bind-address/u);
    await leader.admin.promoteToLeader(request);
    expect(await group.settled()).toMatchObject({ leader, term: currentTerm });
  });

  it("writes a snapshot when it is asked to", async () => {
    await using group = await MetastoreGroup.start(1);
    const { leader } = await group.settled();
    const { commitIndex } = await leader.admin.readIndex({});
    expect(await leader.admin.snapshotNow({})).toMatchObject({ snapshotIndex: commitIndex });
    expect(leader.metastore.status()?.snapshotIndex).toBe(Number(commitIndex));
  });
});

describe("a group of three", () => {
  let group: MetastoreGroup;
  beforeAll(async () => {
    group = await MetastoreGroup.start(3);
    await group.settled();
  }, START_TIMEOUT_MS);
  afterAll(() => group[Symbol.asyncDispose]());

  it("is told of the same way by every node", async () => {
    const { leader, term } = await group.settled();
    const infos = await group.infos();
    const peers = group.members.map(({ name }) => `${name}/0`).toSorted();
    for (const info of infos) {
      expect(info).toMatchObject({ leaderId: `${leader.name}/0`, currentTerm: term });
      expect(info.peers.map(({ serverId }) => serverId)).toEqual(peers);
    }
    expect(infos.map(({ state }) => state).toSorted()).toEqual(["Follower", "Follower", "Leader"]);
  });

  it("answers reads at every node", async () => {
    const { term } = await group.settled();
    const answers = await Promise.all(group.members.map(({ admin }) => admin.readIndex({})));
    expect(answers.map((answer) => answer.term)).toEqual([term, term, term]);
    expect(answers.every(({ commitIndex }) => commitIndex > 1n)).toBe(true);
  });

  it("is changed by its leader only: the others name it", async () => {
    const { leader, followers, term: currentTerm } = await group.settled();
    const request = { serverId: leader.name, currentTerm };
    const [follower] = followers;
    const named = { id: `${leader.name}/0`, address: leader.name };
    for (const call of ["addNode", "removeNode", "promoteToLeader", "demoteLeader"] as const) {
      const error: unknown = await follower?.admin[call](request).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotLeaderError);
      expect(error).toMatchObject({ leader: named });
    }
  });

  it("is not changed by who saw it in another term", async () => {
    const { leader, followers, term } = await group.settled();
    const request = { serverId: followers[0]!.name, currentTerm: term - 1n };
    for (const call of ["addNode", "removeNode", "promoteToLeader", "demoteLeader"] as const) {
      await expect(leader.admin[call](request)).rejects.toThrow(
        `current_term=${term - 1n} node_term=${term}`,
      );
    }
    const replacement = leader.admin.replaceMember({ ...request, replacementId: leader.name });
    await expect(replacement).rejects.toBeInstanceOf(FailedPreconditionError);
    expect((await group.settled()).term).toBe(term);
  });

  it("says what is wrong with a request", async () => {
    const { leader, term: currentTerm } = await group.settled();
    const remove = (serverId: string) => leader.admin.removeNode({ serverId, currentTerm });
    await expect(remove(leader.name)).rejects.toThrow(/DemoteLeader/u);
    await expect(remove("elsewhere:1")).rejects.toBeInstanceOf(NotFoundError);
    await expect(remove("no name")).rejects.toBeInstanceOf(InvalidArgumentError);
  });

  it("is led by whom an operator names", async () => {
    const { leader, followers, term: currentTerm } = await group.settled();
    const next = followers[1]!;
    await leader.admin.promoteToLeader({ serverId: `${next.name}/0`, currentTerm });
    const after = await group.settled();
    expect(after.leader).toBe(next);
    expect(after.term).toBeGreaterThan(currentTerm);
  });

  it("is led by another when its leader is to step back, in whatever term", async () => {
    const { leader } = await group.settled();
    await leader.admin.demoteLeader({ serverId: leader.name, currentTerm: ANY_TERM });
    expect((await group.settled()).leader).not.toBe(leader);
  });

  it("lets a server go, and gives it its vote again when it comes back and has caught up", async () => {
    const { leader, followers, term: currentTerm } = await group.settled();
    const serverId = `${followers[0]!.name}/0`;
    const peersNow = async () => (await leader.admin.nodeInfo({})).node?.peers ?? [];
    await leader.admin.removeNode({ serverId, currentTerm });
    expect(await peersNow()).toHaveLength(2);
    await leader.admin.addNode({ serverId, currentTerm });
    expect(await peersNow()).toHaveLength(3);
    // Only with three voters.
    expect(await group.settled()).toMatchObject({ leader });
  });

  it("lets one server go for another that has a vote already", async () => {
    const { leader, followers, term: currentTerm } = await group.settled();
    const [goes, stays] = followers.map(({ name }) => `${name}/0`) as [string, string];
    await leader.admin.replaceMember({ serverId: goes, replacementId: stays, currentTerm });
    const { node } = await leader.admin.nodeInfo({});
    expect(node?.peers.map(({ serverId }) => serverId)).not.toContain(goes);
    await leader.admin.addNode({ serverId: goes, currentTerm });
    await group.settled();
  });
});

describe("a group of three that has just lost one", () => {
  it(
    "does not let a live server go, which would bring it to a stand, but the lost one",
    async () => {
      await using group = await MetastoreGroup.start(3);
      const { leader, followers, term: currentTerm } = await group.settled();
      const [lost, live] = followers.map(({ name }) => ({ serverId: name, currentTerm }));
      await followers[0]!.metastore[Symbol.asyncDispose]();
      await expect(leader.admin.removeNode(live!)).rejects.toThrow(/too few live voters.*live=1 needed=2/u);
      await leader.admin.removeNode(lost!);
      const { node } = await leader.admin.nodeInfo({});
      expect(node).toMatchObject({ state: "Leader", currentTerm });
      expect(node?.peers).toHaveLength(2);
    },
    START_TIMEOUT_MS,
  );
});
