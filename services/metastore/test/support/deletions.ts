import { DeletionScopes } from "../../src/deletions/deletion-scopes.ts";
import { DeletionTable } from "../../src/deletions/deletion-table.ts";

/** What hides nothing. */
export function noDeletions(): DeletionScopes {
  return new DeletionScopes(new DeletionTable());
}
