import type { Message, NodeId } from "../../src/index.ts";

/** A way from one node to another. */
export interface Pair {
  readonly from: NodeId;
  readonly to: NodeId;
}

/** Messages wait in a queue for each pair of nodes until the scenario delivers them. */
export class ScriptedNetwork {
  #queues = new Map<string, Message[]>();
  /** Nodes of different sides do not reach each other; one that is in none reaches nobody. Undefined: all is well. */
  #sides: readonly (readonly NodeId[])[] | undefined;

  partition(sides: readonly (readonly NodeId[])[]): void {
    this.#sides = sides;
  }

  heal(): void {
    this.#sides = undefined;
  }

  isCut({ from, to }: Pair): boolean {
    return this.#sides !== undefined && !this.#sides.some((side) => side.includes(from) && side.includes(to));
  }

  /** @returns whether it is on its way: what is sent into a partition is lost. */
  send(message: Message): boolean {
    if (this.isCut(message)) return false;
    const key = `${message.from}->${message.to}`;
    this.#queues.set(key, [...(this.#queues.get(key) ?? []), message]);
    return true;
  }

  /**
   * Takes all that waits out of the queues, sorted by pair. What waited before a partition came stays, unless its pair is
   * asked for.
   */
  take(pair: Pair | undefined, isWanted: (message: Message) => boolean): Message[] {
    const taken: Message[] = [];
    for (const [key, queue] of [...this.#queues].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const [from = "", to = ""] = key.split("->");
      const isAsked = pair ? pair.from === from && pair.to === to : !this.isCut({ from, to });
      if (!isAsked) continue;
      const left: Message[] = [];
      for (const message of queue) (isWanted(message) ? taken : left).push(message);
      this.#queues.set(key, left);
    }
    return taken;
  }
}
