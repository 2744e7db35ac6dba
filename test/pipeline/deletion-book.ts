import type { Deletion } from "../../services/metastore/src/deletions/deletion.ts";
import type { DeletionTable } from "../../services/metastore/src/deletions/deletion-table.ts";
import { isCovered } from "./rows.ts";

/** Deletions as somebody sees them who looks at the log and at what tenants were told. */
export class DeletionBook {
  /** By number: all that were ever applied. */
  readonly #applied = new Map<number, Deletion>();
  readonly #acknowledged = new Set<number>();

  /** The log was applied so far somewhere. Those in force, as they are now. */
  noteApplied(table: DeletionTable): void {
    for (const deletion of table.all()) this.#applied.set(deletion.number, deletion);
  }

  /** A tenant was told. */
  acknowledged(number: number): void {
    this.#acknowledged.add(number);
  }

  /** Those that tenants were told of and that are in force; what they cover, a query that begins now must not see. */
  acknowledgedNow(tenant: string): readonly Deletion[] {
    return this.#ofTenant(tenant).filter(
      ({ number, endedMs }) => this.#acknowledged.has(number) && endedMs === undefined,
    );
  }

  /** Whether a row may be missing: some deletion covers it, in force or not. */
  mayBeGone(tenant: string, row: number, upTo = Infinity): boolean {
    return this.#ofTenant(tenant).some((deletion) => deletion.number <= upTo && isCovered(row, deletion));
  }

  /** Whether a row must be missing: a deletion covers it that is in force, with a number up to `upTo`. */
  mustBeGone(tenant: string, row: number, upTo = Infinity): boolean {
    return this.#ofTenant(tenant).some(
      (deletion) => deletion.endedMs === undefined && deletion.number <= upTo && isCovered(row, deletion),
    );
  }

  #ofTenant(tenant: string): Deletion[] {
    return [...this.#applied.values()].filter((deletion) => deletion.tenant === tenant);
  }
}
