import { join } from "node:path";

/** Compiled code is kept where `npm start` keeps it: half of the time of a start. For processes that are started often. */
export const quickStart = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, "..", "..", "node_modules", ".cache", "hearth"),
} as const;
