import type { Lease } from '../engine/lease.js';
import type { Clock } from './clock.js';
import type { MemberIdentity, Wire } from './wire.js';

/** Of the session that a proof of membership is worth: the broker's clock began before ours saw the answer. */
const LEASE_SHARE = 0.9;

export interface HeartbeatDependencies {
  readonly wire: Pick<Wire, 'heartbeat'>;
  readonly clock: Clock;
  readonly lease: Lease;
  readonly intervalMs: number;
  readonly sessionTimeoutMs: number;
  /** The coordinator knows the member; `lapsed` when the lease had ended before. */
  readonly proven: (lapsed: boolean) => void;
  readonly rebalancing: (identity: MemberIdentity) => void;
  readonly failed: (identity: MemberIdentity, error: unknown) => void;
}

/** Heartbeats on a timer of their own, however long handlers and fetches take. One request at a time. */
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

  /** A request that was sent at this time was answered as to a member. */
  prove(sentAtMs: number): void {
    const { lease, clock, sessionTimeoutMs, proven } = this.deps;
    const lapsed = clock.now() >= lease.untilMs;
    lease.untilMs = Math.max(lease.untilMs, sentAtMs + LEASE_SHARE * sessionTimeoutMs);
    proven(lapsed && clock.now() < lease.untilMs);
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
    const { clock, wire, intervalMs, rebalancing, failed } = this.deps;
    const sentAtMs = clock.now();
    this.isAsking = true;
    try {
      const answer = await wire.heartbeat(identity);
      if (this.identity === identity) {
        this.prove(sentAtMs);
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
