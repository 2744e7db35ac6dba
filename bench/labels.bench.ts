import { bench, group } from "mitata";
import {
  compilePattern,
  createRelabeler,
  fingerprint,
  labelSet,
  parseSelector,
  withDefaultRules,
} from "@hearth/labels";

const labels = labelSet(
  ["__name__", "service_name", "namespace", "pod", "container", "region", "version", "otel.scope.name"].map(
    (name, index) => ({ name, value: `value-of-${name}-${index}` }),
  ),
);

export function register(): void {
  group("labels", () => {
    bench("fingerprint of 8 labels", () => fingerprint(labels));
    bench("sort 8 labels", () => labelSet(labels));
    const relabeler = createRelabeler(withDefaultRules([], "first"));
    bench("default relabel rules over 8 labels", () => relabeler.relabel(labels));
    bench("parse a selector", () => parseSelector('{service_name="checkout",pod=~"checkout-.*"}'));
  });
  group("patterns", () => {
    for (const pattern of ["value-.*", "a|b|value-of-pod-3", "value-of-(pod|node)-[0-9]+"]) {
      const matches = compilePattern(pattern);
      bench(pattern, () => matches("value-of-pod-3"));
    }
  });
}
