import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { array, arrayOf, bool, int16, int32, nullableArray, nullableString, type Read, string, struct, throttleTime, type Written } from '../protocol/types.js';
import { defineApi } from './api.js';

const request = struct({
  topics: array({ name: string, count: int32, assignments: nullableArray({ brokers: arrayOf(int32) }) }),
  timeoutMs: int32,
  validateOnly: bool,
});
const topicResponse = struct({ name: string, errorCode: int16, errorMessage: nullableString });
type Asked = Read<typeof request>['topics'][number];
type TopicAnswer = Written<typeof topicResponse>;

/** CreatePartitions, 0 to 3. The new partitions have leaders before the answer is there. */
export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleFrom: 2,
  request,
  response: struct({ throttleTimeMs: throttleTime(0), topics: arrayOf(topicResponse) }),
  handle({ topics, validateOnly }, { cluster }) {
    const names = new Set(topics.map(({ name }) => name));
    const answers = [...names].map(name => {
      const [topic, ...more] = topics.filter(each => each.name === name);
      return more.length > 0 ? { name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' } : grow(cluster, topic, validateOnly);
    });
    return { topics: answers };
  },
  refuse: ({ topics }, errorCode) => ({ topics: topics.map(({ name }) => ({ name, errorCode, errorMessage: null })) }),
});

function grow(cluster: Cluster, { name, count, assignments }: Asked, validateOnly: boolean): TopicAnswer {
  const topic = cluster.topics.named(name);
  if (topic === undefined) return { name, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'This server does not host this topic-partition.' };
  try {
    cluster.topics.grow(topic, count, (assignments ?? []).map(({ brokers }) => brokers), validateOnly);
    return { name, errorCode: ErrorCode.NONE, errorMessage: null };
  } catch (error) {
    if (error instanceof KafkaError) return { name, errorCode: error.code, errorMessage: error.message };
    throw error;
  }
}
