import { describe, expect, it } from "@jest/globals";

import { renderClientTestPage } from "./client-test-page.ts";
import type { GroupView, ListedNode } from "./group-view.ts";
import { renderNodesPage } from "./nodes-page.ts";
import { renderErrorPage } from "../operator-pages/page-frame.ts";

const LEADER: ListedNode = {
  address: "in this process",
  serverId: "a:9099/0",
  state: "Leader",
  leaderId: "a:9099/0",
  term: 5,
  commitIndex: 101,
  appliedIndex: 102,
  lastIndex: 103,
  version: "0.1.0",
  revision: "abc",
  peers: [{ serverId: "a:9099/0", suffrage: "Voter" }],
  stats: [["last_snapshot_index", "77"]],
  suffrage: "Voter",
};
const FOLLOWER: ListedNode = { ...LEADER, serverId: "b:9099/0", state: "Follower" };
const GROUP: GroupView = { nodes: [LEADER, FOLLOWER], missing: [], silent: [], leader: LEADER, term: 5 };

function withNode(changes: Partial<ListedNode>): GroupView {
  return { ...GROUP, nodes: [LEADER, { ...FOLLOWER, ...changes }] };
}

describe("the page about the nodes", () => {
  it.each([
    { name: "says who leads", view: GROUP, shows: "a:9099/0 leads · term 5 · 2 of 2 nodes answered" },
    { name: "shows states", view: GROUP, shows: '<span class="state good">Follower</span>' },
    {
      name: "shows the commit, applied and last index",
      view: GROUP,
      shows: '<td class="number">101</td><td class="number">102</td><td class="number">103</td>',
    },
    { name: "shows versions", view: GROUP, shows: "<td>0.1.0 abc</td>" },
    { name: "shows what else a node tells", view: GROUP, shows: "<dt>last_snapshot_index</dt><dd>77</dd>" },
    { name: "sends the term that it shows", view: GROUP, shows: 'name="current-term" value="5"' },
    {
      name: "can let a voter lead",
      view: GROUP,
      shows: '<button name="promote" value="b:9099/0">',
    },
    { name: "can make the leader step back", view: GROUP, shows: '<button name="demote" value="a:9099/0">' },
    { name: "can remove a node", view: GROUP, shows: '<button name="remove" value="b:9099/0">' },
    {
      name: "can add a node that runs and does not take part",
      view: withNode({ suffrage: "none" }),
      shows: '<button name="add" value="b:9099/0">',
    },
    {
      name: "says which node has no vote",
      view: withNode({ suffrage: "Nonvoter" }),
      shows: "no vote yet",
    },
    {
      name: "shows a damaged node as bad",
      view: withNode({ state: "Corrupt" }),
      shows: '<span class="state bad">Corrupt</span>',
    },
    {
      name: "says that nodes are in several terms, and sends what stands for any",
      view: { ...withNode({ term: 6 }), term: undefined },
      shows: "(a:9099/0 5, b:9099/0 6)",
    },
    {
      name: "sends what stands for any term when nodes are in several",
      view: { ...withNode({ term: 6 }), term: undefined },
      shows: 'name="current-term" value="18446744073709551615"',
    },
    {
      name: "says which members were not reached",
      view: { ...GROUP, missing: ["c:9099/0"] },
      shows: "These members were not reached: c:9099/0.",
    },
    {
      name: "can remove a member that was not reached",
      view: { ...GROUP, missing: ["c:9099/0"] },
      shows: '<button name="remove" value="c:9099/0">',
    },
    {
      name: "says which addresses did not answer, and why",
      view: { ...GROUP, silent: [{ address: "c:9095", reason: "connection refused" }] },
      shows: "<dt>c:9095</dt><dd>connection refused</dd>",
    },
    {
      name: "says that nobody leads",
      view: { ...GROUP, leader: undefined },
      shows: "No node says that it leads",
    },
  ])("$name", ({ view, shows }) => {
    expect(renderNodesPage(view)).toContain(shows);
  });

  it("offers neither to remove the leader nor to let one lead that has no vote", () => {
    const page = renderNodesPage(withNode({ suffrage: "Nonvoter" }));
    expect(page).not.toContain('name="remove" value="a:9099/0"');
    expect(page).not.toContain('name="promote"');
  });

  it("offers a leader without other voters no stepping back", () => {
    expect(renderNodesPage({ ...GROUP, nodes: [LEADER] })).not.toContain('name="demote"');
    expect(renderNodesPage(withNode({ suffrage: "Nonvoter" }))).not.toContain('name="demote"');
  });

  const evil = `<script>"'&`;
  it.each([
    { name: "ids", page: renderNodesPage(withNode({ serverId: evil })) },
    { name: "states", page: renderNodesPage(withNode({ state: evil })) },
    { name: "leaders", page: renderNodesPage(withNode({ leaderId: evil })) },
    { name: "suffrages", page: renderNodesPage(withNode({ suffrage: evil })) },
    { name: "versions", page: renderNodesPage(withNode({ version: evil })) },
    { name: "statistics", page: renderNodesPage(withNode({ stats: [[evil, evil]] })) },
    { name: "missing members", page: renderNodesPage({ ...GROUP, missing: [evil] }) },
    {
      name: "reasons of silence",
      page: renderNodesPage({ ...GROUP, silent: [{ address: evil, reason: evil }] }),
    },
    { name: "reasons of a refusal", page: renderErrorPage({ reason: evil, back: evil }) },
    {
      name: "reasons of a failed read",
      page: renderClientTestPage({ type: "failed", reason: evil, elapsedMs: 1 }),
    },
  ])("writes $name as text, never as markup", ({ page }) => {
    expect(page).toContain("&lt;script&gt;&quot;&#39;&amp;");
    expect(page).not.toContain("<script>");
  });
});

describe("the page about a read", () => {
  it("shows how long it took, and what it found", () => {
    const page = renderClientTestPage({ type: "answered", commitIndex: 42, term: 7, elapsedMs: 1.234 });
    expect(page).toContain("Answered after 1.2 ms");
    expect(page).toContain("<dt>commit index</dt><dd>42</dd><dt>term</dt><dd>7</dd>");
  });
});
