import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../lib/consumer/clock.js';

/** Turns of the event loop after which nothing else is taken to happen. */
const QUIET_TURNS = 8;

/** Time that passes when nothing else happens: the earliest timer runs after some quiet turns of the event loop. */
export class VirtualClock implements Clock {
  private nowMs = 0;
  private readonly timers = new Set<{ readonly dueMs: number; readonly work: () => void }>();

  now(): number {
    return this.nowMs;
  }
  later(delayMs: number, work: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, work };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  nextTurn(work: () => void): void {
    setImmediate(work);
  }

  /** Until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    for (let turns = 0; !isSettled; turns++) {
      if (turns > 100_000) throw new Error('The promise is not settled after 100,000 turns of the event loop.');
      await nextTurn();
      if (!isSettled && turns % QUIET_TURNS === QUIET_TURNS - 1) this.fireEarliest();
    }
    return promise;
  }

  private fireEarliest(): void {
    const [first, ...others] = this.timers;
    if (first === undefined) return;
    const earliest = others.reduce((a, b) => (b.dueMs < a.dueMs ? b : a), first);
    this.timers.delete(earliest);
    this.nowMs = Math.max(this.nowMs, earliest.dueMs);
    earliest.work();
  }
}
