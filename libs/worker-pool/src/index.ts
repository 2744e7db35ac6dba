export { decodeFailure, encodeFailure, type Failure } from "./failure.ts";
export { WorkerPool, type WorkerPoolSettings } from "./worker-pool.ts";
export { transferring, workerTask, type WorkerTask } from "./worker-task.ts";
