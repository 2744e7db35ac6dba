import type { DescService } from "@bufbuild/protobuf";
import { createClient, type Client } from "@connectrpc/connect";
import { undiciTransport, type ClientTls } from "@hearth/rpc";

const TIMEOUT_MS = 2_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export interface PeerAddress {
  /** `host:port` of the group port. */
  readonly name: string;
  readonly tls: ClientTls | undefined;
}

/** Asks another node what is asked seldom: each question has a connection of its own. @throws what the call throws. */
export async function callPeer<S extends DescService, T>(
  service: S,
  { name, tls }: PeerAddress,
  question: (client: Client<S>) => Promise<T>,
): Promise<T> {
  await using transport = undiciTransport({
    origin: `${tls ? "https" : "http"}://${name}`,
    maxConnections: 1,
    connectTimeoutMs: TIMEOUT_MS,
    defaultTimeoutMs: TIMEOUT_MS,
    readMaxBytes: MAX_ANSWER_BYTES,
    ...(tls && { tls }),
  });
  return await question(createClient(service, transport));
}
