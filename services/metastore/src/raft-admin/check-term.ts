/** Stands for any term: for tools that see nodes in several terms. */
export const ANY_TERM: bigint = 2n ** 64n - 1n;

/**
 * Why the caller may not mean the group as it is now.
 *
 * @param currentTerm - in which the caller saw it, or {@link ANY_TERM}.
 */
export function termProblem(currentTerm: bigint, nodeTerm: number): string | undefined {
  if (currentTerm === ANY_TERM || currentTerm === BigInt(nodeTerm)) return undefined;
  return `the node is in another term, look again: current_term=${currentTerm} node_term=${nodeTerm}`;
}
