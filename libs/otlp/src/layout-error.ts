import { InvalidArgumentError } from "@hearth/errors";

/** Refuses a message in a layout that is not converted, saying which release the sender needs. */
export function unsupportedLayout(found: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `otlp export has the layout of ${found}: send that of OTLP 1.10 or later (1.8 and 1.9 are taken too), as the OpenTelemetry Collector does from 0.148 (0.136) on`,
  );
}
