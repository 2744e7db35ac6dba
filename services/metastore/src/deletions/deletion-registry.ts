import { compileDeletion } from "@hearth/deletions";
import {
  FailedPreconditionError,
  InvalidArgumentError,
  invariant,
  ResourceExhaustedError,
} from "@hearth/errors";
import type { Logger } from "@hearth/telemetry";
import type { CommandProposer } from "../command-proposer.ts";
import { DELETION_VERSION, encodeRequestDeletion } from "../index-state/command-codec.ts";
import type { MetastoreStateMachine } from "../metastore-state-machine.ts";
import type { StateReader } from "../rpc/state-reader.ts";
import { requestRefusal, type Deletion, type DeletionRequest } from "./deletion.ts";
import { reachOf, type DeletionReach } from "./deletion-reach.ts";

export interface DeletionRegistryDeps {
  readonly proposer: CommandProposer;
  readonly reader: StateReader;
  readonly stateMachine: MetastoreStateMachine;
  /** What is asked for and what became of it is told here: for the audit. */
  readonly logger: Logger;
}

/** Takes requests for deletions, and tells when they are done. */
export class DeletionRegistry {
  readonly #deps: DeletionRegistryDeps;

  constructor(deps: DeletionRegistryDeps) {
    this.#deps = deps;
  }

  /**
   * Has rows deleted: whoever asks for data after this returns is not given them.
   *
   * @returns the deletion.
   * @throws {InvalidArgumentError} when the request is not valid.
   * @throws {ResourceExhaustedError} when the tenant has too many in force.
   * @throws {FailedPreconditionError} while a node of the metastore has an older version.
   * @throws {UnavailableError} when it is not, or perhaps not, applied: ask again with the same request id.
   */
  async request(request: DeletionRequest, signal: AbortSignal): Promise<Deletion> {
    const { proposer, stateMachine, logger } = this.#deps;
    checkRequest(request);
    if (proposer.commandVersion < DELETION_VERSION) {
      throw new FailedPreconditionError(
        "nothing can be deleted while a node of the metastore has an older version: upgrade all of them",
      );
    }
    const result = await proposer.propose(
      (envelope) => encodeRequestDeletion(request, { ...envelope, requestId: new Uint8Array() }),
      signal,
    );
    if (result.type === "deletion-refused") throw new ResourceExhaustedError(result.reason);
    invariant(result.type === "deletion-requested", `a request to delete came to ${result.type}`);
    const deletion = stateMachine.state.deletions.table.get(result.number);
    invariant(deletion, "a deletion that was requested is known");
    logger.info("profiles are deleted on request", auditOf(deletion));
    return deletion;
  }

  /** What a request would touch now. @throws {InvalidArgumentError} when it is not valid. */
  async reach(request: DeletionRequest, signal: AbortSignal): Promise<DeletionReach> {
    checkRequest(request);
    return this.#deps.reader.read(signal, ({ index, lastStampMs }) => {
      const latestMs = lastStampMs + 1;
      const endMs = request.endMs === 0 ? latestMs : Math.min(request.endMs, latestMs);
      return reachOf(index, compileDeletion({ ...request, endMs, number: Infinity }));
    });
  }

  /** To be told of each poll that was applied here first: that it did for whom, for the audit. */
  noteDone(numbers: readonly number[]): void {
    for (const number of numbers) {
      const deletion = this.#deps.stateMachine.state.deletions.table.get(number);
      if (!deletion) continue;
      const elapsedMs = (deletion.goneMs ?? deletion.requestedMs) - deletion.requestedMs;
      this.#deps.logger.info("the bytes of deleted profiles are gone", { ...auditOf(deletion), elapsedMs });
    }
  }
}

function checkRequest(request: DeletionRequest): void {
  const refusal = requestRefusal(request);
  if (refusal !== undefined) throw new InvalidArgumentError(refusal);
}

function auditOf({ number, tenant, matchers, startMs, endMs, requestedBy, reason, requestedMs }: Deletion) {
  const selector = matchers.map(({ name, operator, value }) => `${name}${operator}${JSON.stringify(value)}`);
  const range = { startMs, endMs };
  return {
    deletion: number,
    tenant,
    selector: `{${selector.join(", ")}}`,
    ...range,
    requestedBy,
    reason,
    requestedMs,
  };
}
