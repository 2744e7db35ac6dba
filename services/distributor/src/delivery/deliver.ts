import { Code, DomainError, UnavailableError } from "@hearth/errors";
import type { PushResponse } from "@hearth/proto/hearth/segmentwriter/v1";
import { fromCode } from "./error-of-code.ts";
import type { Route, Router, SegmentWriterClient } from "./writer-client.ts";

/** Columns of one service, on their way to a writer. */
export interface Parcel {
  readonly serviceName: string;
  readonly fingerprint: bigint;
  readonly columns: Uint8Array;
}

/** At most so many writers are tried for a request. */
const MAX_ATTEMPTS = 6;
/** What a client should wait when no writer could take its profiles. */
const RETRY_AFTER_MS = 1000;

/**
 * Sends parcels of one tenant, one request for each shard, all at once.
 *
 * @returns for each parcel, in order: nothing when it is stored, else why it is not.
 */
export async function deliver(
  tenant: string,
  parcels: readonly Parcel[],
  router: Router,
  signal: AbortSignal,
): Promise<(Error | undefined)[]> {
  const outcomes: (Error | undefined)[] = parcels.map(() => undefined);
  const sendGroup = async ({ route, indexes }: RoutedGroup): Promise<void> => {
    try {
      const batches = indexes.map((index) => ({
        serviceName: parcels[index]!.serviceName,
        columns: parcels[index]!.columns,
      }));
      const { failures } = await send({ tenant, shard: route.shard, batches }, route.writers, signal);
      for (const { batch, code, message } of failures) outcomes[indexes[batch]!] = fromCode(code, message);
    } catch (error) {
      for (const index of indexes)
        outcomes[index] = error instanceof Error ? error : new Error(String(error));
    }
  };
  try {
    await Promise.all(groupByShard(tenant, parcels, router).map(sendGroup));
  } catch (error) {
    return parcels.map(() => error as Error);
  }
  return outcomes;
}

interface RoutedGroup {
  readonly route: Route;
  readonly indexes: number[];
}

function groupByShard(tenant: string, parcels: readonly Parcel[], router: Router): RoutedGroup[] {
  const groups = new Map<number, RoutedGroup>();
  for (const [index, { serviceName, fingerprint }] of parcels.entries()) {
    const route = router.route({ tenant, serviceName, fingerprint });
    const group = groups.get(route.shard);
    if (group) group.indexes.push(index);
    else groups.set(route.shard, { route, indexes: [index] });
  }
  return [...groups.values()];
}

type WriterRequest = Parameters<SegmentWriterClient["push"]>[0];

/** Tries writers in turn as long as the fault is theirs. */
async function send(
  request: WriterRequest,
  writers: readonly SegmentWriterClient[],
  signal: AbortSignal,
): Promise<PushResponse> {
  let last: unknown;
  for (const writer of writers.slice(0, MAX_ATTEMPTS)) {
    try {
      return await writer.push(request, signal);
    } catch (error) {
      if (signal.aborted || isFinal(error)) throw error;
      last = error;
    }
  }
  throw writerTrouble(last);
}

/** The same wherever it is sent. */
const FINAL_CODES: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.Canceled,
  Code.DeadlineExceeded,
  Code.PermissionDenied,
  Code.Unauthenticated,
]);

function isFinal(error: unknown): boolean {
  return error instanceof DomainError && FINAL_CODES.has(error.code);
}

/** Trouble of the writers is never the client's fault: it may try again. */
function writerTrouble(cause: unknown): DomainError {
  if (cause instanceof DomainError && cause.code === Code.ResourceExhausted) return cause;
  return new UnavailableError("no segment writer could store the profiles, try again", {
    cause,
    retryAfterMs: RETRY_AFTER_MS,
  });
}
