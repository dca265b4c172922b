import { IncompleteRuns } from '../../lib/engine/incomplete-runs.js';
import { encodeOffsetMap } from '../../lib/engine/offset-map.js';
import { createTopic, eventually, produce, produceEach, unique } from '../support/kafka.js';
import { committed, committedOffset, GroupUnderTest, records, withGroup } from '../support/group-under-test.js';
import { commitAs } from '../support/operator.js';
import { randomOffsets, seeded } from '../support/random.js';

jest.setTimeout(120_000);

const until = (what: string, condition: () => Promise<boolean>): Promise<unknown> => eventually(condition, { what, within: 40_000 });

describe('the offset map of a commit', () => {
  it('that does not fit is truncated: no error, nothing lost, and only what it could not tell is repeated', async () => {
    const [topic, groupId] = [await createTopic('pressure'), unique('group')];
    const count = 75_000;
    for (let from = 0; from < count; from += 7_500) await produce(topic, 0, records(7_500));
    // One bit of chance each: 4,096 characters of 15 bits tell of some 61,000 records.
    const failing = randomOffsets(count, 0.5).add(0);
    const handle = ({ offset }: { offset: number }): void => {
      if (failing.has(offset)) throw new Error('not today');
    };
    const first = new GroupUnderTest({ groupId, topics: [topic], handle, handler: { maxHeldPerPartition: count } });
    await first.start();
    await first.until('all were tried', () => first.started.length === count, 30_000);
    await first.stop();
    expect(first.complaints).toEqual([]);
    const [{ metadata, offset }] = await committed(groupId, topic);
    expect(offset).toBe(0);
    expect(metadata.length).toBeGreaterThan(4_050);
    expect(metadata.length).toBeLessThanOrEqual(4_096);

    await withGroup({ groupId, topics: [topic], handle: () => undefined }, async (group) => {
      await until('the commit is at the end', async () => (await committedOffset(groupId, topic)) === count);
      const again = new Set(group.offsets());
      expect([...failing].filter((held) => !again.has(held))).toEqual([]);
      const repeated = group.offsets().filter((again) => !failing.has(again));
      expect(Math.min(...repeated)).toBeGreaterThan(60_000);
    });
  });

  it('of 200 partitions, all of them full, passes in several requests and comes back unchanged', async () => {
    const [topic, groupId] = [await createTopic('wide', 200), unique('group')];
    const partitions = Array.from({ length: 200 }, (_, partition) => partition);
    await produceEach(topic, partitions, records(3));
    // As an owner of before would have left them: offset 0 is open, and above it more is complete at random than a map can tell.
    const holes = randomRuns();
    const { metadata } = encodeOffsetMap(0, holes, 50_000_000, { chars: 4_096 });
    expect(metadata.length).toBeGreaterThan(4_090);
    for (let from = 0; from < 200; from += 50) {
      await commitAs(groupId, partitions.slice(from, from + 50).map((partition) => ({ topic, partition, offset: 0, metadata })));
    }

    const requests: number[] = [];
    const listener = { committed: (offsets: readonly unknown[]) => void requests.push(offsets.length) };
    await withGroup({ groupId, topics: [topic], listener, handle: () => undefined }, async (group) => {
      await until('all are committed', async () => (await committed(groupId, topic)).every(({ offset }) => offset === 3));
      expect(group.started.length).toBe(400);
      expect(group.complaints).toEqual([]);
    });
    expect(requests.filter((partitions) => partitions >= 85)).toEqual([]);
    const lengths = (await committed(groupId, topic)).map((commit) => commit.metadata.length);
    expect(Math.min(...lengths)).toBeGreaterThan(4_000);
    await withGroup({ groupId, topics: [topic], handle: () => undefined }, async (group) => {
      expect(group.stats.partitions.every(({ completedAheadCount }) => completedAheadCount > 1_000_000)).toBe(true);
      expect(group.complaints).toEqual([]);
    });
  });
});

/** Offset 0, everything from 2 to the log's end, and some thousand stretches of random length far above it. */
function randomRuns(): IncompleteRuns {
  const next = seeded(7);
  const runs = new IncompleteRuns();
  runs.add(0, 1);
  runs.add(2, 1_000);
  for (let at = 2_000; at < 40_000_000; ) {
    const to = at + 1 + Math.floor(next() * 8_000);
    runs.add(at, to);
    at = to + 1 + Math.floor(next() * 8_000);
  }
  return runs;
}
