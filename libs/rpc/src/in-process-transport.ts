import { create, type MessageShape } from "@bufbuild/protobuf";
import { createHandlerContext, type Interceptor, type Transport } from "@connectrpc/connect";
import { invokeUnaryImplementation } from "@connectrpc/connect/protocol";
import { UnimplementedError } from "@hearth/errors";

import { CALL_IS_OVER } from "./abort-reason.ts";
import { fromConnectError } from "./error-mapping.ts";
import { methodPath, type ServiceRegistration } from "./service-registration.ts";
import { type UnaryMethod, unaryMethods } from "./unary-methods.ts";

/**
 * Calls services of the same process through the interface of their generated clients: no sockets, no bytes. Errors,
 * deadlines and metrics are those of a call over the network, since both pass the same `interceptors` and the same
 * mapping; a failure rejects with a `DomainError`.
 *
 * Messages are handed over as they are, so neither side may change one after it gave it away. Streams are not offered:
 * our own contracts have none.
 */
export function inProcessTransport(
  registrations: readonly ServiceRegistration[],
  interceptors: readonly Interceptor[],
): Transport {
  const methods = unaryMethods(registrations, Number.MAX_SAFE_INTEGER);
  const chain = [...interceptors];
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const spec = unarySpec(methods, methodPath(method));
      const context = createHandlerContext({
        service: method.parent,
        method,
        protocolName: "in-process",
        requestMethod: "POST",
        url: methodPath(method),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(signal === undefined ? {} : { requestSignal: signal }),
        ...(header === undefined ? {} : { requestHeader: header }),
        ...(contextValues === undefined ? {} : { contextValues }),
      });
      try {
        const request = create(method.input, input);
        const message = await invokeUnaryImplementation(spec, context, request, chain);
        return {
          stream: false,
          service: method.parent,
          method,
          header: context.responseHeader,
          trailer: context.responseTrailer,
          message: message as MessageShape<typeof method.output>,
        };
      } catch (error) {
        throw fromConnectError(error);
      } finally {
        context.abort(CALL_IS_OVER);
      }
    },
    stream: (method) =>
      Promise.reject(new UnimplementedError(`no streams in process: method=${methodPath(method)}`)),
  };
}

function unarySpec(methods: ReadonlyMap<string, UnaryMethod>, path: string): UnaryMethod["spec"] {
  const method = methods.get(path);
  if (method === undefined) throw new UnimplementedError(`no such method in this process: method=${path}`);
  return method.spec;
}
