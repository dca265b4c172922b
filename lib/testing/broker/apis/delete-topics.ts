import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, int16, int32, NO_UUID, nullableString, type Read, since, string, struct, throttleTime, until, uuid, type Written } from '../protocol/types.js';
import { defineApi } from './api.js';

const request = struct({
  topics: since(6, array({ name: nullableString, topicId: uuid }), []),
  topicNames: until(5, arrayOf(string), []),
  timeoutMs: int32,
});
const topicResponse = struct({
  name: nullableString,
  topicId: since(6, uuid, NO_UUID),
  errorCode: int16,
  errorMessage: since(5, nullableString, null),
});
type Asked = Read<typeof request>['topics'][number];

/** DeleteTopics, 1 to 6. Whoever waits for records of the topic is answered that there is none. Its committed offsets go with it. */
export const deleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleFrom: 4,
  request,
  response: struct({ throttleTimeMs: throttleTime(1), topics: arrayOf(topicResponse) }),
  handle: (asked, { cluster }) => ({ topics: askedTopics(asked).map(topic => remove(cluster, topic)) }),
  refuse: (asked, errorCode) => ({ topics: askedTopics(asked).map(topic => ({ ...topic, errorCode, errorMessage: null })) }),
});

function askedTopics({ topics, topicNames }: Read<typeof request>): readonly Asked[] {
  return [...topics, ...topicNames.map(name => ({ name, topicId: NO_UUID }))];
}

function remove(cluster: Cluster, { name, topicId }: Asked): Written<typeof topicResponse> {
  const topic = name === null ? cluster.topics.withId(topicId) : cluster.topics.named(name);
  if (topic === undefined) return { name, topicId, errorCode: name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'This server does not host this topic-partition.' };
  cluster.deleteTopic(topic);
  return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE, errorMessage: null };
}
