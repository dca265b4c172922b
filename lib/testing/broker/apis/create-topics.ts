import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { array, arrayOf, bool, int16, int32, int8, NO_UUID, nullableArray, nullableString, type Read, since, string, struct, throttleTime, uuid, type Written } from '../protocol/types.js';
import { defineApi } from './api.js';
import { configSource } from './describe-configs.js';

const request = struct({
  topics: array({
    name: string,
    partitions: int32,
    replicationFactor: int16,
    assignments: array({ index: int32, brokers: arrayOf(int32) }),
    configs: array({ name: string, value: nullableString }),
  }),
  timeoutMs: int32,
  validateOnly: since(1, bool, false),
});
const topicResponse = struct({
  name: string,
  topicId: since(7, uuid, NO_UUID),
  errorCode: int16,
  errorMessage: nullableString,
  partitions: since(5, int32, -1),
  replicationFactor: since(5, int16, -1),
  configs: since(5, nullableArray({ name: string, value: nullableString, readOnly: bool, source: int8, isSensitive: bool }), null),
});
type AskedTopic = Read<typeof request>['topics'][number];
type TopicAnswer = Written<typeof topicResponse>;

/** CreateTopics, 2 to 7. A topic is there, with its leaders, before the answer is. Without a number of partitions it gets one. */
export const createTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleFrom: 5,
  request,
  response: struct({ throttleTimeMs: throttleTime(2), topics: arrayOf(topicResponse) }),
  handle({ topics, validateOnly }, { cluster }) {
    const byName = new Map<string, AskedTopic[]>();
    for (const topic of topics) byName.set(topic.name, [...(byName.get(topic.name) ?? []), topic]);
    const answers = [...byName].map(([name, [topic, ...more]]) => (more.length > 0 ? failed(name, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.') : create(cluster, topic, validateOnly)));
    return { topics: answers };
  },
  refuse: ({ topics }, error) => ({ topics: topics.map(({ name }) => failed(name, error, null)) }),
});

function create(cluster: Cluster, { name, partitions, replicationFactor, assignments, configs }: AskedTopic, validateOnly: boolean): TopicAnswer {
  try {
    const unset = configs.find(({ value }) => value === null);
    if (unset !== undefined) throw new KafkaError(ErrorCode.INVALID_CONFIG, `Null value not supported for topic configs: ${unset.name}`);
    const topic = cluster.topics.create(
      { name, partitions, replicationFactor, assignments: inOrder(assignments), configs: configs.map(each => [each.name, each.value] as const) },
      validateOnly,
    );
    return {
      name,
      topicId: topic.id,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      partitions: topic.partitions.length,
      replicationFactor: topic.partitions[0]?.replicas.length ?? -1,
      configs: topic.config.entries().map(entry => ({ name: entry.name, value: entry.value, readOnly: false, source: configSource(entry), isSensitive: false })),
    };
  } catch (error) {
    if (error instanceof KafkaError) return failed(name, error.code, error.message);
    throw error;
  }
}

/** @throws KafkaError unless they are those of partitions 0, 1, 2 … */
function inOrder(assignments: AskedTopic['assignments']): (readonly number[])[] {
  const sorted = [...assignments].sort((a, b) => a.index - b.index);
  if (sorted.some(({ index }, place) => index !== place)) throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'The partitions of a manual assignment are numbered from 0 without a gap.');
  return sorted.map(({ brokers }) => brokers);
}

function failed(name: string, errorCode: number, errorMessage: string | null): TopicAnswer {
  return { name, topicId: NO_UUID, errorCode, errorMessage, partitions: -1, replicationFactor: -1, configs: [] };
}
