import { create } from "@bufbuild/protobuf";
import { UnavailableError } from "@hearth/errors";
import {
  CompareStateResponseSchema,
  RaftCheckService,
  type CompareStateRequest,
} from "@hearth/proto/hearth/raft/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";

import {
  checkEnvelope,
  counted,
  InvalidFrameError,
  safeInteger,
  type TransportObserver,
} from "../raft-transport/index.ts";
import type { Identity } from "../replicated-log/identity.ts";
import { MAX_DIGEST_LENGTH } from "./check-client.ts";
import { answerState, type CheckedLog, type StateQuestion } from "./own-state.ts";

export interface CheckServiceDeps {
  readonly log: CheckedLog;
  /** The version of the state machine that this program has. */
  readonly stateVersion: number;
  readonly observer: TransportObserver;
}

const MAX_REQUEST_BYTES = 4096;

/** What a node tells the leader of its state; requests are checked as those of the transport are. */
export function checkService({ log, stateVersion, observer }: CheckServiceDeps): ServiceRegistration {
  return implement(
    RaftCheckService,
    {
      compareState: async (request) => {
        const { identity } = log;
        if (!identity) throw new UnavailableError("this node of the metastore is starting");
        const question = counted(observer, () => decodeQuestion(request, identity));
        const { problem } = log.status();
        if (problem !== undefined) throw new UnavailableError(problem);
        const answer = await answerState(log, stateVersion, question);
        return create(CompareStateResponseSchema, { ...answer, digest: answer.digest ?? "" });
      },
    },
    { readMaxBytes: MAX_REQUEST_BYTES },
  );
}

function decodeQuestion(request: CompareStateRequest, identity: Identity): StateQuestion {
  checkEnvelope(request.envelope, identity);
  const index = safeInteger("index", request.index);
  const { stateVersion, agreedDigest } = request;
  if (agreedDigest.length > MAX_DIGEST_LENGTH) throw new InvalidFrameError("agreed_digest", "too long");
  return { stateVersion, index, agreedDigest: agreedDigest === "" ? undefined : agreedDigest };
}
