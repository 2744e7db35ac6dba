import { Code, DomainError, UnavailableError } from "@hearth/errors";
import type { PushResponse } from "@hearth/proto/hearth/segmentwriter/v1";
import { deadline, type Clock } from "@hearth/runtime";
import { attemptTimeoutMs } from "./attempt-timeout.ts";
import { fromCode } from "./error-of-code.ts";
import type { KnownWriter, Route, Router, SegmentWriterClient } from "./writer-client.ts";

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

export interface DeliveryDeps {
  readonly router: Router;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** How long delivering may take: writers that are tried share it. */
  readonly timeLimitMs: number;
  /** Told of each request that is sent, and sent again. */
  readonly onSend: (sent: { tenant: string; shard: number; address: string; bytes: number }) => void;
}

/**
 * Sends parcels of one tenant, one request for each shard, all at once.
 *
 * @returns for each parcel, in order: nothing when it is stored, else why it is not.
 */
export async function deliver(
  tenant: string,
  parcels: readonly Parcel[],
  deps: DeliveryDeps,
  signal: AbortSignal,
): Promise<(Error | undefined)[]> {
  try {
    const groups = groupByShard(tenant, parcels, deps.router);
    const outcomes: (Error | undefined)[] = parcels.map(() => undefined);
    await Promise.all(
      groups.map(async ({ route, indexes }) => {
        const group = indexes.map((index) => parcels[index]!);
        const groupOutcomes = await deliverGroup(tenant, group, { route, deps, signal });
        for (const [position, index] of indexes.entries()) outcomes[index] = groupOutcomes[position];
      }),
    );
    return outcomes;
  } catch (error) {
    return parcels.map(() => asError(error));
  }
}

/** Sends what goes to one shard. */
async function deliverGroup(
  tenant: string,
  group: readonly Parcel[],
  call: { route: Route; deps: DeliveryDeps; signal: AbortSignal },
): Promise<(Error | undefined)[]> {
  const { shard, writers } = call.route;
  const batches = group.map(({ serviceName, columns }) => ({ serviceName, columns }));
  const bytes = group.reduce((sum, { columns }) => sum + columns.length, 0);
  const { onSend, ...limit } = call.deps;
  const onAttempt = ({ address }: KnownWriter): void => onSend({ tenant, shard, address, bytes });
  try {
    const attempts = { ...limit, onAttempt, signal: call.signal };
    const { failures } = await send({ tenant, shard, batches }, writers, attempts);
    return outcomesOf(group.length, failures);
  } catch (error) {
    return group.map(() => asError(error));
  }
}

/** @param failures - of the batches that a writer refused, by their index. */
function outcomesOf(count: number, failures: PushResponse["failures"]): (Error | undefined)[] {
  const outcomes: (Error | undefined)[] = Array.from({ length: count });
  for (const { batch, code, message } of failures) {
    if (batch >= count)
      throw writerTrouble(new Error(`answer names a batch that was not sent: batch=${batch}`));
    outcomes[batch] = fromCode(code, message);
  }
  return outcomes;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
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

interface Attempts extends Pick<DeliveryDeps, "clock" | "timeLimitMs"> {
  readonly onAttempt: (writer: KnownWriter) => void;
  readonly signal: AbortSignal;
}

/** Tries writers in turn as long as the fault is theirs. One that hangs does not use up the time of the others. */
async function send(
  request: WriterRequest,
  writers: readonly KnownWriter[],
  { clock, timeLimitMs, onAttempt, signal }: Attempts,
): Promise<PushResponse> {
  const endMs = clock.monotonicMs() + timeLimitMs;
  const tried = writers.slice(0, MAX_ATTEMPTS);
  let last: unknown;
  for (const [index, writer] of tried.entries()) {
    const remainingMs = endMs - clock.monotonicMs();
    const writersLeft = tried.length - index;
    // The last one has all the time that is left: whoever gave the signal sees to that.
    using limit =
      writersLeft > 1 ? deadline(attemptTimeoutMs({ remainingMs, writersLeft }), signal) : undefined;
    try {
      onAttempt(writer);
      return await writer.client.push(request, limit?.signal ?? signal);
    } catch (error) {
      if (signal.aborted || isFinal(error) || isGivenAway(request)) throw error;
      last = error;
    }
  }
  throw writerTrouble(last);
}

/** A writer of this process takes the memory of what it is given: there is nothing left to send to another. */
function isGivenAway({ batches }: WriterRequest): boolean {
  return batches?.some(({ columns }) => columns?.length === 0) === true;
}

/** The same wherever it is sent. */
const FINAL_CODES: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.Canceled,
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
