import { readFileSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Loaded into a node's process ahead of it: each sync of a file takes as many milliseconds longer as the file says that
 * `SLOW_DISK_FILE` names, and none when it is not there. LevelDB syncs by itself, but no batch is acknowledged before
 * the hard state is synced too.
 */
const path = process.env["SLOW_DISK_FILE"] ?? "";
const handle = await open(process.execPath);
const prototype = Object.getPrototypeOf(handle) as FileHandle;
await handle.close();
for (const name of ["sync", "datasync"] as const) {
  const sync = prototype[name];
  prototype[name] = async function (this: FileHandle): Promise<void> {
    await sleep(delayMs());
    await sync.call(this);
  };
}

function delayMs(): number {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0;
  }
}
