export { throwIfAborted, untilAborted, itemsUntilAborted } from "./abort.ts";
export { systemClock, type Clock } from "./clock.ts";
export { deadline } from "./deadline.ts";
export { seededRandom, systemRandom, type Random } from "./random.ts";
export { RecentMap } from "./recent-map.ts";
export { retry, type RetryPolicy } from "./retry.ts";
export { Semaphore } from "./semaphore.ts";
export { TaskGroup } from "./task-group.ts";
export { UlidFactory, isUlid, ulidFrom, ulidTimeMs } from "./ulid.ts";
