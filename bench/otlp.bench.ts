import {
  buildServices,
  convertOtlpExport,
  decodeOtlpExport,
  DEFAULT_CONVERT_LIMITS,
  type OtlpExport,
} from "@hearth/otlp";
import { seededRandom } from "@hearth/runtime";
import { ProtoWriter } from "@hearth/testing";
import { bench, group } from "mitata";

const PROFILES = 1000;
const RESOURCES = 60;
const STACKS = 800;
const LOCATIONS = 1500;
const STRINGS = ["", "samples", "count", "cpu", "nanoseconds", "libc.so.6"];

/** Reading an export as a node-wide eBPF profiler sends it: many small profiles of many processes, one dictionary. */
export function register(): void {
  const body = nodeWideExport();
  const convert = (exported: OtlpExport) =>
    convertOtlpExport(exported, { nowNanos: 0n, limits: DEFAULT_CONVERT_LIMITS });
  const exported = decodeOtlpExport(body);
  const converted = convert(exported);

  group(`otlp: ${PROFILES} profiles of ${RESOURCES} resources, ${body.length} bytes`, () => {
    bench("decode", () => decodeOtlpExport(body));
    bench("convert", () => convert(exported));
    bench("build rows", () => buildServices(converted, { tenant: "t", rules: { renameWallCpu: true } }));
  });
}

function nodeWideExport(): Uint8Array {
  const random = seededRandom(7);
  const below = (bound: number): number => Math.floor(random.next() * bound);
  const profile = (out: ProtoWriter): ProtoWriter => {
    out.message(1, (type) => type.number(1, 1).number(2, 2));
    for (let count = 1 + below(6); count > 0; count--) {
      out.message(2, (sample) => sample.number(1, 1 + below(STACKS)).packed(4, [1 + below(9)]));
    }
    return out
      .number(4, 5_000_000_000)
      .message(5, (type) => type.number(1, 3).number(2, 4))
      .number(6, 50_000_000);
  };
  const out = new ProtoWriter();
  for (let resource = 0; resource < RESOURCES; resource++) {
    out.message(1, (message) => {
      message.message(1, (attributes) => {
        const labels = {
          "service.name": `service-${resource}`,
          "k8s.pod.name": `pod-${resource}`,
          "host.name": "node",
        };
        for (const [key, value] of Object.entries(labels)) {
          attributes.message(1, (pair) => pair.string(1, key).message(2, (any) => any.string(1, value)));
        }
      });
      message.message(2, (scope) => {
        for (let i = resource; i < PROFILES; i += RESOURCES) scope.message(2, profile);
      });
    });
  }
  return out.message(2, (message) => writeDictionary(message, below)).finish();
}

function writeDictionary(out: ProtoWriter, below: (bound: number) => number): void {
  const empty = (entry: ProtoWriter): ProtoWriter => entry;
  out.message(1, empty).message(1, (mapping) => mapping.number(1, 0x1000).number(2, 0x90_0000).number(4, 5));
  out.message(2, empty).message(3, empty);
  for (const text of STRINGS) out.string(5, text);
  for (let i = 1; i <= LOCATIONS; i++) {
    out.message(2, (location) =>
      location
        .number(1, 1)
        .number(2, 0x1000 + i * 16)
        .message(3, (line) => line.number(1, i).number(2, 1 + (i % 900))),
    );
    const name = STRINGS.length + 2 * (i - 1);
    out.message(3, (fn) => fn.number(1, name).number(3, name + 1));
    out.string(5, `native_function_${i}`).string(5, `src/file_${i}.c`);
  }
  out.message(6, empty).message(7, empty);
  for (let i = 0; i < STACKS; i++) {
    out.message(7, (stack) =>
      stack.packed(
        1,
        Array.from({ length: 10 + below(30) }, () => 1 + below(LOCATIONS)),
      ),
    );
  }
}
