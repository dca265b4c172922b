import { createTopic, eventually, produce, unique } from '../support/kafka.js';
import { committedOffset, Gate, Groups, type GroupUnderTest, records } from '../support/group-under-test.js';
import { Ledger } from '../support/ledger.js';
import { commitAs, deleteRecords } from '../support/operator.js';
import { Workers } from '../support/worker-process.js';

jest.setTimeout(60_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const sorted = (offsets: readonly number[]): number[] => [...offsets].sort((a, b) => a - b);

/** A group that has done 100 records of its one partition, and committed them. */
async function done(name: string): Promise<{ group: GroupUnderTest; topic: string; groupId: string }> {
  const [topic, groupId] = [await createTopic(name), unique('group')];
  await produce(topic, 0, records(100));
  const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
  await eventually(async () => (await committedOffset(groupId, topic)) === 100, { what: 'all are committed' });
  group.started.length = 0;
  return { group, topic, groupId };
}

describe('a seek while the consumer runs', () => {
  it('back to an offset delivers everything from there again, and commits it again', async () => {
    const { group, topic, groupId } = await done('seek-back');
    await group.consumer.seek({ topic, partition: 0, offset: 40 });
    await group.until('they come again', () => group.started.length === 60);
    await eventually(async () => (await committedOffset(groupId, topic)) === 100, { what: 'all are committed again' });
    expect(sorted(group.offsets())).toEqual(range(40, 100));
    expect(group.stats.partitions[0]).toMatchObject({ epoch: 2, committedOffset: 100, lag: 0 });
  });

  it('to the earliest delivers all, and to the latest nothing of what is there', async () => {
    const { group, topic, groupId } = await done('seek-ends');
    await group.consumer.seek({ topic, partition: 0, offset: 'earliest' });
    await group.until('all come again', () => group.started.length === 100);
    group.consumer.pause();
    await produce(topic, 0, records(50));
    await group.consumer.seek({ topic, partition: 0, offset: 'latest' });
    expect(await committedOffset(groupId, topic)).toBe(150);
    group.consumer.resume();
    await produce(topic, 0, records(3));
    await group.until('what came later is done', () => group.started.length === 103);
    expect(sorted(group.offsets()).slice(100)).toEqual([150, 151, 152]);
  });

  it('to a time begins at the first record that is not older, and at the end where there is none', async () => {
    const { group, topic, groupId } = await done('seek-time');
    const timestampMs = Date.now() + 60_000;
    await produce(topic, 0, records(5).map((record) => ({ ...record, timestamp: String(timestampMs) })));
    await group.until('they are done', () => group.started.length === 5);
    group.started.length = 0;
    await group.consumer.seek({ topic, partition: 0, timestampMs: timestampMs - 1 });
    await group.until('they are done again', () => group.started.length === 5);
    expect(sorted(group.offsets())).toEqual(range(100, 105));
    await group.consumer.seek({ topic, partition: 0, timestampMs: timestampMs + 60_000 });
    expect(await committedOffset(groupId, topic)).toBe(105);
    await produce(topic, 0, records(1));
    await group.until('it goes on at the end', () => group.offsets().includes(105));
    expect(group.started.length).toBe(6);
  });

  it('lets 100 in flight finish first, forgets what was complete above a hole, and keeps the order of keys', async () => {
    const [topic, groupId, gate] = [await createTopic('seek-load'), unique('group'), new Gate()];
    await produce(topic, 0, records(1_000, (index) => `k${index % 200}`));
    let isHeld = true;
    const group = await groups.start({
      groupId,
      topics: [topic],
      handle: ({ offset }) => (isHeld && (offset < 20 || offset >= 500) ? gate.pass() : undefined),
    });
    await group.until('100 are in flight', () => group.inFlight === 100);
    const seek = group.consumer.seek({ topic, partition: 0, offset: 10 });
    await group.until('nothing else starts', () => group.stats.partitions[0].paused === 'drain');
    const startedBefore = group.started.length;
    isHeld = false;
    gate.open();
    await seek;
    expect(group.finished.length).toBeGreaterThanOrEqual(startedBefore);
    await eventually(async () => (await committedOffset(groupId, topic)) === 1_000, { what: 'all are committed' });
    const again = group.started.filter(({ delivery }) => delivery.epoch === 2);
    expect(sorted(group.offsets(again))).toEqual(range(10, 1_000));
    const last = new Map<string | null, number>();
    for (const { key, offset } of again) {
      expect(offset).toBeGreaterThan(last.get(key) ?? -1);
      last.set(key, offset);
    }
  });

  it('is refused below the start of the log and above its end, which retention may have moved', async () => {
    const { group, topic, groupId } = await done('seek-range');
    await deleteRecords(topic, 30);
    const seek = (offset: number): Promise<void> => group.consumer.seek({ topic, partition: 0, offset });
    await expect(seek(29)).rejects.toThrow('offset 29 is not in its log, which has 30 to 100');
    await expect(seek(29)).rejects.toMatchObject({ name: 'KafkaSeekError', problem: 'out-of-range' });
    await expect(seek(101)).rejects.toMatchObject({ problem: 'out-of-range' });
    expect(await committedOffset(groupId, topic)).toBe(100);
    await seek(100);
    await seek(30);
    await group.until('they come again', () => group.started.length === 70);
  });

  it('of a partition that another process has is refused, and that process is not disturbed', async () => {
    const [topic, groupId] = [await createTopic('seek-others', 2), unique('group')];
    const options = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 100 };
    const first = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    const second = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    await eventually(() => first.stats.partitions.length === 1 && second.stats.partitions.length === 1, { what: 'each has one' });
    const [{ partition }] = second.stats.partitions;
    await expect(first.consumer.seek({ topic, partition, offset: 0 })).rejects.toMatchObject({ problem: 'not-assigned' });
    await expect(first.consumer.seek({ topic, partition: 2, offset: 0 })).rejects.toThrow('there is no partition 2');
  });
});

describe('a seek and a crash', () => {
  it('right after it has resolved: whoever comes next starts at the target, and nothing between is missing', async () => {
    const ledger = Ledger.inTemporaryFolder();
    const [topic, groupId] = [await createTopic('seek-killed'), unique('group')];
    await produce(topic, 0, records(2_000));
    const workers = new Workers(ledger, { groupId, topics: [topic], workMs: [100, 300], seek: { inFlight: 100, offset: 50 }, options: { sessionTimeoutMs: 1_000, heartbeatIntervalMs: 200 } });
    try {
      // What is committed lies above the target.
      await commitAs(groupId, [{ topic, offset: 200 }]);
      const worker = workers.start();
      await eventually(() => worker.hasEnded, { what: 'it has sought, and was killed', within: 30_000, show: () => [ledger.read().slice(-3), worker.output] });
      expect(ledger.of('sought')).toHaveLength(1);
      const starts = ledger.of('start').flatMap(({ offset = -1 }) => offset);
      const ends = ledger.of('end').flatMap(({ offset = -1 }) => offset);
      const before = starts.filter((offset) => offset >= 200);
      expect(before.length).toBeGreaterThanOrEqual(100);
      expect(ends).toEqual(expect.arrayContaining(before.slice(0, 100)));

      const next = await groups.start({ groupId, topics: [topic], options: { sessionTimeoutMs: 1_000, heartbeatIntervalMs: 200 }, handle: () => undefined });
      await eventually(async () => (await committedOffset(groupId, topic)) === 2_000, { what: 'all are committed', within: 20_000 });
      expect(sorted(next.offsets())).toEqual(range(50, 2_000));
    } finally {
      await workers.killAll();
      ledger.remove();
    }
  });
});
