import { createServiceImplSpec, type MethodImplSpec } from "@connectrpc/connect";

import { methodPath, type ServiceRegistration } from "./service-registration.ts";

/** A method that takes one message and answers with one, ready to be called. */
export interface UnaryMethod {
  readonly spec: MethodImplSpec & { kind: "unary" };
  readonly readMaxBytes: number;
}

/** The unary methods of `registrations`, by path. */
export function unaryMethods(
  registrations: readonly ServiceRegistration[],
  readMaxBytes: number,
): ReadonlyMap<string, UnaryMethod> {
  const methods = new Map<string, UnaryMethod>();
  for (const { service, implementation, readMaxBytes: own } of registrations) {
    for (const spec of Object.values(createServiceImplSpec(service, implementation).methods)) {
      if (spec.kind !== "unary") continue;
      methods.set(methodPath(spec.method), { spec, readMaxBytes: own ?? readMaxBytes });
    }
  }
  return methods;
}
