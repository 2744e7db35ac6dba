/**
 * Keeps what was used lately, under a budget. What comes in or is used goes into the younger of two generations; when that
 * holds half of the budget, it becomes the older one, and what was in the older one is forgotten. So an entry
 * stays while it is used at least once in a generation, and using one costs a look-up and no bookkeeping. Only half of the
 * budget is certain: where the entries that are in use may just fit, as decoded sections of blocks, a list of them in the
 * order of use (`lru-cache`) keeps more.
 */
export class RecentMap<K, V> {
  readonly #halfBudget: number;
  #young = new Map<K, Entry<V>>();
  #old = new Map<K, Entry<V>>();
  #youngWeight = 0;

  /** @param budget - weights of all entries together stay at or below it, but for an entry that is heavier alone. */
  constructor(budget: number) {
    this.#halfBudget = budget / 2;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young) return young.value;
    const old = this.#old.get(key);
    if (!old) return undefined;
    this.#old.delete(key);
    this.#add(key, old);
    return old.value;
  }

  /** @param weight - in the unit of the budget, above 0. */
  set(key: K, value: V, weight: number): void {
    this.#old.delete(key);
    this.#youngWeight -= this.#young.get(key)?.weight ?? 0;
    this.#add(key, { value, weight });
  }

  #add(key: K, entry: Entry<V>): void {
    if (this.#youngWeight + entry.weight > this.#halfBudget) {
      this.#young.delete(key);
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, entry);
    this.#youngWeight += entry.weight;
  }
}

interface Entry<V> {
  readonly value: V;
  readonly weight: number;
}
