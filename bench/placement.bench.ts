import { bench, group } from "mitata";
import { hashKey, place, slotTable, type PlacementPolicy } from "@hearth/placement";

export function register(): void {
  const writers = Array.from({ length: 24 }, (_, index) => ({ id: `segment-writer-${index}`, address: "" }));
  const policy: PlacementPolicy = { tenantShards: 0, datasetShards: 2, balancing: "fingerprint" };
  const key = { tenant: hashKey("acme"), dataset: hashKey("checkout"), fingerprint: 7n };
  group("placement", () => {
    bench("place over 24 slots", () => place(key, policy, { slotCount: 24, randomUnit: 0 }));
    bench("slot table of 24 writers", () => slotTable(writers));
  });
}
