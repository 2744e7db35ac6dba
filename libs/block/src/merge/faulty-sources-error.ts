import { Code, DataLossError, DomainError, NotFoundError } from "@hearth/errors";

/** A block that cannot be merged. */
export interface SourceFault {
  /** Its id. */
  readonly block: string;
  /** `missing`: there is no such object. `damaged`: it cannot be read. */
  readonly kind: "missing" | "damaged";
  readonly reason: string;
}

/** Some of the blocks cannot be merged: the merge may be tried without them; repeating it as it is cannot help. */
export class FaultySourcesError extends DomainError {
  override readonly name = "FaultySourcesError";
  readonly code = Code.DataLoss;
  /** Sorted by block, one for each. */
  readonly faults: readonly SourceFault[];

  constructor(faults: readonly SourceFault[], options?: ErrorOptions) {
    const list = faults.map(({ block, kind }) => `${block}:${kind}`).join(",");
    super(`sources cannot be merged: blocks=${list}`, options);
    this.faults = faults;
  }
}

/** What an error says about the block that was read; nothing when it is about something else, or may pass. */
export function faultOf(block: string, error: unknown): SourceFault | undefined {
  if (error instanceof NotFoundError) return { block, kind: "missing", reason: error.message };
  if (error instanceof DataLossError) return { block, kind: "damaged", reason: error.message };
  return undefined;
}
