import { At, type BatchHead, CODEC_NAMES, readHead } from '../log/batch-header.js';
import { checkBatch } from '../log/check-batch.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { ProtocolError } from '../protocol/protocol.error.js';
import { array, arrayOf, defaulted, int16, int32, int64, NO_UUID, nullableString, type Read, records, since, string, struct, throttleTime, until, uuid, type Written } from '../protocol/types.js';
import type { Partition } from '../topics/partition.js';
import { defineApi, type RequestContext } from './api.js';
import { currentLeader, endpointsOf, findTopic, leaderHint, leadershipError, type NamedTopic, nodeEndpoints, unknownTopic } from './leadership.js';

/** Below this, Kafka takes no batches that are packed with zstd. */
const FIRST_WITH_ZSTD = 7;

const request = struct({
  transactionalId: nullableString,
  acks: int16,
  timeoutMs: int32,
  topics: array({
    name: until(12, string, ''),
    topicId: since(13, uuid, NO_UUID),
    partitions: array({ index: int32, records }),
  }),
});
const partitionResponse = struct({
  index: int32,
  errorCode: int16,
  baseOffset: int64,
  logAppendTimeMs: int64,
  logStartOffset: since(5, int64, -1),
  recordErrors: defaulted(since(8, array({ batchIndex: int32, message: nullableString }), []), []),
  errorMessage: since(8, nullableString, null),
  currentLeader: currentLeader(0),
});
type Request = Read<typeof request>;
type PartitionAnswer = Written<typeof partitionResponse>;

/**
 * Produce, 3 to 13: one batch of format v2 for each partition, as Kafka 4 asks. Acks other than 0 are answered at once, because
 * nothing is replicated.
 * Left out: records of packed batches are not looked into; a batch is not packed again by `compression.type`; a transaction's
 * partition is not added by Produce (no client asks for it, see api-versions.ts); which record of a batch is wrong.
 * Stricter than Kafka: offset deltas that do not count from 0, a transactional batch without a producer id, a producer id without
 * an epoch, and records that do not parse are INVALID_RECORD; Kafka takes the first three, and says UNKNOWN_SERVER_ERROR.
 */
export const produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  // librdkafka looks for version 0 to know what the broker can do; Kafka announces it for that reason, too (KAFKA-18659).
  announcedFrom: 0,
  flexibleFrom: 9,
  request,
  response: struct({
    topics: array({ name: until(12, string, ''), topicId: since(13, uuid, NO_UUID), partitions: arrayOf(partitionResponse) }),
    throttleTimeMs: throttleTime(1),
    nodeEndpoints,
  }),
  handle(asked, context) {
    if (!Number.isInteger(asked.acks) || asked.acks < -1 || asked.acks > 1) return refuse(asked, ErrorCode.INVALID_REQUIRED_ACKS);
    if (asked.transactionalId === null && hasTransactionalBatch(asked)) return refuse(asked, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    const topics = asked.topics.map(topic => ({
      name: topic.name,
      topicId: topic.topicId,
      partitions: topic.partitions.map(({ index, records: bytes }) => append(topic, index, bytes, asked, context)),
    }));
    if (asked.acks !== 0) return { topics, nodeEndpoints: endpointsOf(context.cluster.nodes, topics.flatMap(({ partitions }) => partitions.map(each => each.currentLeader))) };
    // Nobody reads an answer; a closed connection is how such a producer learns of errors.
    if (topics.some(({ partitions }) => partitions.some(({ errorCode }) => errorCode !== ErrorCode.NONE))) throw new ProtocolError('a batch that is not to be acknowledged was refused');
    return null;
  },
  refuse,
  // Batches would keep whole requests in memory.
  remembered: ({ topics, ...rest }) => ({ ...rest, topics: topics.map(topic => ({ ...topic, partitions: topic.partitions.map(({ index, records: bytes }) => ({ index, bytes: bytes?.length ?? 0 })) })) }),
});

function append(topic: NamedTopic, index: number, bytes: Buffer | null, asked: Request, context: RequestContext): PartitionAnswer {
  const partition = findTopic(context.cluster.topics, topic)?.partitions[index];
  if (partition === undefined) return failed(index, unknownTopic(topic));
  const leadership = leadershipError(context.node, partition);
  if (leadership !== ErrorCode.NONE) return { ...failed(index, leadership), currentLeader: leaderHint(partition, leadership) };
  try {
    const nowMs = context.cluster.clock.epochMs();
    const { bytes: batch, head } = checkBatch(bytes, rulesOf(partition), nowMs);
    admit(head, partition, asked, context);
    const { baseOffset, appendTimeMs } = partition.append(batch, head, nowMs);
    return { index, errorCode: ErrorCode.NONE, baseOffset, logAppendTimeMs: appendTimeMs, logStartOffset: partition.log.startOffset, errorMessage: null };
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    const { code, message, records: refused } = error;
    return { ...failed(index, code, message), recordErrors: refused.map(batchIndex => ({ batchIndex, message })) };
  }
}

/** @throws KafkaError where the request, the cluster or the producer's transaction does not allow the batch. */
function admit(head: BatchHead, partition: Partition, { acks, transactionalId }: Request, { cluster, version }: RequestContext): void {
  if (CODEC_NAMES[head.codec] === 'zstd' && version < FIRST_WITH_ZSTD) throw new KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, `version ${version} of Produce takes no batches packed with zstd`);
  const inSync = partition.replicas.filter(({ alive }) => alive).length;
  if (acks === -1 && inSync < partition.topic.config.minInSyncReplicas) throw new KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS, `${inSync} replicas are in sync`);
  if (!head.isTransactional) return;
  const { producerId, producerEpoch } = head;
  const error = cluster.transactions.admit({ transactionalId, producerId, producerEpoch, topic: partition.topic.name, partition: partition.index, version });
  if (error !== ErrorCode.NONE) throw new KafkaError(error, `transaction of '${transactionalId}'`);
}

function rulesOf({ topic: { config } }: Partition) {
  return { maxBytes: config.maxMessageBytes, maxTimestampAheadMs: config.maxTimestampAheadMs, keysRequired: config.compacted };
}

function hasTransactionalBatch({ topics }: Request): boolean {
  return topics.some(({ partitions }) => partitions.some(({ records: bytes }) => bytes !== null && bytes.length >= At.records && readHead(bytes).isTransactional));
}

function refuse({ topics }: Request, error: number) {
  return { topics: topics.map(({ name, topicId, partitions }) => ({ name, topicId, partitions: partitions.map(({ index }) => failed(index, error)) })) };
}

function failed(index: number, errorCode: number, errorMessage: string | null = null): PartitionAnswer {
  return { index, errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1, errorMessage };
}
