import type { Clock } from './clock.js';
import type { MemberIdentity, Wire } from './wire.js';

export interface HeartbeatDependencies {
  readonly wire: Pick<Wire, 'heartbeat'>;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** The coordinator knows the member: it has answered what was sent at this time. */
  readonly proven: (sentAtMs: number) => void;
  readonly rebalancing: (identity: MemberIdentity) => void;
  readonly failed: (identity: MemberIdentity, error: unknown) => void;
}

/**
 * Heartbeats on a timer of their own, however long handlers, fetches and joins take. One request at a time. While a join waits
 * in the broker they go on with the identity of before: "the group assembles again" is a proof of membership like any other.
 */
export class Heartbeat {
  private identity: MemberIdentity | null = null;
  private cancel: (() => void) | null = null;
  private isAsking = false;

  constructor(private readonly deps: HeartbeatDependencies) {}

  /** From now on for this identity. */
  start(identity: MemberIdentity): void {
    this.identity = identity;
    this.plan(this.deps.intervalMs);
  }

  stop(): void {
    this.identity = null;
    this.cancel?.();
    this.cancel = null;
  }

  private plan(delayMs: number): void {
    this.cancel?.();
    this.cancel = this.deps.clock.later(delayMs, () => {
      this.cancel = null;
      void this.beat();
    });
  }

  private async beat(): Promise<void> {
    const { identity } = this;
    if (identity === null || this.isAsking) return;
    const { clock, wire, intervalMs, rebalancing, failed, proven } = this.deps;
    const sentAtMs = clock.now();
    this.isAsking = true;
    try {
      const answer = await wire.heartbeat(identity);
      if (this.identity === identity) {
        proven(sentAtMs);
        if (answer === 'rebalancing') rebalancing(identity);
      }
    } catch (error) {
      if (this.identity === identity) failed(identity, error);
    } finally {
      this.isAsking = false;
    }
    if (this.identity !== null) this.plan(Math.max(0, sentAtMs + intervalMs - clock.now()));
  }
}
