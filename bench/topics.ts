import { randomUUID } from 'node:crypto';
import { CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs';
import { eventually } from '../test/support/kafka.js';
import { KEYS, RECORDS, type TopicName } from './cases.js';

const PARTITIONS = 2;
const BATCH = 80;
const BATCHES_PER_REQUEST = 25;
const VALUE_BYTES = 200;
const TEN_KEYS_RECORDS = 20_000;

/** Topics of one run of the benchmark, filled when they are first asked for and deleted at its end. */
export class Topics {
  private readonly client: Kafka;
  private readonly names = new Map<TopicName, Promise<string>>();
  private readonly created: string[] = [];

  constructor(brokers: readonly string[]) {
    this.client = new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.NOTHING });
  }

  /** A topic that every contender reads from its beginning; `stamped` is empty, and a new one each time. */
  get(name: TopicName): Promise<string> {
    if (name === 'stamped') return this.create(name);
    const known = this.names.get(name) ?? this.filled(name);
    this.names.set(name, known);
    return known;
  }

  /** One of its own for producers. */
  empty(): Promise<string> {
    return this.create('empty');
  }

  async delete(): Promise<void> {
    const admin = this.client.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: this.created });
    await admin.disconnect();
  }

  private async create(name: string): Promise<string> {
    const topic = `bench-${name}-${randomUUID().slice(0, 8)}`;
    const admin = this.client.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: false });
    this.created.push(topic);
    await eventually(() => admin.fetchTopicOffsets(topic), { what: `${topic} has leaders` });
    await admin.disconnect();
    return topic;
  }

  private async filled(name: TopicName): Promise<string> {
    const topic = await this.create(name);
    const [records, keys] = name === 'ten' ? [TEN_KEYS_RECORDS, 10] : [RECORDS, KEYS];
    const producer = this.client.producer();
    await producer.connect();
    for (let sent = 0; sent < records; sent += BATCH * BATCHES_PER_REQUEST) {
      // Batches of 16 KiB, a producer's usual size; kafkajs makes one of all records of a partition in a request.
      const requests: Promise<unknown>[] = [];
      for (let batch = 0; batch < BATCHES_PER_REQUEST; batch++) {
        const first = sent + batch * BATCH;
        const messages = Array.from({ length: BATCH }, (_, index) => message(first + index, keys));
        requests.push(producer.send({ topic, messages, compression: CompressionTypes.None, acks: 1 }));
      }
      await Promise.all(requests);
    }
    await producer.disconnect();
    return topic;
  }
}

/** The partition follows from the key, so that a key has its order. */
function message(id: number, keys: number): Message & { partition: number } {
  const key = Math.floor(Math.random() * keys);
  const frame = JSON.stringify({ id, text: '' });
  return { key: `key-${String(key).padStart(6, '0')}`, partition: key % PARTITIONS, value: JSON.stringify({ id, text: 'x'.repeat(VALUE_BYTES - frame.length) }) };
}
