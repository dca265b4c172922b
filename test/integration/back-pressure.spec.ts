import { produceRepeatedly } from '../support/bulk.js';
import { createTopic, eventually, produce, produceEach, unique } from '../support/kafka.js';
import { committedOffset, Gate, Groups, records, type Taken } from '../support/group-under-test.js';

jest.setTimeout(30_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const fetch = { minBytes: 1, maxBytes: 100_000, maxBytesPerPartition: 10_000, maxWaitMs: 100 };
const padded = (count: number, bytes: number): { key: null; value: string }[] => records(count).map(({ value }) => ({ key: null, value: value.padEnd(bytes, '.') }));

describe('slow handlers over a backlog', () => {
  it('pause the partition that is full and no other, and it goes on when there is room', async () => {
    const [topic, groupId, gate] = [await createTopic('full', 2), unique('group'), new Gate()];
    await produceRepeatedly(topic, padded(100, 100), 20);
    const events: string[] = [];
    const listener = {
      paused: ({ partition }: { partition: number }, reason: string) => void events.push(`paused ${partition} ${reason}`),
      resumed: ({ partition }: { partition: number }, reason: string) => void events.push(`resumed ${partition} ${reason}`),
    };
    const options = { fetch, concurrency: 10, buffer: { recordsPerPartition: 300, bytes: 100_000_000 } };
    const group = await groups.start({ groupId, topics: [topic], options, listener, handle: ({ partition, offset }: Taken) => (partition === 0 && offset < 5 ? gate.pass() : pause(1)) });
    await group.until('the full one is paused', () => events.includes('paused 0 buffer'));
    const blocked = group.stats.partitions.find(({ partition }) => partition === 0);
    expect(blocked?.pendingCount).toBeLessThan(300 + 200);
    await produce(topic, 1, records(50));
    await eventually(async () => (await committedOffset(groupId, topic, 1)) === 50, { what: 'the other partition is consumed' });
    gate.open();
    await eventually(async () => (await committedOffset(groupId, topic, 0)) === 2_000, { what: 'the full one goes on to its end' });
    expect(events.filter((event) => event.endsWith('1 buffer'))).toEqual([]);
    expect(events.filter((event) => event === 'resumed 0 buffer').length).toBeGreaterThan(0);
  });

  it('keep no more bytes than the buffer and one chunk of each partition, and the session alive', async () => {
    const [topic, groupId, gate] = [await createTopic('bytes', 4), unique('group'), new Gate()];
    // 4 x 50 records of 2 kB: 400 kB.
    for (let batch = 0; batch < 10; batch++) await produceEach(topic, [0, 1, 2, 3], padded(5, 2_000));
    const options = { fetch, concurrency: 4, buffer: { recordsPerPartition: 5_000, bytes: 50_000 }, sessionTimeoutMs: 1_000, heartbeatIntervalMs: 100 };
    const group = await groups.start({ groupId, topics: [topic], options, handle: () => gate.pass() });
    await group.until('all are full', () => group.stats.partitions.length === 4 && group.stats.partitions.every(({ paused }) => paused === 'buffer'));
    // The limit, and one fetch of four partitions.
    expect(group.stats.buffered * 2_000).toBeLessThan(50_000 + 5 * 4 * 10_500);
    const began = performance.now();
    await group.until('two sessions have passed', () => performance.now() - began > 2_000);
    gate.open();
    for (const partition of [0, 1, 2, 3]) await eventually(async () => (await committedOffset(groupId, topic, partition)) === 50, { what: 'all are done' });
    expect(group.started.length).toBe(200);
    expect(group.stats.rebalanceCount).toBe(1);
  });

  it('of one topic do not hold up another', async () => {
    const [busy, quiet, groupId] = [await createTopic('busy'), await createTopic('quiet'), unique('group')];
    await produce(busy, 0, padded(5_000, 20));
    const quick = { topics: [quiet], handle: () => undefined };
    const options = { concurrency: 10 };
    const group = await groups.start({ groupId, topics: [busy], options, handle: () => pause(20), others: [quick] });
    await group.until('the busy one runs', () => group.inFlight === 10);
    await produce(quiet, 0, padded(50, 20));
    const doneOf = (name: string): number => group.finished.filter(({ topic }) => topic === name).length;
    await group.until('the quiet one is done', () => doneOf(quiet) === 50);
    // Ten seconds of work were waiting.
    expect(doneOf(busy)).toBeLessThan(1_000);
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
