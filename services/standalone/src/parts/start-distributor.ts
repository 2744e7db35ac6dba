import {
  segmentWriterClient,
  segmentWriterMembers,
  type SegmentWriterMember,
  type ServicePool,
} from "@hearth/clients";
import { DistributorService, PlacementRouter, type KnownWriter } from "@hearth/distributor";
import type { LimitsSource } from "@hearth/tenant-limits";
import type { ProcessContext } from "../process-context.ts";
import type { Part } from "./part.ts";

/** Starts the distributor, with the way to segment writers: that of this process, or those at their address. */
export async function startDistributor(context: ProcessContext, limits: LimitsSource): Promise<Part> {
  const knownWriters = context.runs("segment-writer")
    ? ownWriter(context)
    : remoteWriters(await context.openPool(context.settings.addresses.segmentWriter));
  const distributor = new DistributorService(context.settings.distributor, {
    ...context.shared,
    ...context.ingestThreads(),
    limits,
    router: new PlacementRouter(knownWriters, { limits, random: context.random }),
    logger: context.logger.child("distributor"),
  });
  context.opened.use(distributor);
  return {
    publicServices: distributor.services,
    routes: [(app) => distributor.registerRoutes(app)],
    checks: [
      {
        name: "distributor",
        check: () => (knownWriters().length > 0 ? undefined : "no segment writer is known"),
      },
    ],
  };
}

function ownWriter(context: ProcessContext): () => readonly KnownWriter[] {
  const client = segmentWriterClient(context.inProcess());
  const writers = [
    {
      id: "segment-writer-0",
      address: "in process",
      client: { push: (request, signal) => client.push(request, { signal }) },
    },
  ] satisfies KnownWriter[];
  return () => writers;
}

/** The members of the pool, the same array as long as they are the same. */
function remoteWriters(pool: ServicePool): () => readonly KnownWriter[] {
  let members: unknown;
  let writers: readonly KnownWriter[] = [];
  return () => {
    if (members !== pool.members) {
      members = pool.members;
      writers = segmentWriterMembers(pool).map(toWriter);
    }
    return writers;
  };
}

function toWriter({ id, address, client }: SegmentWriterMember): KnownWriter {
  return { id, address, client: { push: (request, signal) => client.push(request, { signal }) } };
}
