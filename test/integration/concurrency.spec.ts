import { createTopic, produce, produceEach, unique } from '../support/kafka.js';
import { Gate, records, withGroup } from '../support/group-under-test.js';

jest.setTimeout(30_000);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('handlers in flight', () => {
  it('reach the concurrency on one partition, and never exceed it', async () => {
    const [topic, groupId, gate] = [await createTopic('hundred'), unique('group'), new Gate()];
    await produce(topic, 0, records(1_000));
    await withGroup({ groupId, topics: [topic], handle: () => gate.pass() }, async (group) => {
      await group.until('100 are in flight', () => group.inFlight === 100);
      await group.until('all have arrived', () => group.stats.buffered === 1_000);
      expect(group.started.length).toBe(100);
      gate.open();
      await group.until('all are done', () => group.finished.length === 1_000);
      expect(group.mostInFlight).toBe(100);
    });
  });

  it('reach a thousand over two partitions, and never exceed it however handlers end', async () => {
    const [topic, groupId, gate] = [await createTopic('thousand', 2), unique('group'), new Gate()];
    await produceEach(topic, [0, 1], records(700));
    const handle = async ({ offset }: { offset: number }): Promise<void> => {
      await gate.pass();
      // At once, a turn later, or by a failure: slots come free one by one and in crowds.
      if (offset % 3 === 1) await turn();
      if (offset % 7 === 3) throw new Error('held');
    };
    await withGroup({ groupId, topics: [topic], handle, options: { concurrency: 1_000 } }, async (group) => {
      await group.until('1,000 are in flight', () => group.inFlight === 1_000);
      expect(new Set(group.started.map(({ partition }) => partition)).size).toBe(2);
      gate.open();
      await group.until('all were tried', () => group.started.length === 1_400 && group.inFlight === 0);
      expect(group.mostInFlight).toBe(1_000);
    });
  });

  it('keep a handler below its own concurrency, and the rest of the slots free for others', async () => {
    const [slow, quick, groupId, gate] = [await createTopic('slow'), await createTopic('quick'), unique('group'), new Gate()];
    await produce(slow, 0, records(500));
    const slowHandler = { topics: [slow], handler: { concurrency: 5 }, handle: () => gate.pass() };
    const options = { concurrency: 10 };
    await withGroup({ groupId, topics: [quick], handle: () => undefined, options, others: [slowHandler] }, async (group) => {
      await group.until('5 are in flight', () => group.inFlight === 5);
      await produce(quick, 0, records(500));
      await group.until('the quick one has done all', () => group.finished.length === 500);
      expect(group.mostInFlight).toBeLessThanOrEqual(10);
      expect(group.started.filter(({ topic }) => topic === slow).length).toBe(5);
      gate.open();
    });
  });
});
