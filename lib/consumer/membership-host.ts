import type { AssignmentStrategy } from '../assignors/assign.js';
import type { Claims, TopicPartitions } from '../assignors/claims.js';
import type { AssignmentMark } from '../assignors/user-data.js';
import type { Lease } from '../engine/lease.js';
import type { Clock } from './clock.js';
import type { GroupLog } from './group-consumer.js';
import type { GroupOptions } from './options.js';
import type { Wire } from './wire.js';

/** What a member's place in its group means for what it owns. */
export interface MembershipHost {
  /**
   * Members with patterns find a new topic at different times, each of which would be a rebalance: so they all look when one of
   * them joins. Bounded; never rejects.
   */
  lookForTopics(): Promise<void>;
  /** Topics that exist, sorted: what a join announces. */
  subscription(): readonly string[];
  /** Partitions of each of them. */
  counts(): ReadonlyMap<string, number>;
  /** What is owned, and what of it is being drained, at this moment. */
  claims(): Pick<Claims, 'owned' | 'draining'>;
  /** Drains, commits and releases everything within about this time. Heartbeats go on meanwhile. */
  releaseAll(timeoutMs: number): Promise<unknown>;
  /** What the group's leader has assigned. When it returns, nothing starts any more of what the member has to give up. */
  apply(partitions: TopicPartitions, mark: AssignmentMark): void;
  /** What was owned may belong to others by now: nothing starts and nothing is committed until it is verified. */
  doubt(): void;
  /** Loses what others have moved on. False when `isWanted` turned false before there was an answer. */
  verify(isWanted: () => boolean): Promise<boolean>;
  /** There is an identity to commit with. */
  settled(): void;
  /** The member is out of the group, without having released what it owned. */
  lost(reason: string): Promise<void>;
  /** The coordinator has just proven membership; `lapsed` where nothing could be started before. */
  proven(lapsed: boolean): void;
  /** No repetition will help. The member has stopped by itself. */
  fatal(error: unknown): void;
}

export interface MembershipDependencies {
  readonly wire: Wire;
  readonly options: GroupOptions;
  readonly strategy: AssignmentStrategy;
  readonly lease: Lease;
  readonly host: MembershipHost;
  readonly clock: Clock;
  readonly log: GroupLog;
}
