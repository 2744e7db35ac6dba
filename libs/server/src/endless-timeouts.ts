import type { IncomingHttpHeaders } from "node:http";

/** Longer than Node's timers can wait: one that is asked to goes off at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Takes off a client's time limit that is longer than 24 days: there is none then but the server's own. */
export function dropEndlessTimeouts(headers: IncomingHttpHeaders): void {
  const connectMs = /^\d{1,10}$/u.exec(String(headers["connect-timeout-ms"]))?.[0];
  if (Number(connectMs) > MAX_TIMER_MS) delete headers["connect-timeout-ms"];
  const [, number, unit = ""] = /^(\d{1,8})([HMSmun])$/u.exec(String(headers["grpc-timeout"])) ?? [];
  if (Number(number) * UNIT_MS[unit]! > MAX_TIMER_MS) delete headers["grpc-timeout"];
}
