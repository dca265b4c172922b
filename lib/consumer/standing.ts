import type { Lease } from '../engine/lease.js';
import type { Clock } from './clock.js';
import type { MemberIdentity } from './wire.js';

/** Of the session that a proof of membership is worth: the broker's clock began before ours saw the answer. */
const LEASE_SHARE = 0.9;

/**
 * What a member knows of its place in the group: who it is there, up to when that is proven, and whether it may have missed
 * something.
 */
export class Standing {
  /** Empty before the coordinator has given one. */
  id = '';
  /** Generation of the last assignment, which confirmed what is owned; −1 before the first one. */
  confirmed = -1;
  /** The member was away: what it owns may have been others' meanwhile. It starts and commits nothing until that is known. */
  isSuspect = false;
  private current: MemberIdentity | null = null;

  constructor(
    private readonly lease: Lease,
    private readonly clock: Clock,
    private readonly sessionTimeoutMs: number,
  ) {}

  /** Of the last assignment; null while nothing may be committed. */
  get identity(): MemberIdentity | null {
    return this.isSuspect ? null : this.current;
  }

  /** Whether rounds have passed of which this member knows nothing. Their leader need not have honoured its claims. */
  hasMissed(generation: number): boolean {
    return this.confirmed >= 0 && generation !== this.confirmed + 1;
  }

  confirm({ memberId, generation }: MemberIdentity): void {
    this.id = memberId;
    this.current = { memberId, generation };
    this.confirmed = generation;
  }

  suspect(): void {
    this.isSuspect = true;
    this.lease.untilMs = -Infinity;
  }

  /** The coordinator does not know the id any more. What the member owned in `confirmed` it goes on claiming. */
  forgetId(): void {
    this.id = '';
    this.current = null;
    this.suspect();
  }

  end(): void {
    this.current = null;
    this.lease.untilMs = -Infinity;
  }

  /** The coordinator has answered as to a member what was sent at this time. Answers whether nothing could be started before, and can now. */
  prove(sentAtMs: number): boolean {
    if (this.isSuspect) return false;
    const hadLapsed = this.clock.now() >= this.lease.untilMs;
    this.lease.untilMs = Math.max(this.lease.untilMs, sentAtMs + LEASE_SHARE * this.sessionTimeoutMs);
    return hadLapsed && this.clock.now() < this.lease.untilMs;
  }
}
