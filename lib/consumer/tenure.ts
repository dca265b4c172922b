import type { PartitionQueue } from '../engine/partition-queue.js';
import type { TopicPartition } from './wire.js';

export type TenureState = 'restoring' | 'owned' | 'revoking' | 'released' | 'lost';

const NEXT: Readonly<Record<TenureState, readonly TenureState[]>> = {
  restoring: ['owned', 'revoking', 'lost'],
  owned: ['restoring', 'revoking', 'lost'],
  revoking: ['restoring', 'owned', 'released', 'lost'],
  released: [],
  lost: [],
};

/**
 * One partition on one member, from its assignment until it is released or lost. While it lasts the member claims the partition
 * in every join.
 *
 * ```
 *   assigned            start read, hooks run,            withheld                drained, hooks run, committed
 *   --------> RESTORING ---------------------> OWNED -------------------> REVOKING ---------------------------> RELEASED
 *                 |        start committed       ^                          |  |
 *                 |                              +----- assigned again -----+  |
 *                 +-------------------------> (withheld before it began) ----->+
 *   OWNED ----> RESTORING   a seek: another queue begins at its target, which is committed first; no hook runs
 *   any ----> LOST   a better claim exists, a leader of another client took it, or the committed offset has moved
 * ```
 */
export class Tenure implements TopicPartition {
  /** Null until it is known where the partition begins. */
  queue: PartitionQueue | null = null;
  /** The assigned hooks have run and the start is committed. */
  isRestored = false;
  /** Since when the assigned hooks are running, monotonic; Infinity while they are not. */
  inHooksSinceMs = Infinity;
  /** So often it has changed its state. */
  transitions = 0;
  /** Once the assigned hooks have been called; resolves when they have ended. */
  assignedHook: Promise<void> | null = null;
  /** Drained: its revoked hooks and its final commit follow, and there is no way back into this tenure. */
  isParting = false;
  isNamedRevoked = false;
  /** Monotonic. */
  revokedAtMs = 0;
  /** Resolves when the tenure has ended. */
  readonly ended: Promise<void>;
  private announceEnd: () => void = () => {};
  private changeWaiters: (() => void)[] = [];
  private current: TenureState = 'restoring';
  private drain: { readonly dueMs: number; readonly cancel: () => void } | null = null;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {
    this.ended = new Promise((resolve) => (this.announceEnd = resolve));
  }

  get state(): TenureState {
    return this.current;
  }
  get hasEnded(): boolean {
    return this.current === 'released' || this.current === 'lost';
  }

  get isInHooks(): boolean {
    return this.inHooksSinceMs !== Infinity;
  }

  enter(next: TenureState): void {
    if (!NEXT[this.current].includes(next)) throw new Error(`${this.topic}/${this.partition} cannot go from ${this.current} to ${next}`);
    this.current = next;
    this.transitions++;
    if (next !== 'revoking') this.stopWaiting();
    if (this.hasEnded) this.announceEnd();
    for (const resolve of this.changeWaiters.splice(0)) resolve();
  }

  /** Resolves when it enters its next state. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.changeWaiters.push(resolve));
  }

  /** The drain may take until `dueMs`. Of two deadlines the earlier one counts. */
  limitDrain(dueMs: number, start: () => () => void): void {
    if (this.drain !== null && this.drain.dueMs <= dueMs) return;
    this.drain?.cancel();
    this.drain = { dueMs, cancel: start() };
  }

  stopWaiting(): void {
    this.drain?.cancel();
    this.drain = null;
  }
}
