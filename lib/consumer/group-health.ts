import { DeliveryState } from '../engine/delivery.js';
import type { Engine } from '../engine/engine.js';
import type { PartitionQueue } from '../engine/partition-queue.js';
import type { BrokerContact } from './broker-contact.js';
import type { GroupState } from './group-consumer.js';
import type { GroupMember } from './group-member.js';
import type { TopicPartition } from './wire.js';

/** A record in flight that gives no sign of life, in a partition in which nothing completes. */
export interface StuckRecord extends TopicPartition {
  readonly offset: number;
  readonly ageMs: number;
}

/** What health checks look at. Ages leave out the time in which no broker answered; each is 0 where there is nothing to wait for. */
export interface GroupHealth {
  readonly state: GroupState;
  /** Every member has had an assignment once, in this life of the consumer or an earlier one. */
  readonly hasJoined: boolean;
  /** The coordinator has confirmed every member lately: what is ready may start. */
  readonly isProven: boolean;
  /** Why it has ended without being asked to. */
  readonly endedBy: string | null;
  readonly partitions: number;
  /** As of the last fetches; null where one of the partitions has had none. */
  readonly lag: number | null;
  /** Partitions with as many held records as they may have. */
  readonly fullOfHeld: readonly TopicPartition[];
  /** Handlers that were given up and still run: as many as the concurrency, and nothing starts. */
  readonly abandoned: number;
  readonly concurrency: number;
  /** Brokers whose fetch loop has ended by a defect. */
  readonly brokenLoops: readonly number[];
  /** Since a fetch loop last went round, well or badly. */
  readonly fetchAgeMs: number;
  /** Since a commit is due. */
  readonly commitAgeMs: number;
  /** Since a member's rebalance goes on. */
  readonly rebalanceAgeMs: number;
  /** How long an assigned hook has been running, for which its partitions wait; 0 where none is as old as a stuck record. */
  readonly hungHookMs: number;
  /** The oldest first. */
  readonly stuck: readonly StuckRecord[];
}

export interface HealthSources extends Pick<GroupHealth, 'state' | 'hasJoined' | 'endedBy'> {
  readonly engine: Engine;
  readonly members: readonly GroupMember[];
  readonly contact: BrokerContact;
  readonly nowMs: number;
  /** Age from which on a record counts as stuck; twice its handler's timeout where that is longer. Of a hook, too. */
  readonly stuckMs: number;
}

export function healthOf(sources: HealthSources): GroupHealth {
  const { engine, members, contact, nowMs, state, hasJoined, endedBy } = sources;
  const queues = members.flatMap((member) => [...member.owned.all]);
  return {
    state,
    hasJoined,
    isProven: members.length > 0 && members.every(({ lease }) => nowMs < lease.untilMs),
    endedBy,
    partitions: queues.length,
    lag: members.reduce<number | null>((sum, member) => plus(sum, lagOf(member)), 0),
    fullOfHeld: queues.filter(({ held, handler }) => held >= handler.options.maxHeldPerPartition).map(({ topic, partition }) => ({ topic, partition })),
    abandoned: engine.abandonedInFlight,
    concurrency: engine.limits.concurrency,
    brokenLoops: members.flatMap(({ fetcher }) => fetcher.brokenLoops),
    fetchAgeMs: oldest(members, ({ fetcher }) => contact.ageOf(fetcher.aliveAtMs)),
    commitAgeMs: oldest(members, ({ committer }) => contact.ageAtCoordinator(committer.dueSinceMs)),
    rebalanceAgeMs: oldest(members, ({ membership }) => contact.ageAtCoordinator(membership.unsettledSinceMs)),
    hungHookMs: hungHookMs(sources),
    stuck: members.flatMap((member) => Array.from(member.owned.all, (queue) => stuckOf(queue, member, sources)).flat()).sort((a, b) => b.ageMs - a.ageMs),
  };
}

function hungHookMs({ members, contact, stuckMs }: HealthSources): number {
  const ageMs = oldest(members, ({ owned }) => contact.ageAtCoordinator(owned.inHooksSinceMs));
  return ageMs >= stuckMs ? ageMs : 0;
}

function lagOf({ owned, fetcher }: GroupMember): number | null {
  let lag: number | null = 0;
  for (const queue of owned.all) lag = plus(lag, fetcher.lag(queue));
  return lag;
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function oldest(members: readonly GroupMember[], ageMs: (member: GroupMember) => number): number {
  return members.reduce((age, member) => Math.max(age, ageMs(member)), 0);
}

/** Records are looked at only where nothing has completed for that long. */
function stuckOf(queue: PartitionQueue, { progress }: GroupMember, { contact, nowMs, stuckMs }: HealthSources): StuckRecord[] {
  const { topic, partition, running, handler } = queue;
  const limitMs = Math.max(stuckMs, 2 * (handler.options.timeoutMs ?? 0));
  if (running === 0 || contact.ageOf(progress.lastMs(queue, nowMs)) < limitMs) return [];
  const stuck: StuckRecord[] = [];
  for (const { state, offset, aliveAtMs } of queue.tracker.incomplete()) {
    if (state !== DeliveryState.RUNNING) continue;
    const ageMs = contact.ageOf(aliveAtMs);
    if (ageMs >= limitMs) stuck.push({ topic, partition, offset, ageMs });
  }
  return stuck;
}
