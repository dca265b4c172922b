import { fetch } from '../../lib/testing/broker/apis/fetch.js';
import { listOffsets } from '../../lib/testing/broker/apis/list-offsets.js';
import { produce } from '../../lib/testing/broker/apis/produce.js';
import { buildBatch } from '../../lib/testing/broker/log/build-batch.js';
import { NO_UUID } from '../../lib/testing/broker/protocol/types.js';
import type { RawClient } from './raw-client.js';

export interface RawFetch {
  topic: string;
  partitions?: number[];
  offset?: number;
  maxWaitMs?: number;
  minBytes?: number;
  maxBytes?: number;
  partitionMaxBytes?: number;
  isolationLevel?: number;
}

/** Fetches from partitions of one topic, and answers what each of them says. */
export async function rawFetch(client: RawClient, { topic, partitions = [0], offset = 0, maxWaitMs = 0, minBytes = 1, maxBytes = 2 ** 30, partitionMaxBytes = 2 ** 30, isolationLevel = 0 }: RawFetch) {
  const asked = partitions.map(index => ({ index, currentLeaderEpoch: -1, fetchOffset: offset, lastFetchedEpoch: -1, logStartOffset: -1, maxBytes: partitionMaxBytes }));
  const request = { replicaId: -1, maxWaitMs, minBytes, maxBytes, isolationLevel, sessionId: 0, sessionEpoch: -1, topics: [{ name: topic, topicId: NO_UUID, partitions: asked }], forgottenTopics: [], rackId: '' };
  const { topics } = await client.call(fetch, 11, request);
  return topics[0].partitions;
}

/** A batch of so many small records. */
export function rawBatch(count = 1): Buffer {
  return buildBatch(Array.from({ length: count }, () => ({ key: null, value: Buffer.from('raw'), timestampMs: 1_700_000_000_000 })));
}

export async function rawProduce(client: RawClient, topic: string, batch = rawBatch()) {
  const { topics } = await client.call(produce, 9, { transactionalId: null, acks: -1, timeoutMs: 5000, topics: [{ name: topic, topicId: NO_UUID, partitions: [{ index: 0, records: [batch] }] }] });
  return topics[0].partitions[0];
}

/** What ListOffsets says of the end of partition 0. */
export async function rawEnd(client: RawClient, topic: string) {
  const { topics } = await client.call(listOffsets, 5, { replicaId: -1, isolationLevel: 0, timeoutMs: 0, topics: [{ name: topic, partitions: [{ index: 0, currentLeaderEpoch: -1, timestamp: -1 }] }] });
  return topics[0].partitions[0];
}
