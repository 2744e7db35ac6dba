import { BLOCKS_PREFIX, SEGMENTS_PREFIX, type ObjectStore } from "@hearth/object-store";
import { retry, type Clock, type Random } from "@hearth/runtime";
import { PATIENCE } from "./patience.ts";

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
}

/**
 * Every object below the folders of blocks, whatever its key is, those of segments last. A listing that breaks off goes on after the last key.
 *
 * @throws {UnavailableError} when the bucket does not answer for long.
 */
export async function* listBlockObjects(
  deps: { readonly objectStore: Pick<ObjectStore, "list">; readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): AsyncGenerator<ListedObject, void, undefined> {
  for (const prefix of [BLOCKS_PREFIX, SEGMENTS_PREFIX]) yield* listAll(deps, prefix, signal);
}

async function* listAll(
  deps: Parameters<typeof listBlockObjects>[0],
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ListedObject, void, undefined> {
  let lastKey: string | undefined;
  const open = () => objectsOf(deps.objectStore, { prefix, startAfter: lastKey }, signal);
  let objects = open();
  for (;;) {
    const step = async (attempt: number) => {
      if (attempt > 0) objects = open();
      return objects.next();
    };
    const next = await retry(step, PATIENCE, deps, signal);
    if (next.done === true) return;
    lastKey = next.value.key;
    yield next.value;
  }
}

async function* objectsOf(
  objectStore: Pick<ObjectStore, "list">,
  { prefix, startAfter }: { prefix: string; startAfter: string | undefined },
  signal: AbortSignal,
): AsyncGenerator<ListedObject, void, undefined> {
  const options = startAfter === undefined ? {} : { startAfter };
  for await (const entry of objectStore.list(prefix, options, signal)) {
    if (entry.type === "object") yield { key: entry.key, sizeBytes: entry.sizeBytes };
  }
}
