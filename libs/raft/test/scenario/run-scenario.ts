import { invariant } from "@hearth/errors";

import type { Cluster } from "./cluster.ts";
import { Command } from "./command.ts";
import { COMMANDS, startCluster } from "./commands.ts";

/**
 * Runs the commands of a scenario.
 *
 * @returns its text as it is when the trace below each command is what happened.
 */
export function runScenario(text: string): string {
  const output: string[] = [];
  let trace: string[] = [];
  const print = (line: string): void => void trace.push(`  ${line}`);
  let cluster: Cluster | undefined;
  let statuses: string[] = [];
  for (const line of text.trimEnd().split("\n")) {
    if (line.startsWith(" ")) continue;
    output.push(line);
    if (line === "" || line.startsWith("#")) continue;
    trace = [];
    cluster = runCommand(line, cluster, print);
    const before = statuses;
    statuses = cluster.nodes.map((node) => `  ${cluster?.statusLine(node)}`);
    output.push(...(isQuiet(line) ? statuses.filter((status) => !before.includes(status)) : trace));
  }
  return `${output.join("\n")}\n`;
}

/** The rule that a scenario shows: its first line. */
export function nameOf(text: string): string {
  const [first = ""] = text.split("\n");
  invariant(first.startsWith("# "), "a scenario begins with the rule that it shows, after a #");
  return first.slice(2);
}

function runCommand(line: string, cluster: Cluster | undefined, print: (line: string) => void): Cluster {
  const command = new Command(line.replace(/^quiet /u, ""));
  const after = command.name === "nodes" ? startCluster(command, print) : cluster;
  invariant(after, `the cluster has no nodes yet: ${line}`);
  if (command.name !== "nodes") {
    const run = COMMANDS[command.name];
    invariant(run, `no such command: ${line}`);
    run(after, command, print);
  }
  invariant(command.unread().length === 0, `no such option: ${line}`);
  after.check();
  return after;
}

/** Steps on the way to what a scenario is about: whose status changed is enough. */
function isQuiet(line: string): boolean {
  return /^(?:quiet|lead|elect) /u.test(line);
}
