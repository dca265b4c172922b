/** Time as the member sees it. Tests and simulations hand in one that they move themselves. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs once; answers a function that cancels. */
  later(delayMs: number, work: () => void): () => void;
  /** Runs once, after timers and sockets had their turn. */
  nextTurn(work: () => void): void;
}

/** setTimeout runs at once what is to wait longer than this. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  later(delayMs, work) {
    const timer = setTimeout(work, Math.min(delayMs, LONGEST_DELAY_MS));
    return () => clearTimeout(timer);
  },
  nextTurn: (work) => void setImmediate(work),
};
