import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { eventually, unique } from '../support/kafka.js';
import { RawClient } from '../support/raw-client.js';
import { rawBatch, rawEnd, rawFetch, rawProduce } from '../support/raw-log.js';

const LONG_MS = 20_000;

describe('a fetch from the embedded broker', () => {
  let kafka: EmbeddedKafka;
  let client: RawClient;
  let topic: string;
  beforeAll(async () => {
    kafka = await EmbeddedKafka.start({ brokers: 2 });
  });
  beforeEach(async () => {
    topic = unique('fetched');
    await kafka.createTopic(topic, 3);
    await kafka.moveLeader(topic, 0, 1);
    await kafka.moveLeader(topic, 1, 1);
    client = await RawClient.connect(kafka.brokers[0]);
  });
  afterEach(() => client.close());
  afterAll(() => kafka.stop());

  /** The request is there, so that what happens next happens while it waits. */
  async function parked<T>(fetching: Promise<T>): Promise<{ answer: Promise<T> }> {
    await eventually(() => kafka.requests('Fetch').some(({ request }) => JSON.stringify(request).includes(topic)), { what: 'the fetch has arrived' });
    return { answer: fetching };
  }

  it('waits for the first record, and no longer', async () => {
    const started = performance.now();
    const { answer } = await parked(rawFetch(client, { topic, partitions: [0, 1], maxWaitMs: LONG_MS }));
    await kafka.produce(topic, [{ partition: 1, value: 'late' }]);
    expect((await answer).map(({ records }) => (records ?? []).length > 0)).toEqual([false, true]);
    expect(performance.now() - started).toBeLessThan(LONG_MS / 2);
  });

  it('waits for as many bytes as it asked for', async () => {
    const { answer } = await parked(rawFetch(client, { topic, maxWaitMs: LONG_MS, minBytes: 2 * rawBatch().length }));
    const other = await RawClient.connect(kafka.brokers[0]);
    await rawProduce(other, topic);
    await rawProduce(other, topic);
    expect((await answer)[0].records).toHaveLength(2 * rawBatch().length);
    other.close();
  });

  it('ends empty when its time is over', async () => {
    const started = performance.now();
    expect(await rawFetch(client, { topic, maxWaitMs: 60 })).toMatchObject([{ errorCode: 0, highWatermark: 0 }]);
    expect(performance.now() - started).toBeGreaterThan(55);
  });

  it('ends with an error when another broker becomes the leader, or the topic is deleted', async () => {
    const { answer } = await parked(rawFetch(client, { topic, maxWaitMs: LONG_MS }));
    await kafka.moveLeader(topic, 0, 2);
    expect((await answer)[0].errorCode).toBe(6);
    await kafka.moveLeader(topic, 0, 1);
    const again = rawFetch(client, { topic, maxWaitMs: LONG_MS });
    await eventually(() => kafka.requests('Fetch').filter(({ request }) => JSON.stringify(request).includes(topic)).length === 2, { what: 'the second fetch has arrived' });
    const admin = kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    expect((await again)[0].errorCode).toBe(3);
  });

  it('holds up what its own connection asks next, and nobody else', async () => {
    const { answer } = await parked(rawFetch(client, { topic, maxWaitMs: LONG_MS }));
    const order: string[] = [];
    const behind = rawEnd(client, topic).then(() => order.push('behind'));
    const other = await RawClient.connect(kafka.brokers[0]);
    await rawEnd(other, topic).then(() => order.push('other'));
    await rawProduce(other, topic);
    await answer.then(() => order.push('fetch'));
    await behind;
    expect(order).toEqual(['other', 'fetch', 'behind']);
    other.close();
  });

  it('gets whole batches within its limits, and one batch whatever they are', async () => {
    const size = rawBatch(10).length;
    for (let batch = 0; batch < 3; batch++) await rawProduce(client, topic, rawBatch(10));
    const bytes = async (limits: object) => (await rawFetch(client, { topic, ...limits })).map(({ records }) => records?.length);
    expect(await bytes({ maxBytes: 1 })).toEqual([size]);
    expect(await bytes({ partitionMaxBytes: 2.5 * size })).toEqual([2 * size]);
    expect(await bytes({ maxBytes: 2 * size })).toEqual([2 * size]);
    expect(await bytes({ offset: 15 })).toEqual([2 * size]);
    await kafka.produce(topic, [{ partition: 1, value: 'other' }]);
    expect(await bytes({ partitions: [0, 1], maxBytes: 3 * size })).toEqual([3 * size, 0]);
  });

  it('is refused where the offset is not there, or the broker does not lead', async () => {
    expect(await rawFetch(client, { topic, offset: 1, maxWaitMs: LONG_MS })).toMatchObject([{ errorCode: 1, highWatermark: -1 }]);
    const other = await RawClient.connect(kafka.brokers[1]);
    expect(await rawFetch(other, { topic, maxWaitMs: LONG_MS })).toMatchObject([{ errorCode: 6 }]);
    other.close();
  });
});
