import { systemClock } from "@hearth/runtime";
import { counter, createLogger, MetricRegistry } from "@hearth/telemetry";
import { bench, group } from "mitata";

/** What telemetry costs where it is called often. */
export function register(): void {
  group("telemetry", () => {
    const logger = createLogger(
      { level: "info", format: "logfmt" },
      { clock: systemClock, sink: { write: () => true } },
    );
    const fields = {
      tenant: "acme",
      shard: 7,
      block: "01J2VJQPYDC160REPAD2VN88XN",
      rows: 1200,
      sizeBytes: 5e6,
    };
    bench("log line, written", () => logger.info("flushed", fields));
    bench("log line, suppressed", () => logger.debug("flushed", fields));

    const registry = new MetricRegistry();
    const { rows } = registry.define({ rows: counter("rows_total", "Rows.", ["tenant", "shard"]) });
    bench("counter with two labels", () => rows.inc({ tenant: "acme", shard: "7" }));
  });
}
