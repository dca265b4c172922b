import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Kafka } from 'kafkajs';
import type { KafkaCluster } from '../../scripts/kafka/kafka-cluster.js';
import { startOwnKafka } from '../../scripts/kafka/start-kafka.js';
import { KafkaHandler } from '../../lib/index.js';
import { Gate } from '../support/group-under-test.js';
import { HealthApp } from '../support/health-app.js';
import { eventually, testKafka, unique } from '../support/kafka.js';

jest.setTimeout(120_000);

/** A small part of the outages below, so that whatever counted of one would show, and more than a fetch loop backs off (2 s). */
const LIMITS = { stuckMs: 4000, stalledMs: 4000 };
const OUTAGE_MS = 4 * LIMITS.stalledMs;

const gates = new Map<string, Gate>();
const seen: string[] = [];

@Injectable()
class Orders {
  @KafkaHandler('orders')
  async handle(order: string): Promise<void> {
    seen.push(order);
    await gates.get(order)?.pass();
  }
}

describe('when the broker is away', () => {
  let cluster: KafkaCluster;
  let topic: string;
  let app: HealthApp | null = null;
  beforeAll(async () => {
    cluster = await startOwnKafka();
    topic = unique('orders');
    await withClient(async (kafka) => {
      const admin = kafka.admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: false });
      await eventually(async () => (await admin.fetchTopicOffsets(topic)).length === 2, { what: 'the topic can be used' });
      await admin.disconnect();
    });
  }, 120_000);
  afterEach(async () => {
    for (const gate of gates.values()) gate.open();
    await app?.close();
    app = null;
  });
  afterAll(() => (cluster as KafkaCluster | undefined)?.stop());

  function withClient<T>(work: (kafka: Kafka) => Promise<T>): Promise<T> {
    return work(new Kafka(testKafka({ brokers: cluster.brokers })));
  }
  async function send(...orders: string[]): Promise<void> {
    await withClient(async (kafka) => {
      const producer = kafka.producer({ allowAutoTopicCreation: false });
      await producer.connect();
      await producer.send({ topic, messages: orders.map((order) => ({ key: order, value: JSON.stringify(order) })) });
      await producer.disconnect();
    });
  }
  async function boot(): Promise<HealthApp> {
    const client = { clientId: 'test', brokers: cluster.brokers };
    app = await HealthApp.boot({ providers: [Orders], options: { client, topics: { orders: topic }, startFailure: 'retry' } });
    return app;
  }

  it('at boot: the application boots, is live, and is neither started nor ready; it is both when the broker has come, and consumes', async () => {
    await cluster.kill(1);
    const booted = await boot();
    const liveness = watchLiveness(booted);
    expect(await booted.statuses(LIMITS)).toEqual([503, 200, 503]);
    await delay(1.5 * LIMITS.stalledMs);
    expect(await booted.statuses(LIMITS)).toEqual([503, 200, 503]);
    await cluster.start(1);
    await booted.untilReady(45_000);
    expect(await booted.statuses(LIMITS)).toEqual([200, 200, 200]);
    await send('first');
    await eventually(() => seen.includes('first'), { what: 'the first order is handled' });
    expect(await liveness()).toEqual([]);
  });

  it.each([
    ['killed', (node: number) => cluster.kill(node), (node: number) => cluster.start(node)],
    ['frozen', (node: number) => cluster.pause(node), (node: number) => cluster.resume(node)],
  ])('(%s) for many times its limits: it is live in every moment, not ready meanwhile, and goes on by itself', async (how, take, giveBack) => {
    const booted = await boot();
    const [slow, due, after] = [`${how}, in flight`, `${how}, to be committed`, `${how}, afterwards`];
    for (const order of [slow, due]) gates.set(order, new Gate());
    await booted.untilReady();
    const liveness = watchLiveness(booted);
    await send(slow, due);
    await eventually(() => seen.includes(slow) && seen.includes(due), { what: 'both are in flight' });
    await take(1);
    gates.get(due)?.open();
    await booted.until('it is not ready', async () => (await booted.get('ready')).status === 503, 20_000);
    expect((await booted.get('ready')).kafka.reason).toContain('is not connected');
    await delay(OUTAGE_MS);
    expect(await booted.statuses(LIMITS)).toEqual([200, 200, 503]);
    await giveBack(1);
    await booted.untilReady(30_000);
    expect(await booted.statuses(LIMITS)).toEqual([200, 200, 200]);
    gates.get(slow)?.open();
    await send(after);
    await eventually(() => seen.includes(after), { what: 'it goes on' });
    // As long as anything might still be taken for old.
    await delay(1.5 * LIMITS.stalledMs);
    expect(await liveness()).toEqual([]);
    // Nobody took the partitions meanwhile, so nothing is delivered twice.
    expect(seen.filter((order) => order === slow || order === due)).toHaveLength(2);
  });
});

/** Asks for liveness all the time; ended by the call, which answers why it was down. */
function watchLiveness(app: HealthApp): () => Promise<string[]> {
  const reasons: string[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { status, kafka } = await app.get('live', LIMITS);
      if (status !== 200) reasons.push(kafka.reason ?? `status ${status}`);
      await delay(20);
    }
  })();
  return async () => {
    isOver = true;
    await watching;
    return reasons;
  };
}
