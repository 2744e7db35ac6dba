import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FilesystemObjectStore } from "@hearth/object-store";
import { systemClock, systemRandom } from "@hearth/runtime";
import { bench, group } from "mitata";

/** What a segment costs to keep in a folder, with all syncs, and to read back in parts. */
export function register(): void {
  const dir = mkdtempSync(join(tmpdir(), "hearth-bench-objects-"));
  process.once("exit", () => rmSync(dir, { recursive: true }));
  const store = new FilesystemObjectStore({ dir }, { clock: systemClock, random: systemRandom });
  const started = store.start(signal);
  const megabyte = randomBytes(1_000_000);

  let putCount = 0;
  const put = (bytes: Uint8Array): Promise<void> =>
    store.put(`segments/1/anonymous/${putCount++ % 200}/block.bin`, bytes, {}, signal);

  group("object store in a folder", () => {
    bench("put 1 MB", async () => {
      await started;
      await put(megabyte);
    });
    bench("put 8 × 1 MB at once", async () => {
      await started;
      await Promise.all(Array.from({ length: 8 }, () => put(megabyte)));
    });
    bench("put 1 MB, read 16 ranges of 16 KB", async () => {
      await started;
      await store.put("ranges", megabyte, {}, signal);
      await Promise.all(Array.from({ length: 16 }, (_, index) => readRange(store, index)));
    });
  });
}

const { signal } = new AbortController();

function readRange(store: FilesystemObjectStore, index: number): Promise<Uint8Array> {
  return store.getRange("ranges", { offset: index * 60_000, length: 16_384 }, signal);
}
