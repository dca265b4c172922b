import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { array, arrayOf, between, bool, defaulted, int16, int32, NO_UUID, nullableArray, nullableString, type Read, since, string, struct, throttleTime, uuid, type Written } from '../protocol/types.js';
import type { Partition } from '../topics/partition.js';
import type { Topic } from '../topics/topic.js';
import { checkName } from '../topics/topics.js';
import { defineApi } from './api.js';

/** "Not asked for." Nobody is refused anything here. */
export const NO_OPERATIONS = -(2 ** 31);

const request = struct({
  topics: nullableArray({ topicId: since(10, uuid, NO_UUID), name: nullableString }),
  allowAutoTopicCreation: since(4, bool, true),
  includeClusterAuthorizedOperations: between(8, 10, bool, false),
  includeTopicAuthorizedOperations: since(8, bool, false),
});
const partitionResponse = struct({
  errorCode: int16,
  index: int32,
  leaderId: int32,
  leaderEpoch: since(7, int32, -1),
  replicas: arrayOf(int32),
  inSyncReplicas: arrayOf(int32),
  offlineReplicas: since(5, arrayOf(int32), []),
});
const topicResponse = struct({
  errorCode: int16,
  name: nullableString,
  topicId: since(10, uuid, NO_UUID),
  isInternal: since(1, bool, false),
  partitions: arrayOf(partitionResponse),
  authorizedOperations: defaulted(since(8, int32, NO_OPERATIONS), NO_OPERATIONS),
});
type Request = Read<typeof request>;
type TopicAnswer = Written<typeof topicResponse>;

/**
 * Metadata, 0 to 13. A topic that is created because somebody asked for it is there at once, with its leaders.
 * Left out: authorized operations, racks.
 */
export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexibleFrom: 9,
  request,
  response: struct({
    throttleTimeMs: throttleTime(3),
    brokers: array({ nodeId: int32, host: string, port: int32, rack: since(1, nullableString, null) }),
    clusterId: since(2, nullableString, null),
    controllerId: since(1, int32, -1),
    topics: arrayOf(topicResponse),
    clusterAuthorizedOperations: defaulted(between(8, 10, int32, NO_OPERATIONS), NO_OPERATIONS),
    errorCode: since(13, int16, 0),
  }),
  handle: (asked, { cluster, version }) => answer(cluster, topicsOf(asked, cluster, version), ErrorCode.NONE),
  refuse: (asked, error, { cluster }) => answer(cluster, (asked.topics ?? []).map(({ name, topicId }) => noTopic(error, name, topicId)), error),
});

function answer(cluster: Cluster, topics: TopicAnswer[], errorCode: number) {
  const alive = cluster.nodes.filter(node => node.alive);
  return {
    brokers: alive.map(({ id, host, port }) => ({ nodeId: id, host, port, rack: null })),
    clusterId: cluster.clusterId,
    controllerId: cluster.controller?.id ?? -1,
    topics,
    errorCode,
  };
}

function topicsOf(asked: Request, cluster: Cluster, version: number): TopicAnswer[] {
  // In version 0 no list could be null: an empty one stood for all.
  if (asked.topics === null || (version === 0 && asked.topics.length === 0)) return [...cluster.topics.all()].map(describe);
  const mayCreate = asked.allowAutoTopicCreation && cluster.settings.autoCreateTopics;
  return asked.topics.map(({ name, topicId }) => {
    if (name === null) return describeOr(cluster.topics.withId(topicId), () => noTopic(ErrorCode.UNKNOWN_TOPIC_ID, null, topicId));
    return describeOr(cluster.topics.named(name), () => createOrRefuse(name, mayCreate, cluster));
  });
}

function createOrRefuse(name: string, mayCreate: boolean, cluster: Cluster): TopicAnswer {
  try {
    checkName(name);
    if (mayCreate) return describe(cluster.topics.create({ name, partitions: -1, replicationFactor: -1 }));
    return noTopic(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name);
  } catch (error) {
    if (error instanceof KafkaError) return noTopic(error.code, name);
    throw error;
  }
}

function describeOr(topic: Topic | undefined, otherwise: () => TopicAnswer): TopicAnswer {
  return topic === undefined ? otherwise() : describe(topic);
}

function describe(topic: Topic): TopicAnswer {
  return { errorCode: ErrorCode.NONE, name: topic.name, topicId: topic.id, isInternal: false, partitions: topic.partitions.map(describePartition) };
}

function describePartition(partition: Partition) {
  const { index, leader, leaderEpoch, replicas } = partition;
  const ids = (alive: boolean) => replicas.filter(node => node.alive === alive).map(({ id }) => id);
  return {
    errorCode: leader === null ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
    index,
    leaderId: leader?.id ?? -1,
    leaderEpoch,
    replicas: replicas.map(({ id }) => id),
    inSyncReplicas: ids(true),
    offlineReplicas: ids(false),
  };
}

function noTopic(errorCode: number, name: string | null, topicId = NO_UUID): TopicAnswer {
  return { errorCode, name, topicId, isInternal: false, partitions: [] };
}
