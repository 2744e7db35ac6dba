import { blockObjectKey } from "@hearth/object-store";
import { seededRandom, UlidFactory } from "@hearth/runtime";

import type { FakeMetastore } from "./fake-metastore.ts";
import { textBlock, type TextBlock } from "./text-blocks.ts";
import type { makeHarness } from "./worker-harness.ts";

const { signal } = new AbortController();
type Harness = ReturnType<typeof makeHarness>;

/** Registered segments, each with a row of its own and one that all have. */
export async function storeSegments(harness: Harness, count: number, rowBytes = 1): Promise<TextBlock[]> {
  const ulids = new UlidFactory({ clock: harness.clock, random: seededRandom(7) });
  const segments = Array.from({ length: count }, (_, index) =>
    textBlock({ id: ulids.next(), tenant: "", shard: 1, level: 0 }, [
      `acme/${String(index).padEnd(rowBytes, "x")}`,
      "acme/same",
      "evil/same",
    ]),
  );
  for (const { meta, bytes } of segments) {
    await harness.bucket.put(blockObjectKey(meta), bytes, {}, signal);
    harness.metastore.register(meta);
  }
  return segments;
}

/** Of all objects in the bucket. */
export async function keysIn({ bucket }: Harness): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of bucket.list("", {}, signal)) if (entry.type === "object") keys.push(entry.key);
  return keys;
}

/** Of the reports that were taken. */
export function outcomes({ taken }: FakeMetastore): (string | undefined)[] {
  return taken.map(({ outcome }) => outcome.case);
}

/** How many reports each poll told. */
export function reportsOf({ requests }: FakeMetastore): number[] {
  return requests.map(({ reports }) => reports.length);
}

/** A merge that waits to be let go, and remembers whether it was stopped. */
export function gate() {
  const opened = Promise.withResolvers<void>();
  const seen = { running: 0, stopped: 0 };
  const pause = async (_job: unknown, stop: AbortSignal): Promise<void> => {
    seen.running++;
    const stopped = Promise.withResolvers<never>();
    stop.addEventListener("abort", () => stopped.reject(stop.reason as Error), { once: true });
    await Promise.race([opened.promise, stopped.promise]).catch((error: unknown) => {
      seen.stopped++;
      throw error;
    });
  };
  return { pause, seen, open: () => opened.resolve() };
}
