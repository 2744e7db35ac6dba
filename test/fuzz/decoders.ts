import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  BlockWriter,
  buildSegment,
  decodeBlockMeta,
  decodeNames,
  decodeProfiles,
  decodeRollups,
  decodeSamples,
  decodeSeriesSection,
  decodeSymbols,
  decodeTree as decodeCallTree,
  fetchSections,
  MemoryPartSink,
  readBlockMeta,
  type SectionKind,
  type StoredRows,
} from "@hearth/block";
import { parseProfileType, parseSelector } from "@hearth/labels";
import { decodeOtlpExport, decodeOtlpExportJson } from "@hearth/otlp";
import { decodePprof, gunzipBounded } from "@hearth/pprof";
import { decodeProfileColumns, encodeProfileColumns, ProfileMerger } from "@hearth/profile";
import { buildProfileColumns } from "@hearth/testing";
import { decodeTree, encodeTree, TreeBuilder } from "@hearth/tree";

/** Something that reads bytes which others wrote. */
export interface Decoder {
  readonly name: string;
  /** What it accepts. */
  readonly corpus: readonly Uint8Array[];
  readonly decode: (bytes: Uint8Array) => unknown;
}

const MAX_PROFILE_BYTES = 4 << 20;
const otlpFixtures = join(import.meta.dirname, "..", "..", "libs", "otlp", "test", "fixtures");
const goldenProfiles = join(import.meta.dirname, "..", "golden", "profiles");

/** Every decoder of the libraries. */
export async function loadDecoders(): Promise<Decoder[]> {
  const profile = profileColumns();
  const columns = encodeProfileColumns(profile);
  const segment = buildSegment({
    id: "01J2VJQPYDC160REPAD2VN88XN",
    shard: 1,
    createdBy: "fuzz",
    datasets: [{ tenant: "acme", service: "api", batches: [columns] }],
  });
  return [
    {
      name: "pprof",
      corpus: filesOf(goldenProfiles, /\.pb(?:\.gz)?$/u),
      decode: (bytes) => decodePprof(gunzipBounded(bytes, { maxSizeBytes: MAX_PROFILE_BYTES })),
    },
    {
      name: "OTLP in binary",
      corpus: filesOf(otlpFixtures, /\.pb$/u),
      decode: (bytes) => decodeOtlpExport(bytes),
    },
    {
      name: "OTLP in JSON",
      corpus: filesOf(otlpFixtures, /\.json$/u),
      decode: (bytes) => decodeOtlpExportJson(bytes),
    },
    { name: "profile columns", corpus: [columns], decode: decodeProfileColumns },
    { name: "tree", corpus: [encodeTree(smallTree())], decode: decodeTree },
    { name: "metadata of a block", corpus: [segment.meta], decode: decodeBlockMeta },
    { name: "block", corpus: [segment.bytes], decode: readBlockMeta },
    ...(await sectionDecoders(blockWithRollups(profile))),
    {
      name: "selector",
      corpus: texts(['{a="b", c!~"d.*|e"}', "{}", '{"x.y"=~"[^a]+", b=""}']),
      decode: asText(parseSelector),
    },
    {
      name: "profile type",
      corpus: texts(["process_cpu:cpu:nanoseconds:cpu:nanoseconds"]),
      decode: asText(parseProfileType),
    },
  ];
}

/** Decoders of sections get what passed the CRC: damage there is rare, and no reason to crash either. */
async function sectionDecoders(block: Uint8Array): Promise<Decoder[]> {
  const [dataset] = readBlockMeta(block).datasets;
  const kinds = dataset!.sections.map(({ kind }) => kind);
  const reader = {
    read: (offset: number, length: number) => Promise.resolve(block.slice(offset, offset + length)),
  };
  const sections = await fetchSections(
    dataset!,
    kinds,
    { reader, block: "fuzz" },
    new AbortController().signal,
  );
  const names = decodeNames(sections.get("names")!);
  const symbols = decodeSymbols(sections.get("symbols")!, names);
  const samples = dataset!.sampleCount;
  const stacktraces = symbols.stacktraces.parent.length;
  const decodeRows = (bytes: Uint8Array): StoredRows =>
    decodeProfiles(bytes, { series: dataset!.seriesCount, samples });
  const stored = decodeRows(sections.get("profiles")!);
  const decoders: Record<SectionKind, Decoder["decode"]> = {
    series: decodeSeriesSection,
    // Rows say how samples are to be read.
    profiles: (bytes) => decodeSamples(sections.get("samples")!, decodeRows(bytes), { samples, stacktraces }),
    names: decodeNames,
    tree: (bytes) => decodeCallTree(bytes, names),
    samples: (bytes) => decodeSamples(bytes, stored, { samples, stacktraces }),
    symbols: (bytes) => decodeSymbols(bytes, names),
    rollup: (bytes) => decodeRollups(bytes, [PROFILE_TYPE]),
  };
  return kinds.map((kind) => ({
    name: `section ${kind}`,
    corpus: [sections.get(kind)!],
    decode: decoders[kind],
  }));
}

/** One dataset with all sections that there are. */
function blockWithRollups(profile: ReturnType<typeof profileColumns>): Uint8Array {
  const sink = new MemoryPartSink();
  const identity = { tenant: "acme", shard: 1, level: 2, createdBy: "" };
  const writer = new BlockWriter(identity, sink, { rollups: true });
  const merger = new ProfileMerger();
  merger.add(profile);
  writer.addDataset("acme", "api", merger.build());
  writer.finish("01J2VJQPYDC160REPAD2VN88XN");
  return sink.build();
}

const PROFILE_TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";

function profileColumns(): ReturnType<typeof buildProfileColumns> {
  const labels = { __profile_type__: PROFILE_TYPE, service_name: "api" };
  return buildProfileColumns(
    Array.from({ length: 20 }, (_, id) => ({
      labels: { ...labels, pod: `pod-${id % 3}` },
      timeMs: 1_772_445_600_000 + id,
      id,
      samples: [
        ["main;handle;render", BigInt(id) << 40n, 1],
        [`main;handle;query${id % 7}`, 7n],
      ],
    })),
  );
}

function smallTree(): ReturnType<TreeBuilder["build"]> {
  const builder = new TreeBuilder();
  for (let i = 0; i < 50; i++) {
    const parent = builder.child(0, builder.name(`function${i % 7}`));
    builder.addSelf(builder.child(parent, builder.name(`leaf${i}`)), i * 2 ** 45);
  }
  return builder.build();
}

function filesOf(folder: string, pattern: RegExp): Uint8Array[] {
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  return names.map((name) => readFileSync(join(folder, name))).filter(({ length }) => length < 60_000);
}

function texts(list: readonly string[]): Uint8Array[] {
  return list.map((text) => Buffer.from(text));
}

function asText(decode: (text: string) => unknown): Decoder["decode"] {
  return (bytes) => decode(Buffer.from(bytes).toString());
}
