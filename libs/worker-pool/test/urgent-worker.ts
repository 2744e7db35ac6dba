/** Tasks of another entry, for tests of pools that share threads. */
import { workerTask } from "../src/index.ts";

export const triple = workerTask((value: number) => value * 3);
