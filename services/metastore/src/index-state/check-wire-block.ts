import { blockMetaFromWire, type BlockMeta } from "@hearth/block";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { blockRefusal } from "./check-block.ts";

/** A block that may be registered, or why it may not. */
export type CheckedBlock =
  | { readonly type: "valid"; readonly block: BlockMeta }
  | { readonly type: "refused"; readonly id: string; readonly reason: string };

/** Decides whether a block may be registered. Total. */
export function checkWireBlock(wire: WireBlockMeta): CheckedBlock {
  let block;
  try {
    block = blockMetaFromWire(wire);
  } catch {
    return { type: "refused", id: shortId(wire.id), reason: "the metadata is damaged" };
  }
  const reason = blockRefusal(block);
  return reason ? { type: "refused", id: shortId(wire.id), reason } : { type: "valid", block };
}

/** An id that is none may be of any length: of such a one, enough to find it again. */
function shortId(id: string): string {
  return id.slice(0, 64).toWellFormed();
}
