import { DeletionScopes } from "../../src/deletions/deletion-scopes.ts";
import { DeletionTable } from "../../src/deletions/deletion-table.ts";
import type { DeletionRequest } from "../../src/deletions/deletion.ts";

/** What hides nothing. */
export function noDeletions(): DeletionScopes {
  return new DeletionScopes(new DeletionTable());
}

/** A request for all of a tenant, unless the sketch says otherwise. */
export function deletionRequest(sketch: Partial<DeletionRequest> = {}): DeletionRequest {
  return {
    tenant: "acme",
    matchers: [],
    startMs: 0,
    endMs: 0,
    requestId: "",
    requestedBy: "somebody",
    reason: "why",
    maxInForce: 100,
    ...sketch,
  };
}
