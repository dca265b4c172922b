import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { eventually, unique } from '../support/kafka.js';
import { RawClient } from '../support/raw-client.js';
import { rawEnd, rawFetch, rawProduce } from '../support/raw-log.js';

describe('faults of the embedded broker', () => {
  let kafka: EmbeddedKafka;
  let client: RawClient;
  let topic: string;
  beforeAll(async () => {
    kafka = await EmbeddedKafka.start();
  });
  beforeEach(async () => {
    topic = unique('faulty');
    await kafka.createTopic(topic);
    client = await RawClient.connect(kafka.brokers[0]);
  });
  afterEach(() => {
    client.close();
    kafka.clearFaults();
  });
  afterAll(() => kafka.stop());

  it('answer an error as often as they should, and do nothing else', async () => {
    kafka.inject({ api: 'Produce', error: 6, times: 2 });
    const codes = [];
    for (let attempt = 0; attempt < 3; attempt++) codes.push((await rawProduce(client, topic)).errorCode);
    expect(codes).toEqual([6, 6, 0]);
    expect(kafka.records(topic)).toHaveLength(1);
  });

  it('strike the requests that fulfil a condition', async () => {
    kafka.inject({ api: 'Fetch', error: 5, when: ({ clientId }) => clientId === 'other' });
    const other = await RawClient.connect(kafka.brokers[0], 'other');
    expect([(await rawFetch(client, { topic }))[0].errorCode, (await rawFetch(other, { topic }))[0].errorCode]).toEqual([0, 5]);
    other.close();
  });

  it('cut a connection before anything is done, or lose the answer after it was done', async () => {
    kafka.inject({ api: 'Produce', drop: true, times: 1 });
    await expect(rawProduce(client, topic)).rejects.toThrow('closed the connection');
    expect(kafka.records(topic)).toHaveLength(0);
    kafka.inject({ api: 'Produce', loseAnswer: true, times: 1 });
    client = await RawClient.connect(kafka.brokers[0]);
    await expect(rawProduce(client, topic)).rejects.toThrow('closed the connection');
    expect(kafka.records(topic)).toHaveLength(1);
  });

  it('let nothing come back over a silent connection, until the client gives it up', async () => {
    kafka.inject({ api: 'ListOffsets', silent: true, times: 1 });
    const answers: string[] = [];
    const silent = rawEnd(client, topic).then(() => answers.push('first'), () => answers.push('gave up'));
    const behind = rawEnd(client, topic).then(() => answers.push('second'), () => answers.push('gave up'));
    const other = await RawClient.connect(kafka.brokers[0]);
    await rawEnd(other, topic);
    expect(answers).toEqual([]);
    client.close();
    await Promise.all([silent, behind]);
    expect(answers).toEqual(['gave up', 'gave up']);
    other.close();
  });

  it('delay a request', async () => {
    kafka.inject({ api: 'ListOffsets', delayMs: 80, times: 1 });
    const started = performance.now();
    await rawEnd(client, topic);
    expect(performance.now() - started).toBeGreaterThan(75);
  });

  it('hold a request until another one is seen', async () => {
    kafka.inject({ api: 'Produce', holdUntil: 'ListOffsets', times: 1 });
    const held = rawProduce(client, topic);
    await eventually(() => kafka.requests('Produce').some(({ request }) => JSON.stringify(request).includes(topic)), { what: 'the request is held' });
    const other = await RawClient.connect(kafka.brokers[0]);
    expect(kafka.records(topic)).toHaveLength(0);
    expect((await rawEnd(other, topic)).offset).toBe(0);
    expect((await held).errorCode).toBe(0);
    other.close();
  });

  it('may be a function that sees each request', async () => {
    const fault = kafka.inject(({ api }) => (api === 'ListOffsets' ? { kind: 'refuse', error: 74 } : undefined));
    expect((await rawEnd(client, topic)).errorCode).toBe(74);
    fault.clear();
    expect((await rawEnd(client, topic)).errorCode).toBe(0);
  });

  it('are listed while they have not struck as often as they should', async () => {
    kafka.inject({ api: 'Heartbeat', error: 27, times: 2 });
    kafka.inject({ api: 'ListOffsets', error: 6, times: 1 });
    kafka.inject({ delayMs: 0, when: ({ api }) => api === 'LeaveGroup', drop: true }).clear();
    await rawEnd(client, topic);
    expect(kafka.pendingFaults()).toEqual([{ fault: 'Heartbeat, 2 times: REBALANCE_IN_PROGRESS (27)', fired: 0, left: 2 }]);
    expect(() => kafka.assertNoPendingFaults()).toThrow('0     2  Heartbeat, 2 times: REBALANCE_IN_PROGRESS (27)');
    kafka.clearFaults();
    kafka.assertNoPendingFaults();
  });

  it('are refused where they could never strike, or would do nothing', () => {
    expect(() => kafka.inject({ api: 'Fetsch', error: 1 })).toThrow("no API named 'Fetsch'");
    expect(() => kafka.inject({ api: 'Fetch' })).toThrow('says what happens');
    expect(() => kafka.inject({ error: 1, drop: true })).toThrow('error and drop');
    expect(() => kafka.inject({ error: 1, times: 0 })).toThrow('not 0');
  });
});
