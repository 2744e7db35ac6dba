import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PushRequestSchema, PushResponse } from "@hearth/proto/hearth/segmentwriter/v1";

/** One segment writer. */
export interface SegmentWriterClient {
  push(request: MessageInitShape<typeof PushRequestSchema>, signal: AbortSignal): Promise<PushResponse>;
}

/** A writer and the way to it. */
export interface KnownWriter {
  /** Its ordinal orders it: see `slotTable`. */
  readonly id: string;
  readonly address: string;
  readonly client: SegmentWriterClient;
}

/** Where profiles of a dataset go: a shard, and the writers to try for it, best first, each once. */
export interface Route {
  readonly shard: number;
  readonly writers: readonly KnownWriter[];
}

/** Decides where profiles go. */
export interface Router {
  /** @throws {UnavailableError} when no writer is known. */
  route(key: { tenant: string; serviceName: string; fingerprint: bigint }): Route;
}
