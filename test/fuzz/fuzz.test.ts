import { execFile } from "node:child_process";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { loadGoldenCase } from "../conformance/golden-case.ts";
import { holdConversation } from "../conformance/hold-conversation.ts";
import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { fuzzEndpoints } from "./fuzz-endpoints.ts";
import { judgeAnswer, type Asker } from "./judge-answer.ts";
import { mutant } from "./mutate-request.ts";
import { INTERNAL_TARGETS, loadInternalSeeds, loadSeeds } from "./seeds.ts";

/** The short form; `npm run fuzz` has the long one. */
const SEED = 20_261_123;
const INPUTS_PER_DECODER = 250;
const REQUESTS = 2_000;
const INTERNAL_REQUESTS = 500;
const MAX_MEMORY_BYTES = 800e6;
const TIMEOUT_MS = 90_000;

describe("decoders of mutated bytes", () => {
  // In a process of its own: there a rejection that nobody handles comes to light, here it would not.
  it("end soon, and throw nothing but what may be told", async () => {
    const args = ["--part", "decoders", "--count", String(INPUTS_PER_DECODER), "--seed", String(SEED)];
    expect(await outputOf([join(import.meta.dirname, "run.ts"), ...args])).toMatch(/^fuzz: 0 offences/mu);
  });
});

describe("a server that gets mutated requests", () => {
  const folder = temporaryFolder("fuzz");
  let server: ServerProcess;

  beforeAll(async () => {
    server = await ServerProcess.start({ dir: folder.path, flags: goldenFlags });
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    folder.remove();
  });

  it(
    "answers each soon and in the protocol's form, and its memory stays bounded",
    async () => {
      const run = {
        url: server.url,
        asker: "client" as const,
        seeds: await loadSeeds(),
        seed: SEED,
        first: 0,
        count: REQUESTS,
      };
      const { offences, peakMemoryBytes } = await fuzzEndpoints(server, run);
      expect(offences).toEqual([]);
      expect(peakMemoryBytes).toBeLessThan(MAX_MEMORY_BYTES);
    },
    TIMEOUT_MS,
  );

  it("still tells the truth after that", async () => {
    expect(await holdConversation(server.url, loadGoldenCase("core-mini-cpu"))).toEqual([]);
  });
});

describe("parts that get mutated calls of other parts", () => {
  const folder = temporaryFolder("fuzz-internal");
  let server: ServerProcess;

  beforeAll(async () => {
    const flags = [...goldenFlags, INTERNAL_TARGETS];
    server = await ServerProcess.start({ dir: folder.path, flags });
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    folder.remove();
  });

  it(
    "answer each soon and in the protocol's form",
    async () => {
      const seeds = loadInternalSeeds();
      const run = {
        url: `http://${server.rpcAddress}`,
        asker: "part" as const,
        seeds,
        seed: SEED,
        first: 0,
        count: INTERNAL_REQUESTS,
      };
      const { offences } = await fuzzEndpoints(server, run);
      expect(offences).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe("mutant", () => {
  it("is the same again for the same seed and index", async () => {
    const seeds = await loadSeeds();
    const request = mutant(seeds, { seed: 1, index: 17 });
    expect(mutant(seeds, { seed: 1, index: 17 })).toEqual(request);
    expect(mutant(seeds, { seed: 1, index: 18 })).not.toEqual(request);
  });
});

describe("judgeAnswer", () => {
  const request = { method: "POST", path: "/", query: "", headers: {}, body: new Uint8Array() };
  const json = { asker: "client" as Asker, status: 400, contentType: "application/json" };
  const web = { asker: "client" as Asker, status: 200, contentType: "application/grpc-web+proto" };
  it.each([
    { what: "a refusal", ...json, body: '{"code":"invalid_argument","message":"no"}', isFine: true },
    { what: "a refusal by number, as of OTLP", ...json, body: '{"code":3,"message":"no"}', isFine: true },
    {
      what: "a failure that is called a refusal",
      ...json,
      body: '{"code":"internal","message":"oh"}',
      isFine: false,
    },
    { what: "a failure", ...json, status: 500, body: '{"code":"internal","message":"oh"}', isFine: false },
    { what: "damage, told to a client", ...json, status: 500, body: '{"code":"data_loss"}', isFine: false },
    {
      what: "damage, told to a part",
      ...json,
      status: 500,
      body: '{"code":"data_loss"}',
      asker: "part" as Asker,
      isFine: true,
    },
    {
      what: "a large answer with its status at the end",
      ...web,
      body: `${"\0".repeat(200_000)}grpc-status: 0\r\n`,
      isFine: true,
    },
    { what: "broken JSON", ...json, body: '{"code":', isFine: false },
    {
      what: "a stack trace",
      ...json,
      body: '{"code":"aborted","message":"Error\n    at f (x)"}',
      isFine: false,
    },
    { what: "a gRPC-Web refusal", ...web, body: "grpc-status: 3", isFine: true },
    { what: "a gRPC-Web failure", ...web, body: "grpc-status: 13", isFine: false },
    { what: "gRPC-Web without a status", ...web, body: "", isFine: false },
  ])("$what is fine: $isFine", ({ status, contentType, body, isFine, asker }) => {
    const answer = { status, contentType, grpcStatus: undefined, body: Buffer.from(body) };
    expect(judgeAnswer(request, answer, asker) === undefined).toBe(isFine);
  });
});

/** What a script prints, however it ends. */
function outputOf(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: {} }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}
