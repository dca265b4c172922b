import type { Engine } from '../engine/engine.js';
import type { PartitionQueue } from '../engine/partition-queue.js';
import type { GroupState, GroupStats, PartitionStats } from './group-consumer.js';
import type { GroupMember } from './group-member.js';

/** What members that are gone have counted. */
export class GroupTotals {
  committed = 0;
  rebalances = 0;
  /** All members of some life of the consumer have had an assignment. */
  hasJoined = false;

  keep(member: GroupMember): void {
    this.committed += member.committer.committedCount;
    this.rebalances += member.membership.rebalances;
  }
}

export interface StatsSources {
  readonly state: GroupState;
  readonly engine: Engine;
  readonly members: readonly GroupMember[];
  readonly totals: GroupTotals;
  readonly nowMs: number;
}

export function statsOf({ state, engine, members, totals, nowMs }: StatsSources): GroupStats {
  const { counters } = engine;
  const partitions = members.flatMap((member) => Array.from(member.owned.all, (queue) => partitionStats(member, queue, nowMs)));
  const queues = members.flatMap((member) => [...member.owned.all]);
  return {
    state,
    memberIds: members.map(({ membership }) => membership.memberId).filter((id) => id !== ''),
    consumedCount: counters.consumed,
    processedCount: counters.processed,
    failedCount: counters.failed,
    committedCount: members.reduce((sum, { committer }) => sum + committer.committedCount, totals.committed),
    retriedCount: counters.retried,
    skippedCount: counters.skipped,
    heldCount: queues.reduce((sum, queue) => sum + queue.held, 0),
    duplicatesDropped: counters.duplicatesDropped,
    abandonedCount: counters.abandoned,
    inFlight: engine.inFlight,
    buffered: queues.reduce((sum, queue) => sum + queue.buffered, 0),
    rebalanceCount: members.reduce((sum, { membership }) => sum + membership.rebalances, totals.rebalances),
    partitions,
  };
}

function partitionStats({ committer, fetcher }: GroupMember, queue: PartitionQueue, nowMs: number): PartitionStats {
  const { tracker, oldest } = queue;
  return {
    topic: queue.topic,
    partition: queue.partition,
    epoch: queue.epoch,
    committedOffset: committer.committedOffset(queue),
    committableOffset: tracker.watermark,
    highestReceivedOffset: queue.position - 1,
    pendingCount: queue.pendingCount,
    completedAheadCount: tracker.completedAhead,
    oldestPendingOffset: oldest?.offset ?? null,
    oldestPendingAgeMs: oldest === null ? null : nowMs - oldest.sinceMs,
    paused: pausedBy(queue),
    lag: fetcher.lag(queue),
  };
}

function pausedBy(queue: PartitionQueue): PartitionStats['paused'] {
  if (queue.state !== 'active') return 'drain';
  return queue.suspendedBy ?? (queue.starved ? 'buffer' : false);
}
