import { createTopic, eventually, produce, unique, withAdmin } from '../support/kafka.js';
import { committed, committedOffset, Gate, records, withGroup } from '../support/group-under-test.js';

const until = (what: string, condition: () => Promise<boolean>): Promise<unknown> => eventually(condition, { what });

describe('commits', () => {
  it('stay at a record that is blocked while those above it complete, and pass them all when it ends', async () => {
    const [topic, groupId, gate] = [await createTopic('blocked'), unique('group'), new Gate()];
    await produce(topic, 0, records(10));
    await withGroup({ groupId, topics: [topic], handle: ({ offset }) => (offset === 0 ? gate.pass() : undefined) }, async (group) => {
      await group.until('1 to 9 are done', () => group.finished.length === 9);
      await until('the map of 1 to 9 is committed', async () => (await committed(groupId, topic))[0].metadata !== '');
      expect(await committedOffset(groupId, topic)).toBe(0);
      gate.open();
      await until('the commit is at 10', async () => (await committedOffset(groupId, topic)) === 10);
    });
  });

  it('of one partition do not wait for another', async () => {
    const [topic, groupId, gate] = [await createTopic('two', 2), unique('group'), new Gate()];
    await produce(topic, 0, records(5));
    await produce(topic, 1, records(5));
    await withGroup({ groupId, topics: [topic], handle: ({ partition }) => (partition === 0 ? gate.pass() : undefined) }, async () => {
      await until('partition 1 is committed', async () => (await committedOffset(groupId, topic, 1)) === 5);
      expect(await committedOffset(groupId, topic, 0)).toBeLessThanOrEqual(0);
      gate.open();
    });
  });

  it.each(['batch', 'immediate'] as const)('reach the end under the strategy %s long before the interval', async (strategy) => {
    const [topic, groupId] = [await createTopic(strategy), unique('group')];
    await produce(topic, 0, records(500));
    const commit = { strategy, intervalMs: 600_000, records: 100, offsetMap: true };
    await withGroup({ groupId, topics: [topic], options: { commit }, handle: () => undefined }, async () => {
      await until('the commit is at 500', async () => (await committedOffset(groupId, topic)) === 500);
    });
  });

  it('carry held records over a restart: exactly those are delivered again', async () => {
    const [topic, groupId] = [await createTopic('held'), unique('group')];
    await produce(topic, 0, records(6));
    const failing = new Set([2, 4]);
    const handle = ({ offset }: { offset: number }): void => {
      if (failing.has(offset)) throw new Error('not today');
    };
    await withGroup({ groupId, topics: [topic], handle }, async (group) => {
      await group.until('all were tried', () => group.started.length === 6);
    });
    expect(await committedOffset(groupId, topic)).toBe(2);
    await withGroup({ groupId, topics: [topic], handle: () => undefined }, async (group) => {
      await until('the commit is at 6', async () => (await committedOffset(groupId, topic)) === 6);
      expect(group.offsets()).toEqual([2, 4]);
    });
  });

  it('carry three failed records of ten thousand over a restart', async () => {
    const [topic, groupId] = [await createTopic('held-many'), unique('group')];
    for (let from = 0; from < 10_000; from += 2_500) await produce(topic, 0, records(2_500));
    const failing = new Set([17, 4_000, 9_998]);
    const handle = ({ offset }: { offset: number }): void => {
      if (failing.has(offset)) throw new Error('not today');
    };
    await withGroup({ groupId, topics: [topic], handle }, (group) => group.until('all were tried', () => group.started.length === 10_000));
    await withGroup({ groupId, topics: [topic], handle: () => undefined }, async (group) => {
      await until('the commit is at the end', async () => (await committedOffset(groupId, topic)) === 10_000);
      expect(group.offsets()).toEqual([17, 4_000, 9_998]);
    });
  });

  it('truncate a map that does not fit: no error, nothing lost, and at most the rest is repeated', async () => {
    const [topic, groupId] = [await createTopic('pressure'), unique('group')];
    const count = 40_000;
    for (let from = 0; from < count; from += 5_000) await produce(topic, 0, records(5_000));
    // Every third one fails at random places: far more holes than 4,096 characters can tell of.
    const failing = new Set(Array.from({ length: count }, (_, offset) => offset).filter((offset) => (offset * 2_654_435_761) % 4_294_967_296 < 1_431_655_765));
    const handle = ({ offset }: { offset: number }): void => {
      if (failing.has(offset)) throw new Error('not today');
    };
    const handler = { maxHeldPerPartition: count };
    const first = await withGroup({ groupId, topics: [topic], handle, handler }, async (group) => {
      await group.until('all were tried', () => group.started.length === count, 30_000);
      return group.lines.filter((line) => line.startsWith('error'));
    });
    expect(first).toEqual([]);
    const [{ metadata }] = await committed(groupId, topic);
    expect(metadata.length).toBeGreaterThan(3_900);
    expect(metadata.length).toBeLessThanOrEqual(4_096);
    await withGroup({ groupId, topics: [topic], handle: () => undefined }, async (group) => {
      await until('the commit is at the end', async () => (await committedOffset(groupId, topic)) === count);
      const again = new Set(group.offsets());
      expect([...failing].filter((offset) => !again.has(offset))).toEqual([]);
      // The map spared what it could tell of.
      expect(group.started.length).toBeLessThan(count - 20_000);
    });
  });

  it('of 200 partitions with full maps pass, in several requests', async () => {
    const [topic, groupId] = [await createTopic('wide', 200), unique('group')];
    const perPartition = 3_000;
    await withAdmin(async () => undefined);
    const messages = records(perPartition, () => null);
    for (let partition = 0; partition < 200; partition++) await produce(topic, partition, messages);
    const isHole = (offset: number): boolean => (offset * 2_654_435_761) % 4_294_967_296 < 2_147_483_648;
    const handle = ({ offset }: { offset: number }): void => {
      if (isHole(offset) || offset === 0) throw new Error('not today');
    };
    const handler = { maxHeldPerPartition: perPartition };
    const options = { concurrency: 1000, buffer: { recordsPerPartition: 5_000, bytes: 512 * 1024 * 1024 } };
    await withGroup({ groupId, topics: [topic], handle, handler, options }, async (group) => {
      await group.until('all were tried', () => group.started.length === 200 * perPartition, 90_000);
    });
    const commits = await committed(groupId, topic);
    expect(commits.filter(({ offset }) => offset !== 0)).toEqual([]);
    expect(commits.reduce((sum, { metadata }) => sum + 3 * metadata.length, 0)).toBeGreaterThan(512 * 1024);
  }, 180_000);
});
