/** Versions of commands that a program knows. Since a log may hold any of them, it can apply all up to the newest. */
export interface CommandVersions {
  /** The oldest that it can write. */
  readonly oldest: number;
  /** The newest that it can write and apply. */
  readonly newest: number;
}

/**
 * In which version the leader writes: the newest that all members can apply. Where one is too old for anything that this
 * program can write, the oldest: that member has to stop.
 *
 * @param others - the newest version of each other member, voter or learner; undefined while it is not known.
 */
export function commandVersion(
  { oldest, newest }: CommandVersions,
  others: readonly (number | undefined)[],
): number {
  const common = Math.min(newest, ...others.map((version) => version ?? oldest));
  return Math.max(oldest, common);
}
