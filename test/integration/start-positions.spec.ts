import { createTopic, eventually, produce, unique, withAdmin } from '../support/kafka.js';
import { committed, committedOffset, Gate, Groups, records, type Taken } from '../support/group-under-test.js';
import { commitAs, deleteRecords } from '../support/operator.js';

jest.setTimeout(30_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const committedIs = (groupId: string, topic: string, offset: number): Promise<unknown> =>
  eventually(async () => (await committedOffset(groupId, topic)) === offset, { what: `the commit is at ${offset}` });
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

describe('a group without a commit', () => {
  it.each([
    [true, 'earliest', range(0, 5)],
    [false, 'latest', [] as number[]],
  ])('with fromBeginning: %s starts at the %s offset, which it commits before the first record', async (fromBeginning, _, before) => {
    const [topic, groupId, gate] = [await createTopic('fresh'), unique('group'), new Gate()];
    await produce(topic, 0, records(5, () => null));
    const commit = { strategy: 'auto', intervalMs: 600_000, records: 1000, offsetMap: true } as const;
    const group = await groups.start({ groupId, topics: [topic], options: { fromBeginning, commit }, handle: () => gate.pass() });
    await committedIs(groupId, topic, fromBeginning ? 0 : 5);
    await produce(topic, 0, records(2, () => null));
    await group.until('they run', () => group.inFlight === before.length + 2);
    expect(group.offsets()).toEqual([...before, 5, 6]);
    gate.open();
  });

  it('reads partitions that are added later from their start', async () => {
    const [topic, groupId] = [await createTopic('grown'), unique('group')];
    const options = { fromBeginning: false, metadataMaxAgeMs: 600_000, heartbeatIntervalMs: 100 };
    const first = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    await committedIs(groupId, topic, 0);
    await first.stop();
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }));
    await eventually(async () => (await produce(topic, 1, records(3))) === 0n, { what: 'the new partition takes records' });
    const second = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    await second.until('those of the new partition are done', () => second.finished.length === 3);
    expect(second.started.map(({ partition, offset }) => [partition, offset])).toEqual([[1, 0], [1, 1], [1, 2]]);
  });

  it('notices while it runs that a topic has grown', async () => {
    const [topic, groupId] = [await createTopic('growing'), unique('group')];
    const options = { fromBeginning: false, metadataMaxAgeMs: 300, heartbeatIntervalMs: 100 };
    const group = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    await committedIs(groupId, topic, 0);
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
    for (const partition of [1, 2]) await eventually(async () => (await produce(topic, partition, records(3))) === 0n, { what: 'the new partition takes records' });
    await group.until('those of the new partitions are done', () => group.finished.length === 6);
  });
});

describe('metadata of a commit that this library has not written, or that was damaged', () => {
  const strangers: [string, (own: string) => string][] = [
    ['foreign text', () => 'consumer-7@host {"offsets":[1,2,3]}'],
    ['a damaged map', (own) => own.slice(0, 6) + String.fromCharCode(own.charCodeAt(6) ^ 1) + own.slice(7)],
    ['a map that was cut off', (own) => own.slice(0, -1)],
    ['a map of a future version', (own) => `kmt9${own.slice(4)}`],
    ['a hostile object', () => '{"__proto__":{"offset":99}}'],
    ['our mark and nothing else', () => 'kmt1'],
    ['our mark and 4,092 units of noise', () => `kmt1${'\u4e00'.repeat(4_092)}`],
  ];

  it('costs repeats and a warning, never a record', async () => {
    const [topic, ownGroup] = [await createTopic('strangers'), unique('group')];
    await produce(topic, 0, records(6));
    const handle = ({ offset }: Taken): void => {
      if (offset === 2 || offset === 4) throw new Error('held');
    };
    const own = await groups.start({ groupId: ownGroup, topics: [topic], handle });
    await own.until('all were tried', () => own.started.length === 6);
    await own.stop();
    const [{ metadata }] = await committed(ownGroup, topic);

    await Promise.all(
      strangers.map(async ([name, make]) => {
        const groupId = unique('stranger');
        await commitAs(groupId, [{ topic, offset: 2, metadata: make(metadata) }]);
        const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
        await committedIs(groupId, topic, 6);
        expect([name, group.offsets()]).toEqual([name, [2, 3, 4, 5]]);
        expect([name, group.complaints.length]).toEqual([name, 1]);
        expect(group.complaints[0]).toMatch(/^warn .*metadata .*It is ignored/);
      }),
    );
  });

  it('a map that came apart from its offset is ignored, so that a group moved back by an operator reads all again', async () => {
    const [topic, groupId] = [await createTopic('apart'), unique('group')];
    await produce(topic, 0, records(6));
    const handle = ({ offset }: Taken): void => {
      if (offset === 2) throw new Error('held');
    };
    const first = await groups.start({ groupId, topics: [topic], handle });
    await first.until('all were tried', () => first.started.length === 6);
    await first.stop();
    const [{ metadata }] = await committed(groupId, topic);
    await commitAs(groupId, [{ topic, offset: 1, metadata }]);
    const second = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await committedIs(groupId, topic, 6);
    expect(second.offsets()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a committed offset', () => {
  it('below the start of the log begins at the log, with a warning', async () => {
    const [topic, groupId] = [await createTopic('below'), unique('group')];
    await produce(topic, 0, records(10));
    await commitAs(groupId, [{ topic, offset: 2 }]);
    await deleteRecords(topic, 6);
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await committedIs(groupId, topic, 10);
    expect(group.offsets()).toEqual([6, 7, 8, 9]);
    expect(group.complaints.filter((line) => /begins at offset 6/.test(line)).length).toBe(1);
  });

  it('above the end of the log begins at the earliest, never at the latest, with a warning', async () => {
    const [topic, groupId] = [await createTopic('above'), unique('group')];
    await produce(topic, 0, records(5));
    await commitAs(groupId, [{ topic, offset: 1_000 }]);
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await committedIs(groupId, topic, 5);
    expect(group.offsets()).toEqual([0, 1, 2, 3, 4]);
    expect(group.complaints.some((line) => /ends before offset 1000/.test(line))).toBe(true);
  });

  it('that an operator moves while the group is stopped is where it goes on', async () => {
    const [topic, groupId] = [await createTopic('moved'), unique('group')];
    await produce(topic, 0, records(10));
    const first = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await committedIs(groupId, topic, 10);
    await first.stop();
    await commitAs(groupId, [{ topic, offset: 7 }]);
    const second = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await second.until('three are done again', () => second.finished.length === 3);
    expect(second.offsets()).toEqual([7, 8, 9]);
  });

  it('cannot be moved by an operator while the group runs, and what a program commits in a member\'s name is put right by its next commit', async () => {
    const [topic, groupId, gate] = [await createTopic('tampered'), unique('group'), new Gate()];
    await produce(topic, 0, records(10));
    const group = await groups.start({ groupId, topics: [topic], handle: ({ offset }) => (offset >= 10 ? gate.pass() : undefined) });
    await committedIs(groupId, topic, 10);
    await expect(commitAs(groupId, [{ topic, offset: 3 }])).rejects.toThrow(/UNKNOWN_MEMBER_ID|not the current|active|member/i);
    await produce(topic, 0, records(2));
    await group.until('two are in flight', () => group.inFlight === 2);
    await commitAs(groupId, [{ topic, offset: 12 }], { identity: { memberId: group.stats.memberIds[0], generation: 1 } });
    expect(await committedOffset(groupId, topic)).toBe(12);
    gate.open();
    await produce(topic, 0, records(1));
    await committedIs(groupId, topic, 13);
    expect(group.offsets()).toEqual(range(0, 13));
  });

  it('is passed by the log\'s start while the group runs: it goes on there, with a warning', async () => {
    const [topic, groupId, gate] = [await createTopic('overtaken'), unique('group'), new Gate()];
    await produce(topic, 0, records(20));
    const options = { buffer: { recordsPerPartition: 5, bytes: 1_000_000 }, fetch: { minBytes: 1, maxBytes: 10_000, maxBytesPerPartition: 300, maxWaitMs: 100 } };
    for (let batch = 0; batch < 4; batch++) await produce(topic, 0, records(20));
    const group = await groups.start({ groupId, topics: [topic], options, handle: ({ offset }) => (offset < 20 ? gate.pass() : undefined) });
    await group.until('the first are in flight', () => group.inFlight === 20);
    await deleteRecords(topic, 70);
    gate.open();
    await committedIs(groupId, topic, 100);
    const delivered = new Set(group.offsets());
    expect(range(70, 100).filter((offset) => !delivered.has(offset))).toEqual([]);
    expect(group.started.length).toBe(delivered.size);
    expect(group.started.length).toBeLessThan(100);
    expect(group.complaints.filter((line) => /begins at offset 70/.test(line)).length).toBe(1);
  });
});
