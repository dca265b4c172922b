import { WireError, type WireErrorKind } from '../../lib/consumer/wire.js';
import type { Random } from './random.js';
import type { EventOwner, Scheduler } from './scheduler.js';

/** What a broker answers instead of a reply. */
export class Refusal {
  constructor(readonly code: string) {}
}
export type Answer<T> = (reply: T | Refusal) => void;

const KINDS: Readonly<Record<string, WireErrorKind>> = {
  REBALANCE_IN_PROGRESS: 'rebalancing',
  ILLEGAL_GENERATION: 'fenced',
  UNKNOWN_MEMBER_ID: 'unknown-member',
  NOT_COORDINATOR: 'moved',
  COORDINATOR_LOAD_IN_PROGRESS: 'unavailable',
  CONNECTION_LOST: 'unavailable',
  TIMED_OUT: 'unavailable',
  NOT_ENOUGH_REPLICAS: 'unavailable',
  UNKNOWN_SERVER_ERROR: 'too-large',
  OFFSET_METADATA_TOO_LARGE: 'metadata-too-large',
};

export function wireError(code: string): WireError {
  return new WireError(KINDS[code] ?? 'unavailable', code, `simulated ${code}`);
}

/** One process's end of it. */
export interface Peer extends EventOwner {
  /** No packet passes in either direction. */
  isCutOff: boolean;
}

/** Requests on a connection arrive in their order, and so do replies; a failure ends it, and what follows may overtake. */
export class Connection {
  private sentUntilMs = 0;
  private answeredUntilMs = 0;
  arrival(atMs: number): number {
    return (this.sentUntilMs = Math.max(this.sentUntilMs, atMs));
  }
  reply(atMs: number): number {
    return (this.answeredUntilMs = Math.max(this.answeredUntilMs, atMs));
  }
  reset(): void {
    this.sentUntilMs = 0;
    this.answeredUntilMs = 0;
  }
}

/** Carries requests to brokers and replies back: late, sometimes not at all. */
export class Network {
  /** Share of messages that are lost. */
  lossShare = 0;
  /** Share of messages that are late by up to four seconds. */
  lateShare = 0;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
  ) {}

  call<T>(peer: Peer, connection: Connection, timeoutMs: number, serve: (answer: Answer<T>) => void): { reply: Promise<T>; abandon: (code: string) => void } {
    let settle: (reply: T | Refusal) => void = () => {};
    const reply = new Promise<T>((resolve, reject) => {
      settle = (outcome) => {
        settle = () => {};
        cancel();
        if (outcome instanceof Refusal) reject(wireError(outcome.code));
        else resolve(outcome);
      };
    });
    const fail = (code: string): void => {
      connection.reset();
      settle(new Refusal(code));
    };
    const cancel = this.scheduler.after(timeoutMs, () => fail('TIMED_OUT'), peer);
    this.carry(peer, connection, timeoutMs, serve, (outcome) => settle(outcome), fail);
    return { reply, abandon: fail };
  }

  private carry<T>(peer: Peer, connection: Connection, timeoutMs: number, serve: (answer: Answer<T>) => void, arrived: Answer<T>, fail: (code: string) => void): void {
    const { scheduler } = this;
    const lost = (): void => void scheduler.after(this.random.chance(0.7) ? this.random.between(1, 500) : timeoutMs, () => fail('CONNECTION_LOST'), peer, 'message');
    if (this.isLost(peer)) return lost();
    const arrivalMs = connection.arrival(scheduler.nowMs + this.latency());
    let isAnswered = false;
    const answer = (outcome: T | Refusal): void => {
      if (isAnswered) return;
      isAnswered = true;
      if (this.isLost(peer)) return lost();
      const atMs = connection.reply(scheduler.nowMs + this.latency());
      scheduler.after(atMs - scheduler.nowMs, () => arrived(outcome), peer, 'message');
    };
    scheduler.after(arrivalMs - scheduler.nowMs, () => serve(answer), null, 'message');
  }

  private isLost(peer: Peer): boolean {
    return peer.isCutOff || this.random.chance(this.lossShare);
  }
  private latency(): number {
    return this.random.chance(this.lateShare) ? this.random.between(20, 4000) : this.random.between(0.2, 4);
  }
}
