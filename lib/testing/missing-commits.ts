import type { Cluster } from './broker/cluster.js';
import { topicsOf } from './broker/groups/subscription.js';
import type { Topic } from './broker/topics/topic.js';
import { recordsOf } from './stored-records.js';

/** What the group has not committed of these topics, in words; null where it has committed all. */
export function missingCommits(cluster: Cluster, groupId: string, topics: readonly Topic[]): string | null {
  const missing = topics.flatMap(topic => openPartitions(cluster, groupId, topic).map(open => describe(topic, open)));
  return missing.length === 0 ? null : `${missing.join('; ')}. ${membersOf(cluster, groupId)}.`;
}

/** The same of everything that these groups, or all that have members, have subscribed to. A group that rebalances is not done. */
export function missingWork(cluster: Cluster, groupIds: readonly string[]): string | null {
  const groups = groupIds.length > 0 ? groupIds : cluster.groups.list().filter(({ members }) => members.length > 0).map(({ groupId }) => groupId);
  if (groups.length === 0) return 'No group has members.';
  const missing = groups.flatMap(groupId => {
    const topics = subscribed(cluster, groupId);
    return (topics === null ? `${membersOf(cluster, groupId)}.` : missingCommits(cluster, groupId, topics)) ?? [];
  });
  return missing.length === 0 ? null : missing.join(' ');
}

interface OpenPartition {
  readonly partition: number;
  readonly committed: number | null;
  readonly end: number;
}

function openPartitions(cluster: Cluster, groupId: string, topic: Topic): OpenPartition[] {
  const commits = new Map(cluster.groups.committed(groupId, topic.name).map(({ partition, offset }) => [partition, offset]));
  const partitions = topic.partitions.map(({ index, log }) => ({ partition: index, committed: commits.get(index) ?? null, end: log.lastStableOffset, start: log.startOffset }));
  return partitions.filter(({ committed, end, start }) => end > start && (committed ?? -1) < end);
}

function describe(topic: Topic, { partition, committed, end }: OpenPartition): string {
  const next = recordsOf(topic).find(record => record.partition === partition && record.offset >= (committed ?? 0));
  const record = next === undefined ? '' : ` (next: offset ${next.offset}, key ${next.key === null ? 'none' : String(next.key)})`;
  return `${topic.name}/${partition} ends at ${end} and is ${committed === null ? 'not committed' : `committed up to ${committed}`}${record}`;
}

function membersOf({ groups }: Cluster, groupId: string): string {
  const { state, members } = groups.describe(groupId);
  return `Group ${groupId} is ${state} and has ${members.length === 1 ? '1 member' : `${members.length} members`}`;
}

/** Null while the group has nobody, or has not agreed on who reads what. */
function subscribed({ groups, topics }: Cluster, groupId: string): Topic[] | null {
  const { state, members } = groups.describe(groupId);
  if (state !== 'Stable' || members.length === 0) return null;
  const names = new Set(members.flatMap(({ metadata }) => topicsOf(metadata) ?? []));
  return [...names].flatMap(name => topics.named(name) ?? []);
}
