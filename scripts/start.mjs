// Starts the server on Node 24: the one that the packages brought, or else the machine's own.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `hearth: needs Node 24 or later, this is ${process.version}; there is no packaged Node for ` +
      `${process.platform}-${process.arch}, so please install it (https://nodejs.org)\n`,
  );
  process.exit(1);
}
await import("../services/standalone/src/main.ts");
