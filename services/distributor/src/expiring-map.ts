/**
 * A map that forgets what was not set for a while, without looking at its entries: they are kept in two generations, and
 * with each turn the older one is dropped. An entry is kept for at least one span after it was set, and for less than
 * two.
 */
export class ExpiringMap<K, V> {
  readonly #maxSize: number;
  #current = new Map<K, V>();
  /** No key is in both. */
  #previous = new Map<K, V>();
  #turnedMs: number | undefined;

  /** @param maxSize - beyond it, the older entries are forgotten early. */
  constructor(maxSize = Infinity) {
    this.#maxSize = maxSize;
  }

  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  /** To be called before anything else is asked at a time. @param nowMs - never less than before. */
  turn(nowMs: number, spanMs: number): void {
    this.#turnedMs ??= nowMs;
    const elapsedMs = nowMs - this.#turnedMs;
    const isOver = elapsedMs >= spanMs;
    if (!isOver && this.#current.size < this.#maxSize / 2) return;
    const isLongOver = elapsedMs >= 2 * spanMs;
    this.#previous = isLongOver ? new Map() : this.#current;
    this.#current = new Map();
    // Turns come late, with the next question: the time that a generation began is reckoned from the one before.
    this.#turnedMs = isOver && !isLongOver ? this.#turnedMs + spanMs : nowMs;
  }

  get(key: K): V | undefined {
    return this.#current.get(key) ?? this.#previous.get(key);
  }

  set(key: K, value: V): void {
    this.#previous.delete(key);
    this.#current.set(key, value);
  }

  delete(key: K): void {
    this.#previous.delete(key);
    this.#current.delete(key);
  }
}
