import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, Kafka, logLevel, Partitioners } from 'kafkajs';
import type { Order } from '../orders/order.js';
import type { Stage } from './stage.js';

const BATCH = 2000;
const USABLE_WITHIN_MS = 10_000;

/** Ends of a topic's partitions, or how far a group has committed them: offsets by partition. */
export type Offsets = ReadonlyMap<number, number>;

/** Creates those that do not exist; resolves when the brokers can take records for all. */
export async function createTopics(brokers: readonly string[], partitions: Readonly<Record<string, number>>): Promise<void> {
  const admin = client(brokers).admin();
  await admin.connect();
  try {
    const topics = Object.entries(partitions).map(([topic, numPartitions]) => ({ topic, numPartitions }));
    await admin.createTopics({ topics, waitForLeaders: false });
    for (const { topic } of topics) await usable(admin, topic);
  } finally {
    await admin.disconnect();
  }
}

/** A broker that has not heard of a new topic yet says that there is none, which kafkajs's `waitForLeaders` takes for an answer. */
async function usable(admin: Admin, topic: string): Promise<void> {
  for (const deadline = performance.now() + USABLE_WITHIN_MS; ; await delay(50)) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

/** The topics of one scenario, under names of their own, on a broker that others may use, too. */
export class Topics {
  private constructor(
    private readonly kafka: Kafka,
    private readonly admin: Admin,
  ) {}

  static async open(stage: Stage): Promise<Topics> {
    const kafka = client(stage.brokers);
    const admin = kafka.admin();
    await admin.connect();
    stage.atEnd(() => admin.disconnect());
    return new Topics(kafka, admin);
  }

  /** @returns its name; the topic is deleted at the end. */
  async create(stage: Stage, name: string, partitions: number): Promise<string> {
    const topic = `${name}-${randomUUID().slice(0, 8)}`;
    await createTopics(stage.brokers, { [topic]: partitions });
    stage.atEnd(() => this.admin.deleteTopics({ topics: [topic] }));
    return topic;
  }

  /** Each customer's orders go to one partition, and the partitions get equally many customers. */
  async fill(topic: string, orders: readonly Order[], partitions: number): Promise<void> {
    const producer = this.kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    try {
      for (let from = 0; from < orders.length; from += BATCH) {
        const messages = orders.slice(from, from + BATCH).map((order) => ({
          key: order.customer,
          value: JSON.stringify(order),
          partition: customerNumber(order) % partitions,
        }));
        await producer.send({ topic, messages });
      }
    } finally {
      await producer.disconnect();
    }
  }

  async ends(topic: string): Promise<Offsets> {
    const offsets = await this.admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }

  /** −1 without a commit. */
  async committed(groupId: string, topic: string): Promise<Offsets> {
    const [answer] = await this.admin.fetchOffsets({ groupId, topics: [topic] });
    return new Map((answer?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
  }

  async isCommittedToTheEnd(groupId: string, topic: string): Promise<boolean> {
    const [ends, committed] = await Promise.all([this.ends(topic), this.committed(groupId, topic)]);
    return [...ends].every(([partition, end]) => end === 0 || committed.get(partition) === end);
  }

  /**
   * How soon the broker may find a dead member out, in milliseconds. Kafka's own lower limit is 6 s unless it is configured; a
   * scenario that kills processes waits for this after every kill.
   */
  async shortestSessionMs(): Promise<number> {
    const { brokers } = await this.admin.describeCluster();
    const name = 'group.min.session.timeout.ms';
    const broker = { type: kafkajs.ConfigResourceTypes.BROKER, name: String(brokers[0]?.nodeId), configNames: [name] };
    const { resources } = await this.admin.describeConfigs({ includeSynonyms: false, resources: [broker] });
    const lowest = resources[0]?.configEntries.find((entry) => entry.configName === name)?.configValue;
    return Math.max(2000, Number(lowest ?? 6000));
  }
}

/** `amount` orders of `customers` customers, in turn. */
export function orders(amount: number, customers: number, card: (id: number) => Order['card'] = () => 'valid'): Order[] {
  return Array.from({ length: amount }, (_, id) => ({ id, customer: `customer-${id % customers}`, amount: 1 + (id % 100), card: card(id) }));
}

function customerNumber({ customer }: Order): number {
  return Number(customer.slice(customer.lastIndexOf('-') + 1));
}

function client(brokers: readonly string[]): Kafka {
  return new Kafka({ clientId: 'scenario', brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, retries: 8 } });
}
