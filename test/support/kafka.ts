import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type ITopicConfig, Kafka, type KafkaConfig, logLevel, type Message } from 'kafkajs';

/** kafkajs's configuration for the broker of this test run. */
export function testKafka(overrides: Partial<KafkaConfig> = {}): KafkaConfig {
  return { clientId: 'test', brokers: testBrokers(), logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 10 }, ...overrides };
}

/** Addresses of the broker that the integration project has started. */
export function testBrokers(): string[] {
  const list = process.env['TEST_KAFKA_BROKERS'];
  if (!list) throw new Error('TEST_KAFKA_BROKERS is not set: specs that need a broker belong into test/integration, whose global setup starts one.');
  return list.split(',');
}

/** Whether they are of the embedded broker: the same suites run on both. */
export function isEmbedded(): boolean {
  return process.env['TEST_KAFKA_BROKERS'] === process.env['TEST_EMBEDDED_BROKERS'];
}

/** `name-<random>`: suites share a broker, so every topic and every group is its own. */
export function unique(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}

/** Creates a topic of a unique name and returns the name. */
export async function createTopic(name: string, partitions = 1, settings: Omit<ITopicConfig, 'topic' | 'numPartitions'> = {}): Promise<string> {
  const topic = unique(name);
  await createTopicNamed(topic, partitions, settings);
  return topic;
}

/** For a name that was promised before. */
export async function createTopicNamed(topic: string, partitions = 1, settings: Omit<ITopicConfig, 'topic' | 'numPartitions'> = {}): Promise<void> {
  await withAdmin(async admin => {
    const created = await admin.createTopics({ topics: [{ topic, numPartitions: partitions, ...settings }], waitForLeaders: false });
    if (!created) throw new Error(`Topic ${topic} was not created: it exists already.`);
    // A broker that has not heard of the topic yet says that there is none, which kafkajs's `waitForLeaders` takes for an answer.
    // A leader that is named may not know of it yet, and kafkajs's producer repeats for all partitions what one has refused.
    await eventually(async () => (await admin.fetchTopicOffsets(topic)).length === partitions, { what: `${topic} can be used` });
  });
}

/** Sends to one partition (acks from all replicas) and returns the first record's offset; throws when the broker did not acknowledge. */
export async function produce(topic: string, partition: number, messages: readonly Omit<Message, 'partition'>[]): Promise<bigint> {
  const [baseOffset] = await produceEach(topic, [partition], messages);
  return baseOffset;
}

/** Sends the same records to each of these partitions, and returns the offsets of the first ones. */
export async function produceEach(topic: string, partitions: readonly number[], messages: readonly Omit<Message, 'partition'>[]): Promise<bigint[]> {
  const producer = new Kafka(testKafka()).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    const acknowledged = await producer.send({ topic, acks: -1, messages: partitions.flatMap(partition => messages.map(message => ({ ...message, partition }))) });
    return partitions.map(partition => {
      const answer = acknowledged.find(each => each.partition === partition);
      if (answer?.errorCode === 0 && answer.baseOffset !== undefined) return BigInt(answer.baseOffset);
      throw new Error(`${messages.length} records for ${topic}/${partition} were not acknowledged: ${JSON.stringify(answer ?? 'no answer for the partition')}.`);
    });
  } finally {
    await producer.disconnect();
  }
}

type TestAdmin = ReturnType<Kafka['admin']>;

export async function withAdmin<T>(work: (admin: TestAdmin) => Promise<T>): Promise<T> {
  const admin = new Kafka(testKafka()).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export interface Eventually {
  /** What is waited for, as the failure's message names it. */
  what: string;
  /** Deadline in milliseconds. @default 10000 */
  within?: number;
  /** Milliseconds between two looks. @default 20 */
  every?: number;
  /** What the failure reports as seen last. @default the condition's value or error */
  show?: () => unknown;
}

/**
 * Looks until `condition` returns something truthy, and returns that. A condition that throws is not met yet.
 * @throws at the deadline, with what was seen last.
 */
export async function eventually<T>(condition: () => T | Promise<T>, { what, within = 10_000, every = 20, show }: Eventually): Promise<T> {
  const deadline = performance.now() + within;
  for (;;) {
    let seen: unknown;
    try {
      const value = await condition();
      if (value) return value;
      seen = value;
    } catch (error) {
      seen = error;
    }
    if (performance.now() > deadline) throw new Error(`Not within ${within} ms: ${what}. Last seen: ${describe(show ? show() : seen)}`);
    await delay(every);
  }
}

function describe(value: unknown): string {
  if (value instanceof Error) return value.message;
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) as string | undefined;
  return (text ?? String(value)).slice(0, 2_000);
}
