import { systemRandom, type Clock } from "@hearth/runtime";
import { RaftTransport, type RaftTransportDeps } from "../../../src/raft-transport/raft-transport.ts";
import {
  defaultRaftTransportSettings,
  type RaftTransportSettings,
} from "../../../src/raft-transport/transport-settings.ts";
import { HastyClock } from "./manual-clock.ts";
import { Recorded, RecordingObserver } from "./recorded.ts";
import { identityOf } from "./samples.ts";

/** A node that sends, to wherever `origins` says that others are. */
export function sender(
  origins: Readonly<Record<string, string>>,
  options: Partial<RaftTransportDeps> & { settings?: Partial<RaftTransportSettings>; nodeId?: string } = {},
) {
  const { settings, nodeId = "self:9099/0", ...deps } = options;
  const observer = new RecordingObserver();
  const signals = new Recorded<string>();
  const clock: Clock = deps.clock ?? new HastyClock();
  const transport = new RaftTransport(
    {
      identity: identityOf(nodeId),
      clock,
      random: systemRandom,
      observer,
      onUnreachable: (node) => signals.add(`unreachable ${node}`),
      resolve: (node) => origins[node],
      ...deps,
    },
    { ...defaultRaftTransportSettings, ...settings },
  );
  return { nodeId, transport, observer, signals, clock };
}
