export { jumpHash } from "./jump-hash.ts";
export {
  hashKey,
  place,
  type LoadBalancing,
  type Placement,
  type PlacementKey,
  type PlacementPolicy,
} from "./place.ts";
export { slotTable, type SlotTable, type Writer } from "./slot-table.ts";
