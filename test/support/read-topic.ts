import { type IHeaders, Kafka } from 'kafkajs';
import { eventually, testKafka, unique } from './kafka.js';

export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
  readonly timestampMs: number;
}

/** Every record of a topic, in offset order per partition, as plain kafkajs reads it. */
export async function readTopic(topic: string, kafka = new Kafka(testKafka())): Promise<ReadRecord[]> {
  const ends = await endsOf(topic, kafka);
  const missing = new Map(ends.filter(({ low, high }) => Number(high) > Number(low)).map(({ partition, high }) => [partition, Number(high)]));
  if (missing.size === 0) return [];
  const records: ReadRecord[] = [];
  const consumer = kafka.consumer({ groupId: unique('reader'), maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        const { partition } = batch;
        for (const { offset, key, value, headers, timestamp } of batch.messages) {
          records.push({ partition, offset: Number(offset), key, value, headers: headers ?? {}, timestampMs: Number(timestamp) });
        }
        resolveOffset(batch.lastOffset());
        if (Number(batch.lastOffset()) + 1 >= (missing.get(partition) ?? 0)) missing.delete(partition);
      },
    });
    await eventually(() => missing.size === 0, { what: `${topic} is read to its end`, within: 20_000, show: () => [...missing] });
  } finally {
    await consumer.disconnect();
  }
  return records;
}

async function endsOf(topic: string, kafka: Kafka) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await admin.fetchTopicOffsets(topic);
  } finally {
    await admin.disconnect();
  }
}

/** The values of a partition as text. */
export function valuesOf(records: readonly ReadRecord[], partition = 0): (string | null)[] {
  return records.filter((record) => record.partition === partition).map(({ value }) => value?.toString() ?? null);
}
