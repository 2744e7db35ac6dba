/** From most to least talkative. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts of an event. Names are lowerCamel; an `Error` is written with its causes, a `bigint` in decimal. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes events: a constant message plus fields. Never throws, whatever the fields are.
 *
 * Nothing per profile above `debug`, and where building the fields costs something, ask `isEnabled` first.
 */
export interface Logger {
  isEnabled(level: LogLevel): boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose events carry `component`, and `fields` besides those of its parent. */
  child(component: string, fields?: LogFields): Logger;
}

/** An event on its way to an output. */
export interface LogEvent {
  readonly level: LogLevel;
  readonly component: string | undefined;
  readonly message: string;
  readonly fields: LogFields;
}

/**
 * A logger that hands the events at or above `level` to `write`.
 *
 * The level is tested before anything else happens: winston formats a line first and drops it afterwards,
 * which makes a suppressed line as dear as a written one.
 */
export function levelledLogger(level: LogLevel, write: (event: LogEvent) => void): Logger {
  const lowest = LOG_LEVELS.indexOf(level);
  const enabled = (candidate: LogLevel): boolean => LOG_LEVELS.indexOf(candidate) >= lowest;
  const isOn = { debug: enabled("debug"), info: enabled("info"), warn: enabled("warn"), error: true };

  const make = (component: string | undefined, bound: LogFields): Logger => {
    const log = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
      if (isOn[level]) write({ level, component, message, fields: fields ? { ...bound, ...fields } : bound });
    };
    return {
      isEnabled: (level) => isOn[level],
      debug: (message, fields) => log("debug", message, fields),
      info: (message, fields) => log("info", message, fields),
      warn: (message, fields) => log("warn", message, fields),
      error: (message, fields) => log("error", message, fields),
      child: (component, fields) => make(component, { ...bound, ...fields }),
    };
  };
  return make(undefined, {});
}

/** Says nothing: for tests and tools that do not care. */
export const noopLogger: Logger = {
  isEnabled: () => false,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => noopLogger,
};

/** Keeps what was logged, for tests that assert on it. */
export function memoryLogger(level: LogLevel = "debug"): { logger: Logger; events: LogEvent[] } {
  const events: LogEvent[] = [];
  return { logger: levelledLogger(level, (event) => events.push(event)), events };
}
