import type { Membership, NodeId } from "../../src/index.ts";

/**
 * Majorities as the word says it: by trying all sets of nodes. A set is a number with one bit per node, `a` the lowest, so
 * that trying them all does not take all day.
 */

export function setOf(nodes: Iterable<NodeId>): number {
  let set = 0;
  for (const node of nodes) set |= 1 << (node.charCodeAt(0) - "a".charCodeAt(0));
  return set;
}

/** Whether some set of more than half of the nodes, in each half that is not empty, is within `has`. */
export function slowIsQuorum(membership: Membership, has: number): boolean {
  return hasMajorities(halvesOf(membership), has);
}

/** The largest index that the members of some quorum all have reached. */
export function slowQuorumIndex(membership: Membership, indexes: ReadonlyMap<NodeId, number>): number {
  const reached = (index: number): number =>
    setOf([...indexes].filter(([, own]) => own >= index).map(([node]) => node));
  const candidates = [0, ...indexes.values()].filter((index) => slowIsQuorum(membership, reached(index)));
  return Math.max(...candidates);
}

/** By trying all answers that those who are silent may still give. */
export function slowVoteOutcome(
  membership: Membership,
  votes: ReadonlyMap<NodeId, boolean>,
): "won" | "lost" | "open" {
  const granted = setOf([...votes].filter(([, isGranted]) => isGranted).map(([node]) => node));
  if (slowIsQuorum(membership, granted)) return "won";
  const silent = setOf([...membership.voters, ...membership.outgoing]) & ~setOf(votes.keys());
  const halves = halvesOf(membership);
  const canWin = someSubset(silent, (more) => hasMajorities(halves, granted | more));
  return canWin ? "open" : "lost";
}

/** Whether every quorum of `a` and every quorum of `b` share a node. */
export function alwaysShareANode(a: Membership, b: Membership): boolean {
  const nodes = setOf([...a.voters, ...a.outgoing, ...b.voters, ...b.outgoing]);
  const [halvesOfA, halvesOfB] = [halvesOf(a), halvesOf(b)];
  return !someSubset(
    nodes,
    (some) => hasMajorities(halvesOfA, some) && hasMajorities(halvesOfB, nodes & ~some),
  );
}

/** The sets of voters that each must agree. */
function halvesOf({ voters, outgoing }: Membership): number[] {
  return outgoing.length === 0 ? [setOf(voters)] : [setOf(voters), setOf(outgoing)];
}

function hasMajorities(halves: readonly number[], has: number): boolean {
  return halves.every((nodes) => {
    const size = sizeOf(nodes);
    return someSubset(nodes, (some) => (some & ~has) === 0 && sizeOf(some) * 2 > size);
  });
}

function someSubset(set: number, isWanted: (subset: number) => boolean): boolean {
  for (let subset = set; subset > 0; subset = (subset - 1) & set) if (isWanted(subset)) return true;
  return isWanted(0);
}

function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest > 0; rest &= rest - 1) size++;
  return size;
}
