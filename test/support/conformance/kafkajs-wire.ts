import { Kafka, logLevel } from 'kafkajs';
import type { GroupLog } from '../../../lib/consumer/group-consumer.js';
import { kafkajsWire } from '../../../lib/kafkajs/kafkajs-wire.js';
import { createTopic, eventually, testKafka, unique, withAdmin } from '../kafka.js';
import { type WireEnvironment, type WireTransaction, wireConformance } from '../wire-conformance.js';

const silent: GroupLog = { info() {}, warn() {}, error() {}, debug: null };

const producers: { disconnect(): Promise<void> }[] = [];
const environment: WireEnvironment = {
  // For a moment after its creation, kafkajs may find that a topic does not exist.
  createTopic: (name, partitions, settings) => eventually(() => createTopic(name, partitions, settings), { what: `the topic ${name} is created` }),
  async produce(topic, partition, messages, compression) {
    const producer = new Kafka(testKafka()).producer({ allowAutoTopicCreation: false });
    await producer.connect();
    try {
      const [acknowledged] = await producer.send({ topic, compression, messages: messages.map(message => ({ ...message, partition })) });
      if (acknowledged?.baseOffset === undefined) throw new Error(`${topic}/${partition} has not acknowledged`);
      return BigInt(acknowledged.baseOffset);
    } finally {
      await producer.disconnect();
    }
  },
  deleteRecords: (topic, partition, below) =>
    withAdmin(async admin => {
      // kafkajs deletes only where it has the metadata, and loads it only here.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(below) }] });
    }),
  async transaction(): Promise<WireTransaction> {
    const producer = new Kafka(testKafka()).producer({ transactionalId: unique('tx'), idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    producers.push(producer);
    const transaction = await producer.transaction();
    return {
      send: async (topic, partition, messages) => void (await transaction.send({ topic, messages: messages.map(message => ({ ...message, partition })) })),
      commit: () => transaction.commit(),
      abort: () => transaction.abort(),
    };
  },
};

/** kafkajs's wire to the broker of the test run. */
export function kafkajsWireConformance(name: string): void {
  afterAll(async () => {
    await Promise.all(producers.splice(0).map(producer => producer.disconnect()));
  });

  wireConformance(
    name,
    ({ groupId, sessionTimeoutMs, brokers }) =>
      kafkajsWire({ client: { ...testKafka({ logLevel: logLevel.NOTHING }), ...(brokers ? { brokers: [...brokers], retry: { retries: 1, initialRetryTime: 20 } } : {}) }, groupId, sessionTimeoutMs, log: silent })(),
    environment,
  );
}
