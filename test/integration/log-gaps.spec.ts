import { createTopic, eventually, produce, unique, withAdmin } from '../support/kafka.js';
import { committedOffset, Groups, type GroupUnderTest, records } from '../support/group-under-test.js';
import { Transactions } from '../support/transactions.js';

jest.setTimeout(60_000);

const groups = new Groups();
const transactions = new Transactions();
afterEach(async () => {
  await groups.stopAll();
  await transactions.disconnect();
});

const values = (group: GroupUnderTest): (string | null)[] => group.started.map(({ value }) => value);
const named = (name: string, count = 3): { key: string; value: string }[] => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: `${name}${index}` }));

/** The commit is at the log's end, and the lag of the statistics at 0. */
async function untilAtEnd(group: GroupUnderTest, groupId: string, topic: string): Promise<number> {
  const [{ high }] = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
  await eventually(async () => (await committedOffset(groupId, topic)) === Number(high), { what: `the commit is at ${high}`, within: 20_000, show: () => group.stats.partitions });
  await group.until('the lag is 0', () => group.stats.partitions[0].lag === 0);
  return Number(high);
}

describe('read_committed', () => {
  it('delivers committed transactions, hides aborted ones, and the commit passes markers at the end of the log', async () => {
    const [topic, groupId] = [await createTopic('transactions'), unique('group')];
    const [kept, dropped] = [await transactions.begin(), await transactions.begin()];
    await kept.send(topic, named('kept'));
    await dropped.send(topic, named('dropped'));
    await produce(topic, 0, named('plain'));
    await dropped.abort();
    await kept.commit();
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    expect(await untilAtEnd(group, groupId, topic)).toBe(11);
    expect(values(group).sort()).toEqual(['kept0', 'kept1', 'kept2', 'plain0', 'plain1', 'plain2']);
  });

  it('ends with lag 0 where a log has nothing but an aborted transaction at its end, also when it arrives later', async () => {
    const [topic, groupId] = [await createTopic('aborted-end'), unique('group')];
    await produce(topic, 0, named('plain'));
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await group.until('three are done', () => group.finished.length === 3);
    const empty = await transactions.begin();
    await empty.send(topic, named('dropped'));
    await empty.abort();
    expect(await untilAtEnd(group, groupId, topic)).toBe(7);
    expect(values(group)).toEqual(['plain0', 'plain1', 'plain2']);
  });

  it('waits for a transaction that is open, and delivers what is behind it once it has ended', async () => {
    const [topic, groupId] = [await createTopic('open'), unique('group')];
    const open = await transactions.begin();
    await open.send(topic, named('open'));
    await produce(topic, 0, named('behind'));
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await group.until('it has fetched, and found nothing', () => group.stats.partitions[0]?.lag === 0);
    expect(group.started).toEqual([]);
    await open.commit();
    await group.until('all are done', () => group.finished.length === 6);
    await untilAtEnd(group, groupId, topic);
  });

  it('hides two aborted transactions that overlap and end in another order than they began, and an aborted record with the key 00000000', async () => {
    const [topic, groupId] = [await createTopic('overlapping'), unique('group')];
    const [first, second] = [await transactions.begin(), await transactions.begin()];
    await first.send(topic, named('first-dropped'));
    await second.send(topic, named('second-dropped'));
    await produce(topic, 0, named('plain'));
    // A control record's key begins like this one: version 0, type 0, which is an abort.
    await first.send(topic, [{ key: Buffer.from([0, 0, 0, 0]), value: 'disguised' }]);
    await first.send(topic, named('after-disguise'));
    await second.abort();
    await first.send(topic, named('still-dropped'));
    await first.abort();
    const kept = await transactions.begin();
    await kept.send(topic, named('kept'));
    await kept.commit();
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await untilAtEnd(group, groupId, topic);
    expect(values(group).sort()).toEqual(['kept0', 'kept1', 'kept2', 'plain0', 'plain1', 'plain2']);
  });
});

describe('read_uncommitted', () => {
  it('delivers records of aborted transactions, and no markers', async () => {
    const [topic, groupId] = [await createTopic('uncommitted'), unique('group')];
    const dropped = await transactions.begin();
    await dropped.send(topic, named('dropped'));
    await dropped.abort();
    const group = await groups.start({ groupId, topics: [topic], options: { isolation: 'read_uncommitted' }, handle: () => undefined });
    await untilAtEnd(group, groupId, topic);
    expect(values(group)).toEqual(['dropped0', 'dropped1', 'dropped2']);
  });
});

describe('a compacted log', () => {
  it('is read over its holes, and the commit passes them', async () => {
    const configEntries = Object.entries({
      'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': '0', 'max.compaction.lag.ms': '100',
    }).map(([name, value]) => ({ name, value }));
    const [topic, groupId] = [await createTopic('compacted', 1, { configEntries }), unique('group')];
    for (let round = 0; round < 4; round++) await produce(topic, 0, records(50, (index) => `k${index % 5}`));
    // A segment is rolled by the next append, and only rolled ones are compacted.
    const readAll = async (): Promise<number[]> => {
      await produce(topic, 0, [{ key: 'roll', value: 'x' }]);
      const probe = await groups.start({ groupId: unique('probe'), topics: [topic], handle: () => undefined });
      const [{ high }] = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
      await probe.until('it is at the end', () => probe.stats.partitions[0]?.committableOffset === Number(high));
      await probe.stop();
      return probe.offsets();
    };
    await eventually(async () => (await readAll()).length < 60, { what: 'the log was compacted', within: 30_000, every: 400 });

    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    const end = await untilAtEnd(group, groupId, topic);
    expect(end).toBeGreaterThan(200);
    expect(group.finished.length).toBeLessThan(60);
    expect(new Set(group.finished.map(({ key }) => key))).toEqual(new Set(['k0', 'k1', 'k2', 'k3', 'k4', 'roll']));
    expect(group.stats.partitions[0].completedAheadCount).toBe(0);
  });
});
