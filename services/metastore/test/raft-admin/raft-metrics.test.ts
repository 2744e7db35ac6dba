import { describe, expect, it } from "@jest/globals";
import { Code, DomainError } from "@hearth/errors";
import { MetricRegistry } from "@hearth/telemetry";

import { metastoreMetrics } from "../../src/metrics.ts";
import { LATE_WRITE_MS, RaftMetrics } from "../../src/raft-admin/raft-metrics.ts";
import { leaderFacts } from "./support/leader-facts.ts";

function start() {
  const registry = new MetricRegistry();
  const metrics = new RaftMetrics(metastoreMetrics(registry), registry);
  const samples = async (name: string): Promise<string[]> => {
    const { body } = await registry.expose();
    return body
      .split("\n")
      .filter((line) => line.startsWith(`pyroscope_metastore_raft_${name}`))
      .map((line) => line.slice("pyroscope_metastore_raft_".length));
  };
  return { metrics, samples };
}

describe("metrics of the group", () => {
  it("tell what a leader knows of its peers, by their names", async () => {
    const { metrics, samples } = start();
    metrics.publishPeers(leaderFacts({ match: { "c/0": 12 }, regressed: ["c/0"] }).peers);
    expect(await samples("peer_")).toEqual([
      'peer_match_index{peer="b"} 5000',
      'peer_match_index{peer="c"} 12',
      'peer_state{peer="b",state="replicate"} 1',
      'peer_state{peer="c",state="replicate"} 1',
      'peer_inflight_messages{peer="b"} 0',
      'peer_inflight_messages{peer="c"} 0',
      'peer_regressed{peer="b"} 0',
      'peer_regressed{peer="c"} 1',
    ]);
    metrics.publishPeers([]);
    expect(await samples("peer_")).toEqual([]);
  });

  it("count what goes between nodes, and what is lost or refused", async () => {
    const { metrics, samples } = start();
    const { transportObserver } = metrics;
    const frame = { node: "b/0", messageCount: 3 };
    transportObserver.onFrame({ ...frame, direction: "sent", sizeBytes: 100 });
    transportObserver.onFrame({ ...frame, direction: "sent", sizeBytes: 50 });
    transportObserver.onDropped({ node: "b/0", reason: "queue-full", messageCount: 4 });
    transportObserver.onRefused({ reason: "foreign", error: new ForeignError("not ours") });
    expect(await samples("transport_")).toEqual([
      'transport_frames_total{direction="sent"} 2',
      'transport_frames_total{direction="received"} 0',
      'transport_bytes_total{direction="sent"} 150',
      'transport_bytes_total{direction="received"} 0',
      'transport_dropped_messages_total{reason="queue-full"} 4',
      'transport_refused_requests_total{reason="foreign"} 1',
    ]);
    expect(await samples("transport_frames")).toContain('transport_frames_total{direction="sent"} 2');
  });

  it("count why a node cannot go on", async () => {
    const { metrics, samples } = start();
    metrics.noteProblem("corrupt");
    expect(await samples("alarms_total")).toEqual(['alarms_total{kind="corrupt"} 1']);
  });

  it("count comparisons of states by what they came to, and raise an alarm where states differ", async () => {
    const { metrics, samples } = start();
    for (const outcome of ["equal", "unknown", "diverged", "undecided"] as const)
      metrics.noteVerdict(outcome);
    expect(await samples("state_checks_total")).toEqual([
      'state_checks_total{outcome="equal"} 1',
      'state_checks_total{outcome="unknown"} 1',
      'state_checks_total{outcome="diverged"} 1',
      'state_checks_total{outcome="undecided"} 1',
    ]);
    expect(await samples("alarms_total")).toEqual([
      'alarms_total{kind="state-diverged"} 1',
      'alarms_total{kind="state-undecided"} 1',
    ]);
  });

  const late = LATE_WRITE_MS;
  it.each([
    { name: "is not counted when it comes back in time", looks: [late - 1], back: late - 1, want: 0 },
    { name: "is counted when it comes back late", looks: [], back: late, want: 1 },
    { name: "is counted while it has not come back", looks: [late], back: undefined, want: 1 },
    {
      name: "is counted once, however often it is looked at",
      looks: [late, late * 2],
      back: late * 3,
      want: 1,
    },
    { name: "is counted besides an earlier one that came back", looks: [late, 5, late], back: late, want: 2 },
  ])("a write $name", async ({ looks, back, want }) => {
    const { metrics, samples } = start();
    for (const elapsedMs of looks) metrics.lookAtWrite(elapsedMs);
    if (back !== undefined) metrics.noteWritten(back);
    expect(await samples("log_store_write_timeouts_total")).toEqual([
      `log_store_write_timeouts_total ${want}`,
    ]);
  });
});

class ForeignError extends DomainError {
  readonly code = Code.PermissionDenied;
}
