import { describe, expect, it } from "@jest/globals";
import type { Clock } from "@hearth/runtime";
import { LOG_LEVELS, memoryLogger, type LogLevel } from "./logger.ts";
import { createLogger, type RootLogger } from "./winston-logger.ts";

const stoppedClock: Clock = {
  nowMs: () => 0,
  nowNanos: () => 0n,
  monotonicMs: () => 0,
  sleep: () => Promise.resolve(),
};

function recordingLogger(level: LogLevel): { logger: RootLogger; writes: string[] } {
  const writes: string[] = [];
  const sink = { write: (text: string) => writes.push(text) };
  return { logger: createLogger({ level, format: "logfmt" }, { clock: stoppedClock, sink }), writes };
}

describe("levels", () => {
  it.each([
    { level: "debug", want: ["debug", "info", "warn", "error"] },
    { level: "info", want: ["info", "warn", "error"] },
    { level: "warn", want: ["warn", "error"] },
    { level: "error", want: ["error"] },
  ] as const)("$level passes $want", ({ level, want }) => {
    const { logger, events } = memoryLogger(level);
    for (const candidate of LOG_LEVELS) logger[candidate]("said");
    expect(events.map((event) => event.level)).toEqual(want);
    expect(LOG_LEVELS.filter((candidate) => logger.isEnabled(candidate))).toEqual(want);
  });
});

describe("a child", () => {
  it("adds its component and fields to those of its parent; an event's own field wins", () => {
    const { logger, events } = memoryLogger();
    const child = logger.child("metastore", { node: 1 }).child("raft", { term: 2 });
    child.info("elected", { term: 3 });
    expect(events).toEqual([
      { level: "info", component: "raft", message: "elected", fields: { node: 1, term: 3 } },
    ]);
  });
});

describe("the process's logger", () => {
  it("collects the lines of one turn into one write", async () => {
    const { logger, writes } = recordingLogger("info");
    logger.info("one");
    logger.child("raft").warn("two", { n: 2 });
    logger.debug("never");
    expect(writes).toEqual([]);
    await new Promise(setImmediate);
    expect(writes).toEqual([
      "ts=1970-01-01T00:00:00.000Z level=info msg=one\n" +
        "ts=1970-01-01T00:00:00.000Z level=warn component=raft msg=two n=2\n",
    ]);
  });

  it("writes an error at once, after what came before it", () => {
    const { logger, writes } = recordingLogger("info");
    logger.info("one");
    logger.error("two");
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatch(/msg=one\n.*msg=two\n$/u);
  });

  it("writes no more than 64 lines at a time, in order, and loses none", () => {
    const { logger, writes } = recordingLogger("info");
    for (let n = 0; n < 150; n++) logger.info("n", { n });
    logger.flush();
    expect(writes.map((text) => text.split("\n").length - 1)).toEqual([64, 64, 22]);
    const numbers = [...writes.join("").matchAll(/n=(\d+)\n/gu)].map((match) => Number(match[1]));
    expect(numbers).toEqual(Array.from({ length: 150 }, (_, n) => n));
  });
});
