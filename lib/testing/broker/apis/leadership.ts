import type { Node } from '../nodes.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, int32, nullableString, string, tagged, taggedStruct } from '../protocol/types.js';
import type { Partition } from '../topics/partition.js';
import type { Topic } from '../topics/topic.js';
import type { Topics } from '../topics/topics.js';

/** A request names a topic by its name, or in later versions by its id. */
export interface NamedTopic {
  readonly name: string;
  readonly topicId: string;
}

export function findTopic(topics: Topics, { name, topicId }: NamedTopic): Topic | undefined {
  return name === '' ? topics.withId(topicId) : topics.named(name);
}

/** What is answered for a topic or a partition that there is not. */
export function unknownTopic(topic: NamedTopic): number {
  return topic.name === '' ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

/** NONE where this broker leads the partition, and the client's idea of its epoch (−1: none) is right. */
export function leadershipError(node: Node, partition: Partition, clientEpoch = -1): number {
  if (clientEpoch >= 0 && clientEpoch < partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (clientEpoch > partition.leaderEpoch) return ErrorCode.UNKNOWN_LEADER_EPOCH;
  return partition.leader === node ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
}

/** The tagged fields that tell a client who leads instead, so that it need not ask for metadata. */
export const currentLeader = (tag: number) => taggedStruct(tag, { leaderId: int32, leaderEpoch: int32 });
export const nodeEndpoints = tagged(0, array({ nodeId: int32, host: string, port: int32, rack: nullableString }), []);

export function leaderHint(partition: Partition | undefined, error: number) {
  const elsewhere = error === ErrorCode.NOT_LEADER_OR_FOLLOWER || error === ErrorCode.FENCED_LEADER_EPOCH;
  return elsewhere && partition !== undefined ? { leaderId: partition.leader?.id ?? -1, leaderEpoch: partition.leaderEpoch } : null;
}

/** The addresses of the leaders that were hinted at. */
export function endpointsOf(nodes: readonly Node[], hints: Iterable<{ readonly leaderId: number } | null | undefined>) {
  const ids = new Set<number>();
  for (const hint of hints) if (hint != null) ids.add(hint.leaderId);
  return nodes.filter(({ id }) => ids.has(id)).map(({ id, host, port }) => ({ nodeId: id, host, port, rack: null }));
}

