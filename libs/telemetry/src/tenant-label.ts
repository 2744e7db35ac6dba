import type { BoundedLabel } from "./bounded-label.ts";

/** What can be called with labels, of any kind of metric. */
const METHODS = ["inc", "dec", "set", "observe", "remove"] as const;

type Call = (labels: Readonly<Record<string, string>>, ...rest: readonly unknown[]) => unknown;

/** The same metric, whose label `tenant` takes only the values that `tenants` lets pass. */
export function boundTenants<M extends object>(metric: M, tenants: BoundedLabel): M {
  const own = metric as Partial<Record<(typeof METHODS)[number], Call>>;
  for (const name of METHODS) {
    const call = own[name]?.bind(metric);
    if (call === undefined) continue;
    own[name] = (labels, ...rest) => call(bounded(labels, tenants), ...rest);
  }
  return metric;
}

function bounded(
  labels: Readonly<Record<string, string>>,
  tenants: BoundedLabel,
): Readonly<Record<string, string>> {
  const { tenant } = labels;
  if (tenant === undefined) return labels;
  const passed = tenants.of(tenant);
  return passed === tenant ? labels : { ...labels, tenant: passed };
}
