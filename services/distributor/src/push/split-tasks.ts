import type { TenantLimits } from "@hearth/tenant-limits";
import type { PushedItem } from "./pushed-item.ts";

/** A task of this much is worth the way to a thread and back; small profiles go together. */
const TASK_BYTES = 128 * 1024;
const TASK_ITEMS = 64;

/** Tasks of one request that run at once. */
export function concurrencyOf({ pushMaxConcurrency }: TenantLimits): number {
  return pushMaxConcurrency > 0 ? pushMaxConcurrency : Infinity;
}

/** Profiles in order, as many together as make a task worth its way. */
export function splitIntoTasks(items: readonly PushedItem[]): PushedItem[][] {
  const tasks: PushedItem[][] = [];
  let bytes = 0;
  for (const item of items) {
    const last = tasks.at(-1);
    if (last && bytes + item.body.length <= TASK_BYTES && last.length < TASK_ITEMS) {
      last.push(item);
      bytes += item.body.length;
    } else {
      tasks.push([item]);
      bytes = item.body.length;
    }
  }
  return tasks;
}
