import { create, toBinary, type MessageShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  ExportProfilesServiceResponseSchema,
  type ExportProfilesServiceResponse,
} from "@hearth/proto/opentelemetry/proto/collector/profiles/v1development";
import { implement, tenantsKey, type ServiceRegistration } from "@hearth/rpc";
import type { ArtificialDelay } from "../push/artificial-delay.ts";
import type { Distributor } from "../push/distributor.ts";
import { onlyTenant } from "../push/only-tenant.ts";
import { answerOf } from "./export-answer.ts";
import { rawExportSchema, rawProfilesService } from "./raw-export.ts";

/** OpenTelemetry's own limit of a message over gRPC. */
const READ_MAX_BYTES = 100 * 2 ** 20;

/** `opentelemetry…ProfilesService/Export`, over gRPC and Connect. */
export function exportService(distributor: Distributor, delay: ArtificialDelay): ServiceRegistration {
  const exportProfiles = async (
    request: MessageShape<typeof rawExportSchema>,
    context: HandlerContext,
  ): Promise<ExportProfilesServiceResponse> => {
    const beganMs = delay.begin();
    const tenant = onlyTenant(context.values.get(tenantsKey));
    const body = toBinary(rawExportSchema, request);
    const pushed = { body, encoding: "protobuf", compression: "identity" } as const;
    const partialSuccess = answerOf(await distributor.pushExport(tenant, pushed, context.signal));
    await delay.hold({
      tenant,
      beganMs,
      signal: context.signal,
      setHeader: (name, value) => context.responseHeader.set(name, value),
    });
    if (!partialSuccess) return create(ExportProfilesServiceResponseSchema);
    const { rejectedProfiles, errorMessage } = partialSuccess;
    return create(ExportProfilesServiceResponseSchema, {
      partialSuccess: { rejectedProfiles: BigInt(rejectedProfiles), errorMessage },
    });
  };
  // The service is described at run time, so its types are not known when this is compiled.
  const implementation = { export: exportProfiles } as unknown as Parameters<typeof implement>[1];
  return implement(rawProfilesService, implementation, { readMaxBytes: READ_MAX_BYTES });
}
