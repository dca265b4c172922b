/**
 * Our fetch loop beside kafkajs's, on the same topic, interleaved: `npx tsx bench/decode.ts [records] [rounds]`, with the
 * brokers in KAFKA_BROKERS. Reports the ratio, which is what travels between machines.
 */
import { randomUUID } from 'node:crypto';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import type { GroupLog } from '../lib/consumer/group-consumer.js';
import { kafkajsWire } from '../lib/kafkajs/kafkajs-wire.js';

const PARTITIONS = 2;
const [records = 480_000, rounds = 5] = process.argv.slice(2).map(Number);
const brokers = process.env['KAFKA_BROKERS']?.split(',');
if (!brokers) throw new Error('KAFKA_BROKERS is not set. Give the addresses of a broker, such as 127.0.0.1:9092.');
const client: KafkaConfig = { clientId: 'bench', brokers, logLevel: logLevel.NOTHING };
const log: GroupLog = { info() {}, warn() {}, error() {}, debug: null };

async function fill(topic: string): Promise<void> {
  const admin = new Kafka(client).admin();
  const producer = new Kafka(client).producer();
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: false });
  const value = JSON.stringify({ id: 123_456, text: 'x'.repeat(160), list: [1, 2, 3] });
  for (let sent = 0; sent < records; sent += 2_000) {
    const messages = Array.from({ length: 2_000 }, (_, record) => ({ key: `key-${(sent + record) % 100_000}`, value, partition: (sent / 2_000) % PARTITIONS }));
    await producer.send({ topic, messages });
  }
  await Promise.all([admin.disconnect(), producer.disconnect()]);
}

/** Records per second from the first answer on, with key hash, offset and value of each record read. */
async function ours(topic: string): Promise<number> {
  const wire = kafkajsWire({ client, groupId: `bench-${randomUUID()}`, sessionTimeoutMs: 12_000, log })();
  await wire.connect();
  const found = (await wire.metadata([topic])).get(topic);
  const next = new Map(found?.partitions.map(({ partition }) => [partition, 0]));
  const leader = found?.partitions[0]?.leader ?? 0;
  const send = () =>
    wire.fetch({
      leader, maxWaitMs: 250, minBytes: 1, maxBytes: 10_485_760, maxBytesPerPartition: 1_048_576, isolation: 'read_committed',
      positions: [...next].map(([partition, offset]) => ({ topic, partition, offset })),
    });
  let [seen, bytes, started] = [0, 0, 0];
  while (seen < records) {
    const fetched = await send();
    started ||= performance.now();
    for (const { partition, chunk } of fetched) {
      if (chunk === null) continue;
      next.set(partition, chunk.to);
      for (let index = 0; index < chunk.count; index++) {
        bytes += (chunk.value(index)?.length ?? 0) + (chunk.keyHash(index) & 1) + (chunk.offset(index) & 1);
        seen++;
      }
    }
  }
  const rate = seen / ((performance.now() - started) / 1_000);
  await wire.close();
  if (bytes === 0) throw new Error('Nothing has been read.');
  return rate;
}

/** kafkajs's batch loop without commits: what its consumer allows at most. */
async function theirs(topic: string): Promise<number> {
  const consumer = new Kafka(client).consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let [seen, bytes, started] = [0, 0, 0];
  const rate = await new Promise<number>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        partitionsConsumedConcurrently: PARTITIONS,
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch, resolveOffset }) => {
          started ||= performance.now();
          for (const message of batch.messages) bytes += message.value?.length ?? 0;
          seen += batch.messages.length;
          resolveOffset(batch.lastOffset());
          if (seen >= records) resolve(seen / ((performance.now() - started) / 1_000));
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  if (bytes === 0) throw new Error('Nothing has been read.');
  return rate;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;

const topic = `bench-decode-${randomUUID().slice(0, 8)}`;
await fill(topic);
const results = { ours: [] as number[], kafkajs: [] as number[] };
for (let round = 0; round <= rounds; round++) {
  const [own, other] = [await ours(topic), await theirs(topic)];
  // The first round warms up.
  if (round === 0) continue;
  results.ours.push(own);
  results.kafkajs.push(other);
  console.log(`round ${round}: ours ${Math.round(own)}/s, kafkajs ${Math.round(other)}/s, ${Math.round((100 * own) / other)} %`);
}
console.log(JSON.stringify({ bench: 'decode', records, ours: Math.round(median(results.ours)), kafkajs: Math.round(median(results.kafkajs)), percent: Math.round((100 * median(results.ours)) / median(results.kafkajs)) }));
