import { describe, expect, it } from "@jest/globals";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import { seededRandom } from "@hearth/runtime";
import { BlockIndex } from "../src/index-state/block-index.ts";
import { queryMetadata, type LabelPredicate } from "../src/index-state/query.ts";
import { WireBlocks } from "../src/rpc/wire-blocks.ts";
import { block, CPU, dataset, labelsOf, MEMORY, START_MS, ulidAt } from "./support/blocks.ts";
import { noDeletions } from "./support/deletions.ts";

const id = ulidAt(START_MS, seededRandom(1));
const stored = block(id, {
  datasets: [
    dataset({ service: "shop", labelSets: [labelsOf("shop", CPU), labelsOf("shop", MEMORY)] }),
    dataset({ service: "cart", offset: 400, labelSets: [labelsOf("cart", CPU)] }),
  ],
});
const all: LabelPredicate[] = [];
const shop = [{ name: "service_name", matches: (value: string) => value === "shop" }];
const cpu = [{ name: "__profile_type__", matches: (value: string) => value === CPU }];

function matching(index: BlockIndex, predicates: readonly LabelPredicate[]) {
  return queryMetadata(index, noDeletions(), { tenants: ["acme"], startMs: 0, endMs: Infinity, predicates });
}

function indexOf(blocks: readonly BlockMeta[]): BlockIndex {
  const index = new BlockIndex();
  for (const each of blocks) index.add(each, START_MS);
  return index;
}

describe("WireBlocks", () => {
  it("hands out the same message again, and another one for other datasets or label sets", () => {
    const index = indexOf([stored]);
    const wire = new WireBlocks(100);
    for (const predicates of [all, shop, cpu]) {
      const [match] = matching(index, predicates);
      const message = wire.of(match!);
      expect(message).toEqual(blockMetaToWire(match!.read()));
      expect(wire.of(matching(index, predicates)[0]!)).toBe(message);
    }
  });

  it("does not take a block of a restored index for that which had its row before", () => {
    const wire = new WireBlocks(100);
    const other = block(ulidAt(START_MS, seededRandom(2)), { datasets: stored.datasets });
    expect(wire.of(matching(indexOf([stored]), all)[0]!).id).toBe(stored.id);
    expect(wire.of(matching(indexOf([other]), all)[0]!).id).toBe(other.id);
  });
});
