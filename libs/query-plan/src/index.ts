export {
  planBlocks,
  planQuery,
  type BlockToRead,
  type PlanBounds,
  type QueryLeaf,
  type QueryPlan,
} from "./plan-query.ts";
