export { planQuery, type BlockToRead, type PlanBounds, type QueryPlan } from "./plan-query.ts";
