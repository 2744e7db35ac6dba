/** What happens when, in virtual time; things of the same moment in the order in which they were planned. */
export class EventQueue {
  nowMs = 0;
  #planned = 0;
  readonly #times: number[] = [];
  readonly #numbers: number[] = [];
  readonly #events: (() => void)[] = [];

  get length(): number {
    return this.#events.length;
  }

  after(ms: number, event: () => void): void {
    let at = this.#events.length;
    const time = this.nowMs + ms;
    const number = this.#planned++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#times[parent]! <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, number, event);
  }

  /** Lets the next thing happen. @returns false when nothing is planned. */
  step(): boolean {
    const event = this.#events[0];
    if (!event) return false;
    this.nowMs = this.#times[0]!;
    this.#removeFirst();
    event();
    return true;
  }

  #removeFirst(): void {
    const last = this.#events.length - 1;
    const time = this.#times[last]!;
    const number = this.#numbers[last]!;
    const event = this.#events[last]!;
    this.#times.length = last;
    this.#numbers.length = last;
    this.#events.length = last;
    if (last === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isBefore(child + 1, this.#times[child]!, this.#numbers[child]!)) child++;
      if (!this.#isBefore(child, time, number)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, time, number, event);
  }

  #isBefore(at: number, time: number, number: number): boolean {
    const own = this.#times[at]!;
    return own < time || (own === time && this.#numbers[at]! < number);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#numbers[from]!, this.#events[from]!);
  }

  #put(at: number, time: number, number: number, event: () => void): void {
    this.#times[at] = time;
    this.#numbers[at] = number;
    this.#events[at] = event;
  }
}
