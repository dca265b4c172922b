import type { TopicPartitions } from '../assignors/claims.js';
import type { AssignmentMark } from '../assignors/user-data.js';
import type { TopicPartition } from './wire.js';

/** What an assignment means for the partitions that a member has, and for those that it has not. */
export interface Decisions<T extends TopicPartition> {
  readonly kept: readonly T[];
  /** Withheld: nobody else has them until they are drained, committed and released. */
  readonly revoked: readonly T[];
  /** Somebody else may have them already. */
  readonly lost: readonly T[];
  readonly added: readonly TopicPartition[];
}

/**
 * ```
 *                       | honoured by the leader | not honoured (a leader of another client)
 *   had, assigned       | kept                   | kept
 *   had, not assigned   | revoked                | lost
 *   had, named as lost  | lost                   |
 *   not had, assigned   | added                  | added
 * ```
 */
export function decide<T extends TopicPartition>(had: Iterable<T>, assigned: TopicPartitions, mark: AssignmentMark): Decisions<T> {
  const [wanted, beaten] = [namesOf(assigned), namesOf(mark.lost)];
  const decisions = { kept: [] as T[], revoked: [] as T[], lost: [] as T[], added: [] as TopicPartition[] };
  const names = new Set<string>();
  for (const one of had) {
    const name = nameOf(one);
    names.add(name);
    if (wanted.has(name)) decisions.kept.push(one);
    else if (mark.honoured && !beaten.has(name)) decisions.revoked.push(one);
    else decisions.lost.push(one);
  }
  for (const [topic, partitions] of assigned) {
    for (const partition of new Set(partitions)) if (!names.has(nameOf({ topic, partition }))) decisions.added.push({ topic, partition });
  }
  return decisions;
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

export function namesOf(byTopic: TopicPartitions): Set<string> {
  const names = new Set<string>();
  for (const [topic, partitions] of byTopic) for (const partition of partitions) names.add(nameOf({ topic, partition }));
  return names;
}

export function byTopic(partitions: Iterable<TopicPartition>): ReadonlyMap<string, readonly number[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const numbers = topics.get(topic);
    if (numbers === undefined) topics.set(topic, [partition]);
    else numbers.push(partition);
  }
  return topics;
}
