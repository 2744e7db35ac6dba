import { gauge, type MetricRegistry } from "./metrics.ts";

/** Which program this is. The composition root knows. */
export interface BuildInfo {
  readonly version: string;
  /** Commit, or empty. */
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
}

/** The answer of `/api/v1/status/buildinfo`; clients read `goVersion` for the runtime's version. */
export function buildInfoAnswer(build: BuildInfo): {
  status: "success";
  data: BuildInfo & { goVersion: string };
} {
  return { status: "success", data: { ...build, goVersion: runtimeVersion() } };
}

/** Exports `pyroscope_build_info`, always 1. */
export function registerBuildInfo(registry: MetricRegistry, build: BuildInfo): void {
  const { buildInfo } = registry.define({
    buildInfo: gauge("build_info", "The build of this process; always 1.", [
      "version",
      "revision",
      "branch",
      "goversion",
      "goos",
      "goarch",
    ]),
  });
  buildInfo.set(
    {
      version: build.version,
      revision: build.revision,
      branch: build.branch,
      goversion: runtimeVersion(),
      goos: process.platform,
      goarch: process.arch,
    },
    1,
  );
}

/** As in `go1.26.8`: the name, and the version without the `v` that Node puts before it. */
function runtimeVersion(): string {
  return `node${process.versions.node}`;
}
