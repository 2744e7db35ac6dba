import { join } from "node:path";

import { afterAll, describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";

import { temporaryFolder } from "../support/temporary-folder.ts";
import { crashRound, durabilityFlags, finalCheck } from "./crash-rounds.ts";
import { DAMAGES, dataFilesIn, oneOfEachKind } from "./damage.ts";
import { tryDamage } from "./damage-trial.ts";
import { Ledger, valueOf } from "./ledger.ts";

/** The short form; `npm run test:durability` has the long one. */
const SEED = 20_261_123;
const DAMAGE_TIMEOUT_MS = 120_000;

describe("a server that is killed under load", () => {
  const folder = temporaryFolder("durability");
  const options = { dir: join(folder.path, "data"), flags: durabilityFlags };
  const ledger = new Ledger();
  const random = seededRandom(SEED);

  afterAll(() => folder.remove());

  it.each([1, 2, 3])("has every acknowledged profile exactly once when it is back: round %i", async () => {
    const { offences, acknowledgedCount } = await crashRound(options, ledger, random);
    expect(offences).toEqual([]);
    expect(acknowledgedCount).toBeGreaterThan(0);
  });

  it("has them in the end", async () => {
    expect(await finalCheck(options, ledger)).toEqual([]);
  });

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
