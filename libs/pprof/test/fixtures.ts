import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("fixtures/", import.meta.url);

/** Small profiles of real agents and some written by hand, as they were sent. */
export const fixtures: readonly { readonly name: string; readonly body: Uint8Array }[] = readdirSync(folder)
  .toSorted()
  .map((name) => ({ name, body: readFileSync(new URL(name, folder)) }));
