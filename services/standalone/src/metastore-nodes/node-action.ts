/** What a form of the page asks for. */
export const ACTIONS = ["add", "remove", "promote", "demote"] as const;

export interface NodeAction {
  readonly type: (typeof ACTIONS)[number];
  readonly serverId: string;
  /** In which the page showed the group; {@link ANY_TERM} for whichever it is. */
  readonly currentTerm: bigint;
}

/** Skips the check of the term: for a page that saw nodes in several terms. */
export const ANY_TERM: bigint = 2n ** 64n - 1n;

/** Reads a form. @returns the problem as text if it is none of the page's. */
export function parseAction(form: URLSearchParams): NodeAction | string {
  const asked = ACTIONS.flatMap((type) => form.getAll(type).map((serverId) => ({ type, serverId })));
  const [first] = asked;
  if (first === undefined || asked.length > 1) return `exactly one of ${ACTIONS.join(", ")} must be given`;
  const serverId = first.serverId.trim();
  if (serverId === "") return `no server is named: ${first.type}`;
  const term = form.get("current-term") ?? "";
  if (!/^[0-9]{1,20}$/u.test(term) || BigInt(term) > ANY_TERM) {
    return `current-term must be the term that the page shows, a number: got=${term}`;
  }
  return { type: first.type, serverId, currentTerm: BigInt(term) };
}
