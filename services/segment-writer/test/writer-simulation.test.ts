/**
 * The writer between a bucket and a metastore that fail, hang and lose replies, with callers that go away, up to its end.
 * One seed reproduces one run exactly.
 */
import { describe, expect, it } from "@jest/globals";
import { Code, DomainError, UnavailableError } from "@hearth/errors";
import type { Fault } from "@hearth/object-store";
import { seededRandom, type Random } from "@hearth/runtime";
import fc from "fast-check";

import { BAD_COLUMNS, batch, type IndexFault } from "./support/fakes.ts";
import { makeHarness, readBucket } from "./support/writer-harness.ts";

interface Scenario {
  readonly seed: number;
  /** Share of store and metastore calls that go wrong. */
  readonly faultRate: number;
  readonly pushes: readonly PushSketch[];
}

interface PushSketch {
  /** Milliseconds since the push before. */
  readonly gapMs: number;
  readonly tenant: string;
  readonly shard: number;
  readonly services: readonly string[];
  readonly isBad: boolean;
  readonly sizeBytes: number;
  /** Milliseconds after which the caller goes away. */
  readonly patienceMs: number | undefined;
}

/** A push and what became of it. */
interface Tracked extends PushSketch {
  /** `tenant/service/text` of each batch. */
  readonly batches: readonly string[];
  answerCount: number;
  failedBatches: ReadonlySet<number>;
  error: unknown;
}

const MAX_IN_FLIGHT_BYTES = 40_000;

const pushSketch: fc.Arbitrary<PushSketch> = fc.record({
  gapMs: fc.oneof({ weight: 4, arbitrary: fc.nat(20) }, fc.nat(800)),
  tenant: fc.constantFrom("a", "b", "c"),
  shard: fc.integer({ min: 1, max: 3 }),
  services: fc.array(fc.constantFrom("api", "web", "db"), { minLength: 1, maxLength: 4 }),
  isBad: fc.nat(9).map((n) => n === 0),
  sizeBytes: fc.oneof({ weight: 5, arbitrary: fc.nat(200) }, fc.nat(8_000)),
  patienceMs: fc.option(fc.nat(700), { nil: undefined, freq: 5 }),
});

const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(),
  faultRate: fc.constantFrom(0, 0, 0.1, 0.5, 1),
  pushes: fc.array(pushSketch, { minLength: 1, maxLength: 60 }),
});

describe("a segment writer among faults", () => {
  it("answers every push once, and only acknowledges what is stored and known", async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (scenario) => {
        const result = await simulate(scenario);
        checkAnswers(scenario, result);
        checkAcknowledged(result);
        expect(result.maxInFlightBytes).toBeLessThanOrEqual(MAX_IN_FLIGHT_BYTES);
        expect(result.inFlightBytesAtEnd).toBe(0);
        expect(result.sleeperCountAtEnd).toBe(0);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

type Result = Awaited<ReturnType<typeof simulate>>;

async function simulate({ seed, faultRate, pushes }: Scenario) {
  const random = seededRandom(seed);
  const harness = makeHarness({
    settings: { maxInFlightBytes: MAX_IN_FLIGHT_BYTES, maxSegmentBytes: 6_000, flushConcurrency: 3 },
    storeFault: () => (random.next() < faultRate ? storeFault(random) : { delayMs: random.next() * 20 }),
    indexFault: () => (random.next() < faultRate ? indexFault(random) : { delayMs: random.next() * 10 }),
    buildPlan: () => random.next() * 300,
  });
  const { writer, clock, bucket, index } = harness;
  const tracked: Tracked[] = [];
  const answers: Promise<void>[] = [];
  let maxInFlightBytes = 0;
  for (const [number, sketch] of pushes.entries()) {
    await clock.advance(sketch.gapMs);
    const push = track(sketch, number);
    tracked.push(push);
    answers.push(run(harness, push, number));
    maxInFlightBytes = Math.max(maxInFlightBytes, writer.inFlightBytes);
  }
  const closed = writer[Symbol.asyncDispose]();
  await clock.advance(600_000);
  await closed;
  await Promise.all(answers);
  return {
    tracked,
    ...(await readBucket(bucket)),
    registered: index.registered,
    maxInFlightBytes,
    inFlightBytesAtEnd: writer.inFlightBytes,
    sleeperCountAtEnd: clock.sleeperCount,
  };
}

function track(sketch: PushSketch, number: number): Tracked {
  const texts = sketch.services.map((_, index) => textOf(sketch, number, index));
  const batches = sketch.services.map((service, index) => `${sketch.tenant}/${service}/${texts[index]}`);
  return { ...sketch, batches, answerCount: 0, failedBatches: new Set(), error: undefined };
}

/** Distinct for each batch, but for the first of a bad push. */
function textOf(sketch: PushSketch, number: number, index: number): string {
  return sketch.isBad && index === 0 ? BAD_COLUMNS : `${number}.${index}.${"x".repeat(sketch.sizeBytes)}`;
}

async function run(
  { writer, clock }: ReturnType<typeof makeHarness>,
  push: Tracked,
  number: number,
): Promise<void> {
  const caller = new AbortController();
  const answered = new AbortController();
  const { tenant, shard, services, patienceMs } = push;
  const batches = services.map((service, index) => batch(service, textOf(push, number, index)));
  if (patienceMs !== undefined) {
    clock.sleep(patienceMs, answered.signal).then(
      () => caller.abort(new UnavailableError("the caller went away")),
      () => {},
    );
  }
  try {
    const failures = await writer.push({ tenant, shard, batches }, caller.signal);
    push.failedBatches = new Set(failures.map(({ batch }) => batch));
  } catch (error) {
    push.error = error;
  } finally {
    push.answerCount++;
    answered.abort();
  }
}

function storeFault(random: Random): Fault {
  const faults: readonly Fault[] = [
    { error: new UnavailableError("down") },
    { replyIsLost: true },
    { delayMs: random.next() * 3000 },
    { delayMs: random.next() * 1000, replyIsLost: true },
    { delayMs: Infinity },
  ];
  return faults[Math.floor(random.next() * faults.length)] ?? {};
}

function indexFault(random: Random): IndexFault {
  const faults: readonly IndexFault[] = [
    { error: new UnavailableError("no leader") },
    { replyIsLost: new UnavailableError("connection lost") },
    { delayMs: random.next() * 3000 },
    { delayMs: Infinity },
  ];
  return faults[Math.floor(random.next() * faults.length)] ?? {};
}

function checkAnswers({ faultRate }: Scenario, { tracked }: Result): void {
  const poisoned = new Set(tracked.filter(({ isBad }) => isBad).map((push) => datasetOf(push, 0)));
  const allowed = new Set<Code>([Code.ResourceExhausted, ...(faultRate > 0 ? [Code.Unavailable] : [])]);
  for (const push of tracked) {
    expect(push.answerCount).toBe(1);
    const isExpected =
      push.error instanceof DomainError && (push.patienceMs !== undefined || allowed.has(push.error.code));
    expect(push.error === undefined || isExpected).toBe(true);
    for (const index of push.failedBatches) expect(poisoned).toContain(datasetOf(push, index));
  }
}

function datasetOf(push: Tracked, index: number): string {
  return `${push.shard}/${push.tenant}/${push.services[index]}`;
}

function checkAcknowledged({ tracked, segments, registered, deadLetters }: Result): void {
  const known = segments.filter(({ id }) => registered.has(id) || deadLetters.has(id));
  const stored = new Set(known.flatMap(({ shard, batches }) => batches.map((text) => `${shard}/${text}`)));
  const acknowledged = tracked.filter(({ error }) => error === undefined);
  for (const { shard, batches, failedBatches } of acknowledged) {
    const lost = batches.filter(
      (text, index) => !failedBatches.has(index) && !stored.has(`${shard}/${text}`),
    );
    expect(lost).toEqual([]);
  }
  const all = segments.flatMap(({ batches }) => batches);
  expect(new Set(all).size).toBe(all.length);
}
