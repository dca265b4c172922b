import { createTopics } from '../../../lib/testing/broker/apis/create-topics.js';
import { fetch } from '../../../lib/testing/broker/apis/fetch.js';
import { listOffsets } from '../../../lib/testing/broker/apis/list-offsets.js';
import { metadata } from '../../../lib/testing/broker/apis/metadata.js';
import { produce } from '../../../lib/testing/broker/apis/produce.js';
import { type BatchProducer, buildBatch } from '../../../lib/testing/broker/log/build-batch.js';
import { NO_UUID } from '../../../lib/testing/broker/protocol/types.js';
import { eventually, unique } from '../kafka.js';
import { RawClient } from '../raw-client.js';
import { nameOf } from './raw-member.js';

/** Times of records lie shortly before now: a real broker deletes what is older than its retention. */
export const TIME_MS = Date.now() - 100_000;

/** A batch of records with these values, one millisecond apart. */
export function batchOf(values: readonly string[], { attributes = 0, producer, key = 'key', timestampMs = TIME_MS }: { attributes?: number; producer?: BatchProducer; key?: string | null; timestampMs?: number } = {}): Buffer {
  const records = values.map((value, index) => ({ key: key === null ? null : Buffer.from(key), value: Buffer.from(value), timestampMs: timestampMs + index }));
  return buildBatch(records, attributes, producer);
}

interface PartitionOf {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly version: number;
}
export interface ProduceChanges extends PartitionOf {
  readonly acks: number;
  readonly transactionalId: string | null;
}
export interface FetchChanges extends PartitionOf {
  readonly leaderEpoch: number;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
  readonly committed: boolean;
  readonly sessionId: number;
  readonly sessionEpoch: number;
}

/** Writes to and reads from one topic, one request at a time, and reports what was answered. */
export class RawLog {
  private constructor(
    readonly client: RawClient,
    readonly topic: string,
  ) {}

  static async connect(address: string, topic: string): Promise<RawLog> {
    return new RawLog(await RawClient.connect(address, 'raw-log'), topic);
  }

  /** A topic with settings of its own, that can be written to. */
  async sibling(configs: Readonly<Record<string, string>> = {}, partitions = 1): Promise<RawLog> {
    const topic = unique('conformance');
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const { topics } = await this.client.call(createTopics, 7, { timeoutMs: 5_000, validateOnly: false, topics: [{ name: topic, partitions, replicationFactor: 1, assignments: [], configs: entries }] });
    if (topics[0].errorCode !== 0) throw new Error(`${topic} was not created: ${nameOf(topics[0].errorCode)}`);
    const sibling = new RawLog(this.client, topic);
    await eventually(async () => (await sibling.offsetAt(-1, { index: partitions - 1 })).error === 'NONE', { what: `${topic} can be used` });
    return sibling;
  }

  async id(): Promise<string> {
    const { topics } = await this.client.call(metadata, 12, { topics: [{ topicId: NO_UUID, name: this.topic }], allowAutoTopicCreation: false, includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false });
    return topics[0].topicId;
  }

  produceRequest(records: Buffer | null, { topic = this.topic, topicId = NO_UUID, index = 0, acks = -1, transactionalId = null }: Partial<ProduceChanges> = {}) {
    return { transactionalId, acks, timeoutMs: 5_000, topics: [{ name: topic, topicId, partitions: [{ index, records: records === null ? null : [records] }] }] };
  }
  async produce(records: Buffer | null, changes: Partial<ProduceChanges> = {}) {
    const { topics } = await this.client.call(produce, changes.version ?? 9, this.produceRequest(records, changes));
    const [{ errorCode, baseOffset, logAppendTimeMs, logStartOffset }] = topics[0].partitions;
    return { error: nameOf(errorCode), baseOffset, logAppendTimeMs, logStartOffset };
  }
  /** Answers the error's name alone. */
  async refusal(records: Buffer | null, changes: Partial<ProduceChanges> = {}): Promise<string> {
    return (await this.produce(records, changes)).error;
  }

  async fetch(offset: number, changes: Partial<FetchChanges> = {}) {
    const { topic = this.topic, topicId = NO_UUID, index = 0, version = 11, leaderEpoch = -1, maxWaitMs = 0, minBytes = 1, maxBytes = 1_000_000, partitionMaxBytes = 1_000_000, committed = false, sessionId = 0, sessionEpoch = -1 } = changes;
    const partitions = [{ index, currentLeaderEpoch: leaderEpoch, fetchOffset: offset, lastFetchedEpoch: -1, logStartOffset: -1, maxBytes: partitionMaxBytes }];
    const answer = await this.client.call(fetch, version, {
      replicaId: -1, maxWaitMs, minBytes, maxBytes, isolationLevel: committed ? 1 : 0, sessionId, sessionEpoch, rackId: '', forgottenTopics: [],
      topics: [{ name: topic, topicId, partitions }],
    });
    const { errorCode, ...partition } = answer.topics[0]?.partitions[0] ?? { errorCode: answer.errorCode, records: null, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, abortedTransactions: null };
    return { error: nameOf(errorCode), sessionId: answer.sessionId, ...partition, records: partition.records ?? Buffer.alloc(0) };
  }

  async offsetAt(timestamp: number, { topic = this.topic, index = 0, version = 9, leaderEpoch = -1, committed = false }: Partial<PartitionOf & { leaderEpoch: number; committed: boolean }> = {}) {
    const { topics } = await this.client.call(listOffsets, version, { replicaId: -1, isolationLevel: committed ? 1 : 0, timeoutMs: 1_000, topics: [{ name: topic, partitions: [{ index, currentLeaderEpoch: leaderEpoch, timestamp }] }] });
    const [found] = topics[0].partitions;
    return { error: nameOf(found.errorCode), offset: found.offset, timestamp: found.timestamp };
  }

  close(): void {
    this.client.close();
  }
}
