import type { Failure } from "@hearth/worker-pool";
import type { BlockParcel } from "./block-exchange.ts";

/** What the main thread says to a query worker. */
export type ToWorker =
  /** `request` is an encoded `hearth.query.v1.InvokeRequest` with only the blocks that the thread does not know. */
  | {
      readonly type: "invoke";
      readonly id: number;
      readonly request: Uint8Array;
      readonly blocks: Omit<BlockParcel, "unknown">;
    }
  | { readonly type: "cancel"; readonly id: number; readonly reason: Failure }
  | { readonly type: "close" };

/** What a query worker answers, once for each `invoke`; `response` is an encoded `InvokeResponse`. */
export type FromWorker =
  | { readonly type: "answer"; readonly id: number; readonly response: Uint8Array }
  | { readonly type: "failure"; readonly id: number; readonly failure: Failure };

/** `workerData` of a query worker. */
export interface QueryWorkerSettings {
  /** Root folder of the bucket. */
  readonly storageDir: string;
  /** For sections and shared tables together. */
  readonly cacheBytes: number;
  readonly readAhead: number;
}
