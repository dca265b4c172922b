import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { EmbeddedKafka } from '../../../lib/testing/index.js';
import { commitAs } from '../../support/operator.js';

const SHORT = { withinMs: 50 };

describe('EmbeddedKafka as a test waits for it', () => {
  let kafka: EmbeddedKafka;
  const consumers: Consumer[] = [];
  beforeEach(async () => {
    kafka = await EmbeddedKafka.start({ topics: [{ name: 'orders', partitions: 2 }, { name: 'empty' }] });
  });
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.disconnect()));
    await kafka.stop();
  });

  const start = async (groupId: string, ...topics: string[]): Promise<void> => {
    const consumer = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).consumer({ groupId, maxWaitTimeInMs: 50 });
    consumers.push(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({ eachMessage: async () => {} });
  };
  const commit = (offset: number): Promise<void> => commitAs('shop', [{ topic: 'orders', partition: 1, offset }], { brokers: kafka.brokers });

  it('waits for the last commit of a group, and for no partition without records', async () => {
    await kafka.produce('orders', [{ value: '1', partition: 1 }, { value: '2', partition: 1 }]);
    await commit(1);
    const [committed] = await Promise.all([kafka.whenCommitted('shop', 'orders').then(() => kafka.committed('shop', 'orders')), commit(2)]);
    expect(committed).toMatchObject([{ partition: 1, offset: 2 }]);
    await kafka.whenCommitted('shop', 'empty', SHORT);
  });

  it('says what was missing: how far each partition is, the next record, and who is in the group', async () => {
    await kafka.produce('orders', [{ value: '1', partition: 0 }, { value: '1', partition: 1 }, { key: 'ada', value: '2', partition: 1 }]);
    await commit(1);
    await expect(kafka.whenCommitted('shop', 'orders', SHORT)).rejects.toThrow(
      'Not within 50 ms: group shop has committed orders to its end. '
      + 'orders/0 ends at 1 and is not committed (next: offset 0, key none); orders/1 ends at 2 and is committed up to 1 (next: offset 1, key ada). Group shop is Empty and has 0 members.',
    );
  });

  it('is idle when the groups have committed all that they read, and not while there is none', async () => {
    await expect(kafka.whenIdle([], SHORT)).rejects.toThrow('No group has members.');
    await expect(kafka.whenIdle('shop', SHORT)).rejects.toThrow('Group shop is Dead and has 0 members.');
    await kafka.produce('orders', [{ value: '1' }, { value: '2' }]);
    const idle = kafka.whenIdle(['shop', 'audit'], { withinMs: 20_000 });
    await Promise.all([start('shop', 'orders', 'empty'), start('audit', 'orders')]);
    await idle;
    for (const group of ['shop', 'audit']) expect(kafka.committed(group, 'orders').reduce((sum, { offset }) => sum + Math.max(0, offset), 0)).toBe(2);
  }, 30_000);

  it('waits for records, and shows those that there are', async () => {
    setImmediate(() => void kafka.produce('orders', [{ value: 'one', partition: 0 }]));
    expect(await kafka.whenRecords('orders')).toMatchObject([{ partition: 0, offset: 0 }]);
    await expect(kafka.whenRecords('orders', 2, SHORT)).rejects.toThrow('Not within 50 ms: orders has 2 records. It has 1: 0@0 one.');
  });

  it('refuses to wait for a topic that does not exist, and gives up where the broker stops', async () => {
    await expect(kafka.whenCommitted('shop', 'typo')).rejects.toThrow('has no topic typo');
    const waiting = kafka.whenRecords('empty');
    await Promise.all([kafka.stop(), expect(waiting).rejects.toThrow('The embedded broker has stopped before empty has 1 records.')]);
  });
});
