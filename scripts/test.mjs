// The whole check, cheap things first: generated code, types, lint, format, then every test.
// `npm test -- --only jest -t "name"` and the like pass arguments on to jest.
import { spawnSync } from "node:child_process";

const jestArguments = process.argv.slice(2);
const steps = [
  { name: "generated code is fresh", command: "node", args: ["scripts/generate-proto.mjs", "--check"] },
  { name: "types", command: "tsc", args: ["--noEmit"] },
  { name: "lint", command: "oxlint", args: ["--type-aware", "--deny-warnings"] },
  { name: "format", command: "oxfmt", args: ["--check"] },
  {
    name: "tests",
    command: "node",
    args: ["--experimental-vm-modules", "--no-warnings", "node_modules/jest/bin/jest.js", ...jestArguments],
  },
];

for (const { name, command, args } of steps) {
  const began = performance.now();
  process.stderr.write(`\n── ${name}\n`);
  const { status } = spawnSync(command, args, { stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) {
    process.stderr.write(`\n${name}: failed\n`);
    if (name !== "tests") process.stdout.write("0 passed, 1 failed\n");
    process.exit(status ?? 1);
  }
  // The tests close with a line of their own, the last of all.
  if (name !== "tests") process.stderr.write(`   ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}
