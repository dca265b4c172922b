import { CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs';
import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';

describe('the embedded broker keeps what kafkajs sends', () => {
  let kafka: EmbeddedKafka;
  let producer: Producer;
  beforeAll(async () => {
    kafka = await EmbeddedKafka.start({ brokers: 3, topics: [{ name: 'orders', partitions: 3 }, { name: 'packed' }] });
    producer = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await kafka.stop();
  });

  it('puts each record into the partition that it was sent to, with key, value, headers and time', async () => {
    const sent = await producer.send({
      topic: 'orders',
      messages: [
        { partition: 0, key: 'a', value: 'first', headers: { trace: '1', list: ['x', 'y'] }, timestamp: '1700000000000' },
        { partition: 2, key: null, value: null, timestamp: '1700000000002' },
        { partition: 0, key: 'b', value: 'second', timestamp: '1700000000001' },
      ],
    });
    expect(sent.map(({ partition, baseOffset, errorCode }) => ({ partition, baseOffset, errorCode }))).toEqual(
      expect.arrayContaining([
        { partition: 0, baseOffset: '0', errorCode: 0 },
        { partition: 2, baseOffset: '0', errorCode: 0 },
      ]),
    );
    expect(kafka.records('orders')).toEqual([
      { partition: 0, offset: 0, key: Buffer.from('a'), value: Buffer.from('first'), headers: { trace: Buffer.from('1'), list: [Buffer.from('x'), Buffer.from('y')] }, timestampMs: 1_700_000_000_000 },
      { partition: 0, offset: 1, key: Buffer.from('b'), value: Buffer.from('second'), headers: {}, timestampMs: 1_700_000_000_001 },
      { partition: 2, offset: 0, key: null, value: null, headers: {}, timestampMs: 1_700_000_000_002 },
    ]);
  });

  it('looks into batches that are packed with gzip', async () => {
    await producer.send({ topic: 'packed', compression: CompressionTypes.GZIP, messages: [{ value: 'one' }, { value: 'two' }] });
    expect(kafka.records('packed').map(({ offset, value }) => [offset, String(value)])).toEqual([[0, 'one'], [1, 'two']]);
  });

  it('spreads leaders over its brokers', async () => {
    const admin = kafka.admin();
    const { topics } = await admin.fetchTopicMetadata({ topics: ['orders'] });
    expect(new Set(topics[0].partitions.map(({ leader }) => leader))).toEqual(new Set([1, 2, 3]));
    await admin.disconnect();
  });
});
