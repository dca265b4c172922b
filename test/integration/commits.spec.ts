import { createTopic, eventually, produce, produceEach, unique } from '../support/kafka.js';
import { committed, committedOffset, Gate, records, withGroup } from '../support/group-under-test.js';

jest.setTimeout(30_000);

const until = (what: string, condition: () => Promise<boolean>): Promise<unknown> => eventually(condition, { what, within: 20_000 });

function failingAt(offsets: ReadonlySet<number>): (record: { offset: number }) => void {
  return ({ offset }) => {
    if (offsets.has(offset)) throw new Error('not today');
  };
}

describe('a commit', () => {
  it('stays at a record that is blocked while those above it complete, and passes them all when it ends', async () => {
    const [topic, groupId, gate] = [await createTopic('blocked'), unique('group'), new Gate()];
    await produce(topic, 0, records(10));
    await withGroup({ groupId, topics: [topic], handle: ({ offset }) => (offset === 0 ? gate.pass() : undefined) }, async (group) => {
      await group.until('1 to 9 are done', () => group.finished.length === 9);
      await until('the map of 1 to 9 is committed', async () => (await committed(groupId, topic))[0].metadata !== '');
      expect(await committedOffset(groupId, topic)).toBe(0);
      gate.open();
      await until('the commit is at 10', async () => (await committedOffset(groupId, topic)) === 10);
      expect((await committed(groupId, topic))[0].metadata).toBe('');
    });
  });

  it('of one partition does not wait for another', async () => {
    const [topic, groupId, gate] = [await createTopic('two', 2), unique('group'), new Gate()];
    await produce(topic, 0, records(5));
    await produce(topic, 1, records(5));
    await withGroup({ groupId, topics: [topic], handle: ({ partition }) => (partition === 0 ? gate.pass() : undefined) }, async (group) => {
      await until('partition 1 is committed', async () => (await committedOffset(groupId, topic, 1)) === 5);
      expect(group.offsets(group.finished.filter(({ partition }) => partition === 0))).toEqual([]);
      expect(await committedOffset(groupId, topic, 0)).toBe(0);
      gate.open();
    });
  });

  it('carries held records over a restart: exactly those are delivered again', async () => {
    const [topic, groupId] = [await createTopic('held'), unique('group')];
    await produce(topic, 0, records(6));
    await withGroup({ groupId, topics: [topic], handle: failingAt(new Set([2, 4])) }, async (group) => {
      await group.until('all were tried', () => group.started.length === 6);
    });
    expect(await committedOffset(groupId, topic)).toBe(2);
    await withGroup({ groupId, topics: [topic], handle: () => undefined }, async (group) => {
      await until('the commit is at 6', async () => (await committedOffset(groupId, topic)) === 6);
      expect(group.offsets()).toEqual([2, 4]);
    });
  });

  it('carries three failed records of ten thousand over a restart', async () => {
    const [topic, groupId] = [await createTopic('held-many'), unique('group')];
    await produce(topic, 0, records(10_000));
    await withGroup({ groupId, topics: [topic], handle: failingAt(new Set([17, 4_000, 9_998])) }, (group) =>
      group.until('all were tried', () => group.started.length === 10_000),
    );
    await withGroup({ groupId, topics: [topic], handle: () => undefined }, async (group) => {
      await until('the commit is at the end', async () => (await committedOffset(groupId, topic)) === 10_000);
      expect(group.offsets()).toEqual([17, 4_000, 9_998]);
    });
  });
});

describe('a commit strategy', () => {
  it.each(['batch', 'immediate'] as const)('%s reaches the end long before the interval', async (strategy) => {
    const [topic, groupId] = [await createTopic(strategy), unique('group')];
    await produce(topic, 0, records(500));
    const commit = { strategy, intervalMs: 600_000, records: 100, offsetMap: true };
    await withGroup({ groupId, topics: [topic], options: { commit }, handle: () => undefined }, () =>
      until('the commit is at 500', async () => (await committedOffset(groupId, topic)) === 500),
    );
  });

  it('batch leaves what is below its number of records to the interval', async () => {
    const [topic, groupId, gate] = [await createTopic('batch'), unique('group'), new Gate()];
    await produce(topic, 0, records(100));
    const commit = { strategy: 'batch', intervalMs: 600_000, records: 100, offsetMap: true } as const;
    await withGroup({ groupId, topics: [topic], options: { commit }, handle: ({ offset }) => (offset === 99 ? gate.pass() : undefined) }, async (group) => {
      await group.until('99 are done', () => group.finished.length === 99);
      expect(await committedOffset(groupId, topic)).toBe(0);
      gate.open();
      await until('the hundredth makes the batch', async () => (await committedOffset(groupId, topic)) === 100);
    });
  });

  it('auto commits within its interval, and many records by one commit', async () => {
    const [topic, groupId] = [await createTopic('auto'), unique('group')];
    await produce(topic, 0, records(2_000));
    const commits: number[] = [];
    const listener = { committed: (offsets: readonly { offset: number }[]) => void commits.push(...offsets.map(({ offset }) => offset)) };
    await withGroup({ groupId, topics: [topic], listener, handle: () => undefined }, async () => {
      await until('the commit is at 2,000', async () => (await committedOffset(groupId, topic)) === 2_000);
      expect(commits.length).toBeLessThan(20);
    });
  });

  it('immediate with one handler in flight is one record at a time: the next begins after the commit of the one before is on its way', async () => {
    const [topic, groupId] = [await createTopic('one-at-a-time', 2), unique('group')];
    await produceEach(topic, [0, 1], records(8));
    const commit = { strategy: 'immediate', intervalMs: 600_000, records: 1000, offsetMap: true } as const;
    const options = { concurrency: 1, commit };
    const handle = ({ partition, offset }: { partition: number; offset: number }): Promise<unknown> =>
      // Its own predecessor is in Kafka before it ends: no interval was waited for.
      offset === 0 ? Promise.resolve() : until(`${offset} of ${partition} is committed`, async () => (await committedOffset(groupId, topic, partition)) === offset);
    await withGroup({ groupId, topics: [topic], options, handle }, async (group) => {
      await group.until('all are done', () => group.finished.length === 16);
      expect(group.mostInFlight).toBe(1);
      for (const partition of [0, 1]) expect(group.offsets(group.started.filter((record) => record.partition === partition))).toEqual(Array.from({ length: 8 }, (_, offset) => offset));
    });
  });
});
