import { Writable } from "node:stream";
import type { Clock } from "@hearth/runtime";
import winston from "winston";
import { formatLogLine, type LogFormat } from "./log-line.ts";
import { levelledLogger, type LogEvent, type Logger, type LogLevel } from "./logger.ts";
import { activeTraceId } from "./spans.ts";

/** Lines wait for the end of the current turn of the event loop, at most this many of them. */
const BATCH_LINES = 64;
/** Where winston looks for the finished line. */
const LINE = Symbol.for("message");

/** Where lines go: `process.stderr`, or a test's array. `text` is one or more whole lines. */
export interface LogSink {
  write(text: string): unknown;
}

/** A logger with something still to write. */
export interface RootLogger extends Logger {
  /** Writes what waits. Call it last when the process ends. */
  flush(): void;
}

/**
 * The process's logger: winston with one format and one transport.
 *
 * Lines are collected and written once per turn of the event loop or every 64 lines; an `error` is written at once,
 * with everything before it, so that the last words of a dying process are not lost.
 */
export function createLogger(
  settings: { readonly level: LogLevel; readonly format: LogFormat },
  deps: { readonly clock: Clock; readonly sink: LogSink },
): RootLogger {
  const batch = new LineBatch(deps.sink);
  const format = winston.format((info) => {
    const context = { unixMs: deps.clock.nowMs(), traceId: activeTraceId() };
    info[LINE] = formatLogLine(settings.format, info["event"] as LogEvent, context);
    return info;
  });
  const output = winston.createLogger({
    level: "debug",
    format: format(),
    transports: [new winston.transports.Stream({ stream: batch, eol: "\n" })],
  });
  const logger = levelledLogger(settings.level, (event) => {
    output.log({ level: event.level, message: event.message, event });
    if (event.level === "error") batch.flush();
  });
  return { ...logger, flush: () => batch.flush() };
}

/** Collects lines and passes them on in few writes. Accepts every line at once: standard error is written synchronously. */
class LineBatch extends Writable {
  readonly #sink: LogSink;
  #lines: string[] = [];
  #isScheduled = false;

  constructor(sink: LogSink) {
    super({ decodeStrings: false });
    this.#sink = sink;
  }

  override _write(line: string, _encoding: BufferEncoding, done: () => void): void {
    this.#lines.push(line);
    if (this.#lines.length >= BATCH_LINES) this.flush();
    else this.#schedule();
    done();
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("");
    this.#lines = [];
    this.#sink.write(text);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
