// Starts the server on Node 24: the one that the packages brought, or else the machine's own.
import { enableCompileCache } from "node:module";
import { join } from "node:path";

const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `hearth: needs Node 24 or later, this is ${process.version}; there is no packaged Node for ` +
      `${process.platform}-${process.arch}, so please install it (https://nodejs.org)\n`,
  );
  process.exit(1);
}

// glibc keeps what threads free, in arenas for each of them, for their next allocations: a quarter of the memory of this
// process, most of whose data are arrays of some 100 KB that come and go. With two arenas, and large arrays mapped one by
// one, it gives them back. glibc reads this when a process begins, so the process begins once more, under the same id.
const mallocSettings = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "131072" };
const isMallocSet = Object.keys(mallocSettings).some((name) => process.env[name] !== undefined);
if (process.platform === "linux" && process.execve !== undefined && !isMallocSet) {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, command, { ...process.env, ...mallocSettings });
}

// Compiled code is kept beside the packages: the second start takes half the time, and worker threads, which read the
// variable, start faster too. Where the folder cannot be written, nothing is kept.
const cache =
  process.env["NODE_COMPILE_CACHE"] ?? join(import.meta.dirname, "..", "node_modules", ".cache", "hearth");
process.env["NODE_COMPILE_CACHE"] = cache;
enableCompileCache(cache);

// Syncing files, compressing and name look-ups share these threads; four are not enough for a log and a bucket.
process.env["UV_THREADPOOL_SIZE"] ??= "8";

await import("../services/standalone/src/main.ts");
