import { readFileSync } from "node:fs";

/** The version in the package's own description. */
export const version: string = readVersion();

function readVersion(): string {
  const path = new URL("../package.json", import.meta.url);
  const description = JSON.parse(readFileSync(path, "utf8")) as { version: string };
  return description.version;
}
