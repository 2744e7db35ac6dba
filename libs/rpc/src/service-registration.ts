import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";

/**
 * A service and the object that implements it. One list of these is what a process offers; a server mounts it on a
 * port, the in-process transport calls it directly, and both behave the same.
 */
export interface ServiceRegistration {
  readonly service: DescService;
  /** Methods by their local names; those that are missing answer `unimplemented`. */
  readonly implementation: Partial<ServiceImpl<DescService>>;
  /** Largest request message, as received and again after decompression. The server's own limit when absent. */
  readonly readMaxBytes: number | undefined;
}

/** Binds `implementation` to `service`, checking the types of all methods. */
export function implement<S extends DescService>(
  service: S,
  implementation: Partial<ServiceImpl<S>>,
  options: { readMaxBytes?: number } = {},
): ServiceRegistration {
  return {
    service,
    implementation,
    readMaxBytes: options.readMaxBytes,
  };
}

/** Services that clients know and Hearth does not have yet: every method answers `unimplemented` instead of 404. */
export function unimplementedServices(services: readonly DescService[]): ServiceRegistration[] {
  return services.map((service) => implement(service, {}));
}

/** Mounts `registrations` on a Connect router. `readMaxBytes` holds for those that name no limit of their own. */
export function mountServices(
  router: ConnectRouter,
  registrations: readonly ServiceRegistration[],
  readMaxBytes: number,
): void {
  for (const { service, implementation, readMaxBytes: own } of registrations) {
    router.service(service, implementation, { readMaxBytes: own ?? readMaxBytes });
  }
}

/** `/package.Service/Method`: the path of a method on every protocol. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
