// Installs the packages when they are missing or older than the lock file, and otherwise returns at once.
// Runs on any Node that npm brings (so: plain JavaScript, no dependency); the project itself runs on Node 24.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const stamp = join(root, "node_modules", ".hearth-lock-digest");
const digest = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
const installed = existsSync(stamp) && readFileSync(stamp, "utf8") === digest;

if (!installed) {
  process.stderr.write("hearth: installing packages (npm ci), once; this takes about a minute ...\n");
  const result = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (result.status !== 0) {
    process.stderr.write("hearth: npm ci failed; see the messages above\n");
    process.exit(result.status ?? 1);
  }
  writeFileSync(stamp, digest);
  process.stderr.write("hearth: packages are installed\n");
}
