import { nameOf } from "@hearth/raft";
import { UnavailableError } from "@hearth/errors";
import { RaftTransportService } from "@hearth/proto/hearth/raft/v1";
import { implement, type ClientTls, type RequestMetrics, type ServiceRegistration } from "@hearth/rpc";
import { TaskGroup, type Clock, type Random } from "@hearth/runtime";
import { createServer, defaultLimits, HealthStatus, type HearthServer } from "@hearth/server";
import type { Logger } from "@hearth/telemetry";

import type { Directory } from "../disk/directory.ts";
import { CheckClient } from "../raft-check/check-client.ts";
import type { CommandVersions } from "../raft-check/command-version.ts";
import { checkService } from "../raft-check/check-service.ts";
import { MemberCheck, type VerdictReport } from "../raft-check/member-check.ts";
import type { RaftNode } from "../raft-node/raft-node.ts";
import {
  noNetwork,
  RaftReplicatedLog,
  type LogObserver,
  type RaftLogSettings,
} from "../raft-node/raft-replicated-log.ts";
import {
  defaultRaftTransportSettings,
  RaftTransport,
  raftTransportService,
  serverTls,
  SnapshotReceiver,
  type TransportObserver,
} from "../raft-transport/index.ts";
import { chainValue } from "../replicated-log/log-entry.ts";
import type { Identity } from "../replicated-log/identity.ts";
import type { StorageDeps } from "../replicated-log/open-storage.ts";
import type { StateMachine } from "../replicated-log/replicated-log.ts";
import { FIRST_TERM } from "./first-boot-plan.ts";
import { decideFirstIdentity, waitForBeginning } from "./first-boot.ts";
import { MembershipClient } from "./membership-client.ts";
import { membershipService } from "./membership-service.ts";
import { PeerNetwork } from "./peer-network.ts";
import { planPromotion } from "./plan-membership.ts";

export interface RaftGroupDeps<Result> extends StorageDeps {
  /** Of the snapshots. */
  readonly snapshotsDirectory: Directory;
  readonly stateMachine: StateMachine<Result>;
  /** Of commands, that the state machine can apply, and that are proposed. */
  readonly versions: CommandVersions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly requestMetrics: RequestMetrics;
  readonly observer: LogObserver;
  readonly transportObserver: TransportObserver;
  /** The states of the nodes were compared. */
  readonly onVerdict: (report: VerdictReport) => void;
  readonly onFailure: (name: string, error: unknown) => void;
}

export interface RaftGroupSettings extends RaftLogSettings {
  /** Where this node listens for its peers; undefined for a node that has none and wants none. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly tls: ClientTls | undefined;
  /** How often to see whether states are to be compared; 5 s when absent. */
  readonly checkEveryMs?: number | undefined;
}

const TICK_MS = 100;
const LOOK_AT_MEMBERS_MS = 500;
const CHECK_MS = 5_000;
const READ_MAX_BYTES = 1024 * 1024;
const MAX_CALL_MS = 60_000;
const CLOSE_WITHIN_MS = 1_000;
const HANDOVER_WITHIN_MS = 1_000;
const LOOK_MS = 10;

/**
 * A node of the metastore's group with everything around it: log and state on its disk, a port for its peers, the time
 * that ticks, and a leader's care for the members. Without peers there is no port and no ticking: the node leads at once.
 */
export class RaftGroup<Result> implements AsyncDisposable {
  readonly #deps: RaftGroupDeps<Result>;
  readonly #settings: RaftGroupSettings;
  readonly #network: PeerNetwork;
  readonly #tasks: TaskGroup;
  readonly #client: MembershipClient;
  readonly #check: MemberCheck;
  readonly log: RaftReplicatedLog<Result>;
  readonly #opened = new AsyncDisposableStack();
  readonly #closing = new AbortController();
  #isEmpty = false;
  #startSignal: AbortSignal | undefined;
  #transportService: ServiceRegistration | undefined;
  #transport: RaftTransport | undefined;

  constructor(deps: RaftGroupDeps<Result>, settings: RaftGroupSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#tasks = new TaskGroup(deps.onFailure);
    this.#network = new PeerNetwork(deps);
    this.#client = new MembershipClient(settings.tls);
    const network = settings.listen ? this.#network : noNetwork;
    const firstIdentity = settings.listen ? () => this.#firstIdentity() : undefined;
    this.log = new RaftReplicatedLog({ ...deps, network, ...(firstIdentity && { firstIdentity }) }, settings);
    const { log } = this;
    const checkClient = new CheckClient({ identity: () => log.identity, tls: settings.tls });
    this.#check = new MemberCheck({ ...deps, log, ask: (...question) => checkClient.ask(...question) });
  }

  /**
   * Opens the files and takes part. A node with peers that begins a new group, or joins one, waits for them first.
   *
   * @throws {KvLockedError} when another process uses the files, errors of the disk, and the reason of `signal`.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#startSignal = signal;
    if (this.#settings.listen) await this.#listen(this.#settings.listen);
    await this.log.start();
    const { identity } = this.log;
    if (!identity || !this.#settings.listen) return;
    await this.#connect(identity);
    this.#tasks.spawn("raft", (stop) => this.#takePartUntil(stop));
    this.#tasks.spawn("members", (stop) => this.#careForMembersUntil(stop));
    this.#tasks.spawn("member check", (stop) => this.#checkUntil(stop));
  }

  /** In which version a command is to be encoded that is proposed in this turn: all members can apply it, as far as is known. */
  get commandVersion(): number {
    return this.#check.commandVersion;
  }

  /** Hands the lead over if it has it, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handOver();
    await this.#tasks.stop();
    this.#closing.abort();
    await this.#opened.disposeAsync();
    await this.log[Symbol.asyncDispose]();
  }

  async #listen({ host, port }: { host: string; port: number }): Promise<void> {
    const server = createServer(
      {
        host,
        port,
        pathPrefix: "",
        limits: defaultLimits,
        readMaxBytes: READ_MAX_BYTES,
        maxCallMs: MAX_CALL_MS,
        gracefulShutdownTimeoutMs: CLOSE_WITHIN_MS,
        ...(this.#settings.tls && { tls: serverTls(this.#settings.tls) }),
      },
      {
        clock: this.#deps.clock,
        logger: this.#deps.logger,
        metrics: this.#deps.requestMetrics,
        health: new HealthStatus(),
        services: [this.#lateTransportService(), this.#membershipService(), this.#checkService()],
        routes: [],
      },
    );
    this.#opened.use(server satisfies HearthServer);
    await server.listen();
  }

  #membershipService(): ServiceRegistration {
    return membershipService({ log: this.log, isEmpty: () => this.#isEmpty });
  }

  #checkService(): ServiceRegistration {
    const { versions, transportObserver: observer } = this.#deps;
    return checkService({ log: this.log, stateVersion: versions.newest, observer });
  }

  /** The port is open before it is known who this node is. */
  #lateTransportService(): ServiceRegistration {
    type Handler = (request: unknown, context: unknown) => unknown;
    const late =
      (name: string): Handler =>
      (request, context) => {
        const handler = this.#transportService?.implementation[name] as Handler | undefined;
        if (!handler) throw new UnavailableError("this node of the metastore is starting");
        return handler(request, context);
      };
    return {
      ...implement(
        RaftTransportService,
        {},
        { readMaxBytes: 2 * defaultRaftTransportSettings.appendQueue.sizeBytes },
      ),
      implementation: { deliver: late("deliver"), installSnapshot: late("installSnapshot") } as never,
    };
  }

  async #firstIdentity(): Promise<Identity> {
    this.#isEmpty = true;
    const deps = { ...this.#deps, client: this.#client };
    const identity = await decideFirstIdentity(deps, this.#settings, this.#startSignal ?? this.#tasks.signal);
    this.#deps.logger.info("first start of this node", { nodeId: identity.nodeId });
    return identity;
  }

  async #connect(identity: Identity): Promise<void> {
    const { clock, random, transportObserver: observer, snapshotsDirectory: directory } = this.#deps;
    const { tls, snapshotBytesPerSecond } = this.#settings;
    const { log } = this;
    const transport = new RaftTransport(
      {
        identity,
        clock,
        random,
        observer,
        onUnreachable: (node) => log.node?.peerUnreachable(node),
        ...(tls && { tls }),
      },
      { ...defaultRaftTransportSettings, snapshotBytesPerSecond },
    );
    const snapshots = new SnapshotReceiver({
      directory,
      onSnapshot: (from, term, fileName) => this.#takeSnapshot(from, term, fileName),
    });
    await snapshots.start();
    this.#opened.use(snapshots);
    this.#opened.use(transport);
    this.#transport = transport;
    this.#network.connect(transport);
    this.#transportService = raftTransportService({
      identity,
      chainOf: chainValue,
      onMessage: (message) => log.node?.receive(message),
      snapshots,
      observer,
      closing: this.#closing.signal,
    });
    this.#isEmpty = false;
  }

  /** A snapshot came whole: it is kept beside the others, and the node decides whether it needs it. */
  async #takeSnapshot(from: string, term: number, fileName: string): Promise<boolean> {
    const { position, membership, identity } = await this.#deps.snapshots.receive(fileName);
    if (identity.clusterId !== this.log.identity?.clusterId) return false;
    this.log.node?.snapshotReceived(from, term, { position, membership });
    return true;
  }

  async #takePartUntil(stop: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    if ((this.log.node?.status().term ?? 0) <= FIRST_TERM) {
      await waitForBeginning({ ...this.#deps, client: this.#client }, this.#settings, stop);
    }
    for (;;) {
      await clock.sleep(TICK_MS, stop);
      this.log.tick();
    }
  }

  /** A leader makes voters of learners that have caught up; everybody closes connections to those that left. */
  async #careForMembersUntil(stop: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(LOOK_AT_MEMBERS_MS, stop);
      const { node } = this.log;
      const status = node?.status();
      if (!node || !status) continue;
      const { membership, isMembershipCommitted: isCommitted, peers } = node;
      this.#transport?.retain([...membership.voters, ...membership.outgoing, ...membership.learners]);
      if (status.role !== "leader") continue;
      const target = planPromotion({ membership, isCommitted, peers, ...status });
      if (!target) continue;
      const index = node.changeMembership(target);
      this.#deps.logger.info("a node becomes a voter", { voters: target.voters.join(","), index });
    }
  }

  async #checkUntil(stop: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(this.#settings.checkEveryMs ?? CHECK_MS, stop);
      await this.#check.look(stop);
    }
  }

  /** A leader that stops lets the voter that is furthest lead, and waits a moment until it does. */
  async #handOver(): Promise<void> {
    const { node } = this.log;
    const { clock } = this.#deps;
    if (node?.status().role !== "leader" || node.peers.length === 0) return;
    const endMs = clock.monotonicMs() + HANDOVER_WITHIN_MS;
    // A new leader has heard of nobody yet.
    while (successorOf(node) === undefined && clock.monotonicMs() < endMs) await clock.sleep(LOOK_MS);
    const next = successorOf(node);
    if (next === undefined || node.transfer(next) !== undefined) return;
    this.#deps.logger.info("hands over the lead", { to: nameOf(next) });
    while (node.status().role === "leader" && clock.monotonicMs() < endMs) await clock.sleep(LOOK_MS);
  }
}

/** The voter that is furthest, of those that were heard of lately. */
function successorOf(node: Pick<RaftNode<unknown>, "membership" | "peers">): string | undefined {
  const { voters } = node.membership;
  const [next] = node.peers
    .filter((peer) => peer.isActive && voters.includes(peer.node))
    .toSorted((a, b) => b.matchIndex - a.matchIndex);
  return next?.node;
}
