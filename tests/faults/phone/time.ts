/**
 * Time as the machine plays it. It stands still until a schedule lets it pass; long waits of the program (the limit of a request,
 * the grace of a lock) end when it has passed so far, and a test needs no second of its own for them.
 */
const LONG_MS = 1_000; // what is shorter is the program's own breathing, and real

interface Timer {
  at: number;
  ms: number;
  ring: () => void;
}

export class Time {
  /** ms since 1970, as the county's clock has it. */
  now = 0;
  #timers = new Set<Timer>();

  /** Take the place of the long timers of this process. */
  install(): void {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const later = (ring: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) => {
      if (ms < LONG_MS) return set(ring, ms, ...given);
      const timer: Timer & { unref(): void } = {
        ...{ at: this.now + ms, ms, ring: () => ring(...given), unref: () => undefined },
      };
      this.#timers.add(timer);
      return timer;
    };
    const stop = (timer: unknown) => {
      if (!this.#timers.delete(timer as Timer)) clear(timer as Parameters<typeof clear>[0]);
    };
    Object.assign(globalThis, { setTimeout: later, clearTimeout: stop });
  }

  /** Begin anew: what still waits belongs to a schedule that has ended. */
  begin(now: number): void {
    this.now = now;
    this.#timers.clear();
  }

  pass(ms: number): void {
    this.now += ms;
    for (const timer of [...this.#timers]) if (timer.at <= this.now) this.#ring(timer);
  }

  /** Nothing answers until the program loses patience: its limits of a request end, all others still wait. */
  losePatience(): void {
    for (const timer of [...this.#timers]) if (timer.ms < 120_000) this.#ring(timer);
  }

  #ring(timer: Timer): void {
    this.#timers.delete(timer);
    timer.ring();
  }
}
