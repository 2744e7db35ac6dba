/**
 * Entry of a query worker thread: executes leaves with an object store and a cache of sections of its own. Between its
 * reads it answers cancellations; several leaves share it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { invariant } from "@hearth/errors";
import { blockObjectKey, FilesystemObjectStore } from "@hearth/object-store";
import { InvokeRequestSchema, InvokeResponseSchema } from "@hearth/proto/hearth/query/v1";
import { systemClock, systemRandom } from "@hearth/runtime";
import { decodeFailure, encodeFailure } from "@hearth/worker-pool";
import { executeLeaf, type LeafDeps } from "../leaf/execute-leaf.ts";
import { SectionCache } from "../leaf/section-cache.ts";
import { SharedTables } from "../leaf/shared-tables.ts";
import { leafRequestFromWire, leafResponseToWire } from "../rpc/leaf-codec.ts";
import { BlockReceiver } from "./block-exchange.ts";
import type { FromWorker, QueryWorkerSettings, ToWorker } from "./messages.ts";

invariant(parentPort, "this file is the entry of a worker thread");
const port = parentPort;
const settings = workerData as QueryWorkerSettings;

const store = new FilesystemObjectStore(
  { dir: settings.storageDir },
  { clock: systemClock, random: systemRandom },
);
const deps: LeafDeps = {
  cache: new SectionCache(settings.cacheBytes / 2),
  tables: new SharedTables(settings.cacheBytes / 4),
  readAhead: settings.readAhead,
  openBlock(block) {
    return {
      read: (offset, length, signal) => store.getRange(blockObjectKey(block), { offset, length }, signal),
    };
  },
};
const known = new BlockReceiver();
const running = new Map<number, AbortController>();

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "invoke":
      void invoke(message);
      break;
    case "cancel":
      running.get(message.id)?.abort(decodeFailure(message.reason));
      break;
    case "close":
      port.close();
      break;
  }
});

async function invoke({ id, request, blocks: parcel }: Extract<ToWorker, { type: "invoke" }>): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    const wire = fromBinary(InvokeRequestSchema, request);
    const blocks = known.unpack({ ...parcel, unknown: wire.blocks });
    const leaf = leafRequestFromWire({ ...wire, blocks: [] });
    const { reports, usage } = await executeLeaf({ ...leaf, blocks }, deps, abort.signal);
    answer(id, toBinary(InvokeResponseSchema, leafResponseToWire(reports, usage)));
  } catch (error) {
    const failure: FromWorker = { type: "failure", id, failure: encodeFailure(error) };
    port.postMessage(failure);
  } finally {
    running.delete(id);
  }
}

function answer(id: number, response: Uint8Array<ArrayBuffer>): void {
  const message: FromWorker = { type: "answer", id, response };
  port.postMessage(message, response.byteLength === response.buffer.byteLength ? [response.buffer] : []);
}
