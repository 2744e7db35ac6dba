import { BlockWriter, MemoryPartSink, mergeBlocks, readBlockMeta, type Tier, TIERS } from "@hearth/block";
import { decodeProfileColumns, ProfileMerger } from "@hearth/profile";
import { bench, group } from "mitata";

import { Program } from "./program-segments.ts";

const HOURS = 6;
/** What a block of level 3 holds. */
const BLOCK_SECONDS = 1_000;
/** From one profile of a pod to its next. */
const PROFILE_SECONDS = 10;
const PODS = 3;
const STACKS = 3_000;
const SAMPLES = 100;

const never = new AbortController().signal;

/** Six hours of a service: its blocks of level 3 into one of each tier, and the block of 5 minutes into that of an hour. */
export async function register(): Promise<void> {
  const sources = blocksOfService();
  const [whole, fine, coarse] = TIERS as readonly [Tier, Tier, Tier];
  const wholeBlocks = [await merged(sources, whole)];
  const fineBlocks = [await merged(sources, fine)];
  const coarseBlocks = [await merged(sources, coarse)];
  const of = `${sources.length} blocks of ${megabytes(sources)} MB, ${PODS} pods, ${2 * SAMPLES} samples every ${PROFILE_SECONDS} s`;
  group(`sum ${HOURS} hours, ${of}`, () => {
    bench(`into ${whole.name}, ${megabytes(wholeBlocks)} MB`, () => merged(sources, whole));
    bench(`into ${fine.name}, ${megabytes(fineBlocks)} MB`, () => merged(sources, fine));
    bench(`into ${coarse.name}, ${megabytes(coarseBlocks)} MB`, () => merged(sources, coarse));
    bench(`${fine.name} into ${coarse.name}`, () => merged(fineBlocks, coarse));
  });
}

async function merged(objects: readonly Uint8Array[], { level }: Tier): Promise<Uint8Array> {
  const sources = objects.map((bytes) => ({
    meta: readBlockMeta(bytes),
    reader: { read: async (offset: number, length: number) => bytes.slice(offset, offset + length) },
  }));
  const input = { sources, openSink: () => new MemoryPartSink(), outputLevel: level };
  const { outputs } = await mergeBlocks(input, never);
  return outputs[0]!.sink.build();
}

function blocksOfService(): Uint8Array[] {
  const intervalMs = Math.floor((PROFILE_SECONDS * 1000) / PODS);
  const program = new Program({ service: "service-0", seed: 1, stacks: STACKS, pods: PODS, intervalMs });
  const profiles = Math.round((BLOCK_SECONDS / PROFILE_SECONDS) * PODS);
  return Array.from({ length: Math.floor((HOURS * 3600) / BLOCK_SECONDS) }, (_, number) => {
    const merger = new ProfileMerger();
    for (let i = 0; i < profiles; i++) merger.add(decodeProfileColumns(program.profile(SAMPLES)));
    const sink = new MemoryPartSink();
    const identity = { tenant: "anonymous", shard: 1, level: 3, createdBy: "" };
    const writer = new BlockWriter(identity, sink, { rollups: true });
    writer.addDataset("anonymous", program.service, merger.build());
    writer.finish(`01J2VJQPYDC160REPAD2VN${String(number).padStart(4, "0")}`);
    return sink.build();
  });
}

function megabytes(objects: readonly Uint8Array[]): string {
  return (objects.reduce((sum, { length }) => sum + length, 0) / 1e6).toFixed(1);
}
