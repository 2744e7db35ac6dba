export { decodeFailure, encodeFailure, type Failure } from "./failure.ts";
export { Threads, type ThreadsSettings } from "./threads.ts";
export { WorkerPool, type WorkerPoolSettings } from "./worker-pool.ts";
export { transferring, workerTask, type WorkerTask } from "./worker-task.ts";
