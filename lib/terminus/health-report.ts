import type { GroupHealth } from '../consumer/group-health.js';
import type { KafkaConsumerStats } from '../interfaces/index.js';

/** What a check carries beside Terminus's `status`. */
export interface KafkaHealthDetail {
  /** What is wrong, one sentence for each finding; absent where nothing is. */
  reason?: string;
  /** By `groupId`; `<connection>/<groupId>` where several connections have a group of that name. `lag` is null while it is not known. */
  groups: Record<string, { state: KafkaConsumerStats['state']; lag: number | null; partitions: number }>;
  /** Records in flight without a sign of life, in partitions in which nothing completes; the oldest first, at most 100. */
  stuck: { groupId: string; topic: string; partition: number; offset: number; ageMs: number }[];
}

/** A group as a check sees it. */
export interface CheckedGroup {
  /** Its key in the detail. */
  readonly name: string;
  readonly groupId: string;
  readonly health: GroupHealth;
}

const MOST_STUCK = 100;

export function detailOf(groups: readonly CheckedGroup[], findings: readonly string[]): KafkaHealthDetail {
  return {
    ...(findings.length === 0 ? {} : { reason: findings.join('; ') }),
    groups: Object.fromEntries(groups.map(({ name, health: { state, lag, partitions } }) => [name, { state, lag, partitions }])),
    stuck: groups
      .flatMap(({ groupId, health }) => health.stuck.map(({ topic, partition, offset, ageMs }) => ({ groupId, topic, partition, offset, ageMs: Math.round(ageMs) })))
      .sort((a, b) => b.ageMs - a.ageMs)
      .slice(0, MOST_STUCK),
  };
}

export function notStarted({ name, health }: CheckedGroup): string[] {
  if (health.hasJoined) return [];
  const why = health.endedBy === null ? '' : ` (${health.endedBy})`;
  return [`group ${name} has not joined yet, it is ${health.state}${why}`];
}

/** Only what a restart cures. */
export function notLive({ name, health }: CheckedGroup, stalledMs: number): string[] {
  const { state, endedBy, brokenLoops, fetchAgeMs, commitAgeMs, rebalanceAgeMs, hungHookMs, abandoned, concurrency, stuck } = health;
  const findings: string[] = [];
  const at = (finding: string): unknown => findings.push(`group ${name}: ${finding}`);
  if (state === 'failed') at(`the consumer has stopped for good (${endedBy ?? 'no reason given'})`);
  if (brokenLoops.length > 0) at(`the fetch loop of broker ${brokenLoops.join(', ')} has ended by a defect`);
  if (fetchAgeMs >= stalledMs) at(`no fetch has come to an end for ${seconds(fetchAgeMs)}`);
  if (commitAgeMs >= stalledMs) at(`offsets should have been committed ${seconds(commitAgeMs)} ago`);
  if (rebalanceAgeMs >= stalledMs) at(`a rebalance has been going on for ${seconds(rebalanceAgeMs)}`);
  if (hungHookMs > 0) at(`a hook for assigned partitions has been running for ${seconds(hungHookMs)}: nothing of them is consumed before it ends`);
  if (abandoned >= concurrency) at(`${abandoned} handlers ignored their abort signal and still run, as many as the concurrency: nothing starts`);
  if (stuck.length > 0) {
    const [{ topic, partition, offset, ageMs }] = stuck;
    const others = stuck.length === 1 ? '' : `, and so ${hasOthers(stuck.length - 1)}`;
    at(`${topic}/${partition} offset ${offset} has been in flight for ${seconds(ageMs)} while nothing of its partition completed${others}`);
  }
  return findings;
}

export function notReady({ name, health }: CheckedGroup): string[] {
  const { state, endedBy, hasJoined, isProven, fullOfHeld } = health;
  if (state !== 'running' && state !== 'rebalancing') return [`group ${name} is ${state}${endedBy === null ? '' : ` (${endedBy})`}`];
  if (!hasJoined) return [`group ${name} has not joined yet`];
  if (!isProven) return [`group ${name} is not connected: its coordinator has not confirmed its membership lately`];
  if (fullOfHeld.length === 0) return [];
  const [{ topic, partition }] = fullOfHeld;
  const others = fullOfHeld.length === 1 ? '' : `, and so ${hasOthers(fullOfHeld.length - 1)}`;
  return [`group ${name}: ${topic}/${partition} has as many held records as it may have${others}`];
}

function hasOthers(count: number): string {
  return count === 1 ? 'has 1 other' : `have ${count} others`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
