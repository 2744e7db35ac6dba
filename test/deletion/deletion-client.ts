import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { buildPprof } from "@hearth/testing";
import { cleanEnvironment } from "../support/clean-environment.ts";

const COMMAND = join(import.meta.dirname, "..", "..", "services", "standalone", "src", "delete-profiles.ts");
export const TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
const DELETION = "hearth.deletion.v1.ProfileDeletionService";

/** A tenant of a server. */
export class Tenant {
  readonly #url: string;
  readonly name: string;

  constructor(url: string, name: string) {
    this.#url = url;
    this.name = name;
  }

  /** A profile of one sample; its function has the name of the pod. */
  async push(service: string, pod: string, timeMs: number): Promise<void> {
    const profile = buildPprof({
      sampleTypes: [["cpu", "nanoseconds"]],
      periodType: ["cpu", "nanoseconds"],
      period: 1,
      timeNanos: BigInt(timeMs) * 1_000_000n,
      samples: [{ stack: [`work_${pod}`, "main"], values: [7] }],
    });
    const labels = [
      { name: "__name__", value: "process_cpu" },
      { name: "service_name", value: service },
      { name: "pod", value: pod },
    ];
    const samples = [{ rawProfile: Buffer.from(profile).toString("base64") }];
    await this.call("push.v1.PusherService/Push", { series: [{ labels, samples }] });
  }

  /** What queries of every kind say of a service: pods and functions, sorted. */
  async seen(service: string, range: { start: number; end: number }): Promise<Seen> {
    const query = { ...range, profileTypeID: TYPE, labelSelector: `{service_name="${service}"}` };
    const selection = { ...range, matchers: [query.labelSelector] };
    const [series, flame, profile, values, sets, types] = (await Promise.all([
      this.call("querier.v1.QuerierService/SelectSeries", { ...query, step: 60, groupBy: ["pod"] }),
      this.call("querier.v1.QuerierService/SelectMergeStacktraces", query),
      this.call("querier.v1.QuerierService/SelectMergeProfile", query),
      this.call("querier.v1.QuerierService/LabelValues", { ...selection, name: "pod" }),
      this.call("querier.v1.QuerierService/Series", { ...selection, labelNames: ["pod"] }),
      this.call("querier.v1.QuerierService/ProfileTypes", range),
    ])) as [SeriesAnswer, FlameAnswer, ProfileAnswer, ValuesAnswer, SetsAnswer, TypesAnswer];
    return {
      pods: (series.series ?? []).flatMap(({ labels }) => labels.map(({ value }) => value)).sort(),
      functions: (flame.flamegraph?.names ?? []).filter((name) => name.startsWith("work_")).sort(),
      profileFunctions: (profile.stringTable ?? []).filter((name) => name.startsWith("work_")).sort(),
      labelValues: (values.names ?? []).toSorted(),
      seriesPods: (sets.labelsSet ?? []).flatMap(({ labels }) => labels.map(({ value }) => value)).sort(),
      profileTypes: (types.profileTypes ?? []).map(({ ID }) => ID),
    };
  }

  async hasData(): Promise<boolean> {
    const stats = (await this.call("querier.v1.QuerierService/GetProfileStats", {})) as {
      dataIngested?: boolean;
    };
    return stats.dataIngested ?? false;
  }

  async delete(request: object, method = "DeleteProfiles"): Promise<DeletionAnswer> {
    return (await this.call(`${DELETION}/${method}`, request)) as DeletionAnswer;
  }

  async deletion(number: string): Promise<Deletion> {
    const answer = (await this.call(`${DELETION}/GetDeletion`, { number })) as { deletion: Deletion };
    return answer.deletion;
  }

  async deletions(): Promise<readonly Deletion[]> {
    const answer = (await this.call(`${DELETION}/ListDeletions`, {})) as { deletions?: Deletion[] };
    return answer.deletions ?? [];
  }

  /** @throws unless the answer is 200. */
  async call(method: string, body: object): Promise<unknown> {
    const headers = { "content-type": "application/json", "x-scope-orgid": this.name };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${this.#url}/${method}`, request);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Runs `npm run delete-profiles` for this tenant, without npm. */
  async runCommand(...flags: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
    const argv = [COMMAND, "--url", this.#url, "--tenant", this.name, ...flags];
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const child = spawn(process.execPath, argv, { env: cleanEnvironment(), stdio: [...stdio] });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        printed[name] += text;
      });
    }
    await once(child, "close");
    return { exitCode: child.exitCode, ...printed };
  }
}

export interface Seen {
  readonly pods: readonly string[];
  readonly functions: readonly string[];
  readonly profileFunctions: readonly string[];
  readonly labelValues: readonly string[];
  readonly seriesPods: readonly string[];
  readonly profileTypes: readonly string[];
}

export interface Deletion {
  readonly number: string;
  readonly selector: string;
  readonly reason: string;
  readonly requestedBy: string;
  readonly state: string;
}

export interface DeletionAnswer {
  readonly deletion?: Deletion;
  readonly reach?: {
    readonly wholeBlocks?: string;
    readonly partialBlocks?: string;
    readonly profiles?: string;
  };
}

interface SeriesAnswer {
  readonly series?: readonly { readonly labels: readonly { readonly value: string }[] }[];
}
interface FlameAnswer {
  readonly flamegraph?: { readonly names?: readonly string[] };
}
interface ProfileAnswer {
  readonly stringTable?: readonly string[];
}
interface ValuesAnswer {
  readonly names?: readonly string[];
}
interface SetsAnswer {
  readonly labelsSet?: readonly { readonly labels: readonly { readonly value: string }[] }[];
}
interface TypesAnswer {
  readonly profileTypes?: readonly { readonly ID: string }[];
}
