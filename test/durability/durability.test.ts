import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";

import { quickStart } from "../support/quick-start.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { crashRound, finalCheck } from "./crash-rounds.ts";
import { DAMAGES, dataFilesIn, oneOfEachKind } from "./damage.ts";
import { tryDamage } from "./damage-trial.ts";
import { checkAll, killRound } from "./kill-rounds.ts";
import { Ledger, valueOf } from "./ledger.ts";
import { Parts } from "./parts.ts";
import { durabilityFlags } from "./quick-flags.ts";
import { judgeSettled } from "./settled-bucket.ts";

/** The short form; `npm run test:durability` has the long one. */
const SEED = 20_261_123;
/** A round takes seconds, and many times that on a machine that has other work. */
const TIMEOUT_MS = 180_000;
const DAMAGE_TIMEOUT_MS = 300_000;

describe("a server that is killed under load", () => {
  const folder = temporaryFolder("durability");
  const dir = join(folder.path, "data");
  const options = { dir, flags: durabilityFlags(dir), env: quickStart };
  const ledger = new Ledger();
  const random = seededRandom(SEED);

  afterAll(() => folder.remove());

  it.each([1, 2, 3])(
    "has every acknowledged profile exactly once when it is back: round %i",
    async () => {
      const { offences, acknowledgedCount } = await crashRound(options, ledger, random);
      expect(offences).toEqual([]);
      expect(acknowledgedCount).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    "has them in the end",
    async () => {
      expect(await finalCheck(options, ledger)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "refuses loudly or answers truly when its disk then lies, never wrongly",
    async () => {
      const files = oneOfEachKind(dataFilesIn(options.dir), random);
      const trials = files.map((file, index) => ({ file, damage: DAMAGES[index % DAMAGES.length]! }));
      const offences = [];
      for (const trial of trials) {
        const outcome = await tryDamage({ ...options, ledger }, trial, random);
        if (outcome.type === "offence") offences.push({ ...trial, ...outcome });
      }
      expect(offences).toEqual([]);
    },
    DAMAGE_TIMEOUT_MS,
  );
});

describe("writer, metastore and worker, killed alone and together while the other parts go on", () => {
  const folder = temporaryFolder("durability-parts");
  const ledger = new Ledger();
  const random = seededRandom(SEED);
  let parts: Parts;

  beforeAll(async () => {
    parts = await Parts.start(join(folder.path, "data"));
  }, TIMEOUT_MS);
  afterAll(async () => {
    await parts[Symbol.asyncDispose]();
    folder.remove();
  }, TIMEOUT_MS);

  it.each([1, 2, 3])(
    "take up every acknowledged profile: round %i",
    async (round) => {
      const { offences, acknowledgedCount } = await killRound(parts, ledger, random, round);
      expect(offences).toEqual([]);
      expect(acknowledgedCount).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    "leave nothing in the bucket but what is registered, and have every profile exactly once",
    async () => {
      expect(await judgeSettled(parts.stores)).toEqual([]);
      expect(await checkAll(parts, ledger, "at the end")).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe("Ledger", () => {
  const ledger = new Ledger();
  const acknowledged = ledger.send("api");
  const unanswered = ledger.send("api");
  ledger.acknowledge(acknowledged);
  const [one, two] = [valueOf(acknowledged), valueOf(unanswered)];

  it.each([
    {
      what: "all is there",
      points: [
        [1, one],
        [2, two],
      ],
      offences: [],
    },
    { what: "what was not acknowledged may be missing", points: [[1, one]], offences: [] },
    {
      what: "what was acknowledged may not",
      points: [[2, two]],
      offences: ["acknowledged profile is lost: service=api second=1"],
    },
    {
      what: "nothing may be there twice",
      points: [
        [1, one],
        [2, 2 * two],
      ],
      offences: [`sent profile has ${2 * two} instead of ${two}: service=api second=2`],
    },
    {
      what: "nothing may be there that nobody sent",
      points: [
        [1, one],
        [3, 7],
      ],
      offences: ["nobody sent this: service=api second=3"],
    },
  ])("$what", ({ points, offences }) => {
    expect(ledger.judge("api", new Map(points as [number, number][]))).toEqual(offences);
  });
});
