import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { UnavailableError } from "@hearth/errors";
import { RaftMembershipService } from "@hearth/proto/hearth/raft/v1";
import { undiciTransport, type ClientTls } from "@hearth/rpc";

import { readTlsFiles } from "../../src/raft-transport/index.ts";
import { MetastoreGroup } from "../support/metastore-group.ts";

const certificates = join(import.meta.dirname, "../raft-transport/certificates");
const pathsOf = (name: string): { caPath: string; certPath: string; keyPath: string } => ({
  caPath: join(certificates, "ca.crt"),
  certPath: join(certificates, `${name}.crt`),
  keyPath: join(certificates, `${name}.key`),
});

describe("a group whose nodes have certificates", () => {
  let folder: string;
  let group: MetastoreGroup;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "metastore-tls-"));
    const { caPath: tlsCaPath, certPath: tlsCertPath, keyPath: tlsKeyPath } = pathsOf("node");
    group = await MetastoreGroup.start(3, { tlsCaPath, tlsCertPath, tlsKeyPath });
  }, 60_000);

  afterAll(async () => {
    await group[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function statusAs(scheme: string, tls?: ClientTls): Promise<string> {
    await using transport = undiciTransport({
      origin: `${scheme}://${group.members[0]?.name}`,
      maxConnections: 1,
      connectTimeoutMs: 2_000,
      defaultTimeoutMs: 2_000,
      readMaxBytes: 1_000,
      ...(tls && { tls }),
    });
    return (await createClient(RaftMembershipService, transport).getStatus({})).clusterId;
  }

  it("finds a leader", async () => {
    const { leader, followers } = await group.settled();
    expect([leader, ...followers]).toHaveLength(3);
  }, 60_000);

  it("answers who has a certificate of its authority, and nobody else", async () => {
    const { ca } = await readTlsFiles(pathsOf("node"));
    await expect(statusAs("https", await readTlsFiles(pathsOf("node")))).resolves.toHaveLength(32);
    await expect(statusAs("https", { ...(await readTlsFiles(pathsOf("stranger"))), ca })).rejects.toThrow(
      UnavailableError,
    );
    await expect(statusAs("http")).rejects.toThrow(UnavailableError);
  });
});
