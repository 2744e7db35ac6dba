import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import {
  convertOtlpExport,
  decodeOtlpExport,
  decodeOtlpExportJson,
  DEFAULT_CONVERT_LIMITS,
  type ConvertedExport,
} from "../src/index.ts";
import { linesOf } from "./readable.ts";

function convertFixture(name: string): ConvertedExport {
  const body = readFileSync(new URL(`fixtures/${name}`, import.meta.url));
  const exported = name.endsWith(".json") ? decodeOtlpExportJson(body) : decodeOtlpExport(body);
  return convertOtlpExport(exported, { nowNanos: 0n, limits: DEFAULT_CONVERT_LIMITS });
}

const CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
const ATTRIBUTES =
  "a.empty=filled a.int=-5 a.one=only a.string=x y,z both=resource größe=日本 k=? scope.only=yes service.name=attrs service_name=attrs";
const FRONTEND = "host.name=node-a service.name=frontend service.version=2.1 service_name=frontend";
const FRONTEND_B = `host.name=node-a scope.kind=second ${FRONTEND.replace("host.name=node-a ", "")}`;
const BACKEND = "service.name=backend service.namespace=prod service_name=backend";
const DECODE = "main.main;app.handle;app.decode";
const UNKNOWN = "k8s.pod.name=pg-0 process.executable.name=postgres service_name";

/** What the reference server was sent and how it answered: the same labels and sums. */
const cases = [
  {
    about: "samples by timestamp and by value, an attribute of one sample, a resource without attributes",
    files: ["plain.json"],
    want: [
      `${CPU} {service.name=api service.version=3 service_name=api} [main=30000000 main;serve;spin=20000000]`,
      `${CPU} {service.name=api service.version=3 service_name=api thread.name=w-1} [main;serve=50000000]`,
      `${CPU} {service_name=unknown_service} [main;serve;spin=70000000]`,
    ],
  },
  {
    about: "attributes of every kind",
    files: ["attributes.pb", "attributes.json"],
    want: [
      `memory:alloc_space:bytes:memory:bytes {${ATTRIBUTES.replace("?", "one")}} [attrs.main=64]`,
      `memory:alloc_space:bytes:memory:bytes {${ATTRIBUTES.replace("?", "two")}} [attrs.main=128]`,
    ],
  },
  {
    about: "the period type names the profile",
    files: ["kinds.pb"],
    want: [
      ["memory:alloc_objects:count:memory:bytes", 3, 6],
      ["mutex:contentions:count:mutex:count", 4, 8],
      ["block:delay:nanoseconds:block:count", 500, 1000],
      ["process_cpu:cpu:nanoseconds:process_cpu:nanoseconds", 70, 140],
      ["wall:wall:nanoseconds:wall:nanoseconds", 9, 18],
    ].map(
      ([type, leaf, main]) =>
        `${type} {service.name=kinds service_name=kinds} [kinds.main;kinds.leaf=${leaf} kinds.main=${main}]`,
    ),
  },
  {
    about: "native frames keep their addresses",
    files: ["native.pb"],
    want: [
      `${CPU} {service.name=redis service_name=redis} [0x5678;0x1234;do_syscall_64=210526312 0x5678;0x1234=473684202]`,
    ],
  },
  {
    about: "values of an off-CPU sample are summed",
    files: ["off-cpu.pb"],
    want: [
      "off_cpu:off_cpu:nanoseconds:: {service.name=waiter service_name=waiter} [pg.main;pg.exec;pg.sort=6500 pg.main;pg.exec=40]",
    ],
  },
  {
    about: "resources, scopes, inlined frames, spans",
    files: ["services.pb", "services.json"],
    want: [
      `${CPU} {${FRONTEND} thread.name=worker-1} [${DECODE};db.query=50000000]`,
      `${CPU} {${FRONTEND} thread.name=worker-2} [${DECODE};json.encode=30000000@1112131415161718]`,
      `${CPU} {${FRONTEND}} [${DECODE}=20000000@1112131415161718 ${DECODE};db.query=70000000@a1a2a3a4a5a6a7a8]`,
      `${CPU} {${FRONTEND_B}} [${DECODE};db.query=30000000 ${DECODE}=80000000]`,
      `${CPU} {${FRONTEND_B} thread.name=worker-1} [${DECODE};db.query=500000000]`,
      `${CPU} {${FRONTEND_B} thread.name=worker-2} [${DECODE};json.encode=300000000@1112131415161718]`,
      `${CPU} {${FRONTEND_B}} [${DECODE}=200000000@1112131415161718 ${DECODE};db.query=700000000@a1a2a3a4a5a6a7a8]`,
      `${CPU} {${BACKEND} thread.name=worker-1} [${DECODE};db.query=5000000000]`,
      `${CPU} {${BACKEND} thread.name=worker-2} [${DECODE};json.encode=3000000000@1112131415161718]`,
      `${CPU} {${BACKEND}} [${DECODE}=2000000000@1112131415161718 ${DECODE};db.query=7000000000@a1a2a3a4a5a6a7a8]`,
    ],
  },
  {
    about: "the service is named by the executable, by nothing, by a sample",
    files: ["unknown-service.pb"],
    want: [
      `${CPU} {${UNKNOWN}=unknown_service:postgres thread.name=pg-writer} [pg.main;pg.exec=41237112]`,
      `${CPU} {${UNKNOWN}=unknown_service:postgres} [pg.main;pg.exec;pg.sort=20618556]`,
      `${CPU} {${UNKNOWN}=from-sample} [pg.main=30927834]`,
      `${CPU} {service_name=unknown_service thread.name=pg-writer} [pg.main;pg.exec=41237112]`,
      `${CPU} {service_name=unknown_service} [pg.main;pg.exec;pg.sort=20618556]`,
      `${CPU} {service_name=from-sample} [pg.main=30927834]`,
    ],
  },
].flatMap(({ files, ...rest }) => files.map((file) => ({ ...rest, file })));

describe("recorded exports", () => {
  it.each(cases)("$file: $about", ({ file, want }) => {
    const converted = convertFixture(file);
    expect(linesOf(converted)).toEqual(want);
    expect(converted.rejections).toEqual([]);
  });
});
