import { createTopic, eventually, produceEach, unique } from '../support/kafka.js';
import { committedOffset, Gate, Groups, records, type Taken } from '../support/group-under-test.js';

jest.setTimeout(30_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const timing = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 100 };
const partitionsOf = (group: { stats: { partitions: readonly { partition: number }[] } }): number[] =>
  group.stats.partitions.map(({ partition }) => partition).sort((a, b) => a - b);

describe('when a member joins', () => {
  it('nothing is delivered again that was done, although its periodic commit was not due', async () => {
    const [topic, groupId] = [await createTopic('join', 2), unique('group')];
    await produceEach(topic, [0, 1], records(100));
    const options = { ...timing, commit: { strategy: 'auto', intervalMs: 600_000, records: 1000, offsetMap: true } as const };
    const first = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    await first.until('all are done', () => first.finished.length === 200);
    const second = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    await eventually(() => partitionsOf(first).length === 1 && partitionsOf(second).length === 1, { what: 'each has a partition' });
    await produceEach(topic, [0, 1], records(1));
    await eventually(() => first.finished.length + second.finished.length === 202, { what: 'the new ones are done', show: () => [first.offsets().slice(200), second.offsets()] });
    expect([...first.offsets().slice(200), ...second.offsets()]).toEqual([100, 100]);
  });

  it('what is in flight ends first, and nothing of it is lost or repeated', async () => {
    const [topic, groupId, gate] = [await createTopic('in-flight', 2), unique('group'), new Gate()];
    await produceEach(topic, [0, 1], records(200));
    const handle = (): Promise<void> => gate.pass();
    const first = await groups.start({ groupId, topics: [topic], handle, options: timing });
    await first.until('100 are in flight', () => first.inFlight === 100);
    const second = await groups.start({ groupId, topics: [topic], handle, options: timing, awaitAssignment: false });
    await eventually(() => first.consumer.state === 'rebalancing' || first.stats.rebalanceCount > 1, { what: 'the first one learns of it' });
    gate.open();
    const all = (): Taken[] => [...first.finished, ...second.finished];
    await eventually(() => all().length >= 400 && partitionsOf(second).length === 1, { what: 'all are done, by two', show: () => [all().length, first.stats, second.stats] });
    expect(new Set(all().map(({ partition, offset }) => `${partition}@${offset}`)).size).toBe(400);
    expect(first.started.length + second.started.length).toBe(400);
  });

  it('a handler that hangs delays the move up to the drain limit: it is aborted, only its record runs again, and its late result changes nothing', async () => {
    const [topic, groupId] = [await createTopic('hanging', 2), unique('group')];
    await produceEach(topic, [0, 1], records(50));
    const [hanging, again] = [new Gate(), new Gate()];
    const runs: Taken[] = [];
    const handle = (record: Taken): Promise<void> | undefined => {
      if (record.offset !== 7) return undefined;
      runs.push(record);
      return runs.length <= 2 ? hanging.pass() : again.pass();
    };
    const options = { ...timing, rebalance: { protocol: 'eager', assignment: 'sticky', drainTimeoutMs: 1_000 } as const };
    const first = await groups.start({ groupId, topics: [topic], handle, options });
    await first.until('all others are done', () => first.finished.length === 98);
    const began = performance.now();
    const second = await groups.start({ groupId, topics: [topic], handle, options });
    expect(performance.now() - began).toBeGreaterThan(900);
    await eventually(() => runs.length === 4, { what: 'both records run again', show: () => runs.map(({ offset }) => offset) });
    expect(runs.slice(0, 2).every(({ signal }) => signal.aborted)).toBe(true);
    hanging.open();
    await eventually(() => first.finished.length === 100, { what: 'the late ones end' });
    await produceEach(topic, [0, 1], records(1));
    await eventually(() => first.finished.length + second.finished.length === 102, { what: 'the new ones are done' });
    await eventually(async () => [await committedOffset(groupId, topic, 0), await committedOffset(groupId, topic, 1)].join() === '7,7', { what: 'the commits stay where they hang' });
    again.open();
    await eventually(async () => [await committedOffset(groupId, topic, 0), await committedOffset(groupId, topic, 1)].join() === '51,51', { what: 'the commits reach the end' });
    expect(first.started.length + second.started.length).toBe(104);
  });

  it('and goes, the partition that comes back is consumed to its end, although it left with records in flight', async () => {
    const [topic, groupId, gate] = [await createTopic('back', 2), unique('group'), new Gate()];
    await produceEach(topic, [0, 1], records(60));
    const handle = async ({ offset }: Taken): Promise<void> => {
      if (offset % 2 === 1) await gate.pass();
    };
    const first = await groups.start({ groupId, topics: [topic], handle, options: timing });
    await first.until('half are done', () => first.finished.length === 60);
    const second = await groups.start({ groupId, topics: [topic], handle, options: timing, awaitAssignment: false });
    await eventually(() => first.consumer.state === 'rebalancing' || first.stats.rebalanceCount > 1, { what: 'the first one learns of it' });
    gate.open();
    await eventually(() => partitionsOf(second).length === 1, { what: 'a partition has moved' });
    await second.stop();
    await eventually(() => partitionsOf(first).length === 2, { what: 'it is back' });
    await produceEach(topic, [0, 1], records(1));
    await eventually(async () => [await committedOffset(groupId, topic, 0), await committedOffset(groupId, topic, 1)].join() === '61,61', { what: 'the commits reach the end' });
    expect(first.started.length + second.started.length).toBe(122);
  });
});

describe('members', () => {
  it('of one process divide the partitions and share its slots', async () => {
    const [topic, groupId, gate] = [await createTopic('members', 6), unique('group'), new Gate()];
    await produceEach(topic, [0, 1, 2, 3, 4, 5], records(10));
    const options = { ...timing, members: 3, concurrency: 25 };
    const group = await groups.start({ groupId, topics: [topic], handle: () => gate.pass(), options });
    await group.until('all partitions are owned', () => partitionsOf(group).join() === '0,1,2,3,4,5');
    expect(group.stats.memberIds.length).toBe(3);
    await group.until('25 are in flight', () => group.inFlight === 25);
    gate.open();
    await group.until('all are done', () => group.finished.length === 60);
    expect(group.mostInFlight).toBe(25);
  });

  it('that read different topics of one group are all served, whoever leads', async () => {
    const [mine, yours, groupId] = [await createTopic('mine', 2), await createTopic('yours', 2), unique('group')];
    const first = await groups.start({ groupId, topics: [mine], handle: () => undefined, options: timing });
    const second = await groups.start({ groupId, topics: [yours], handle: () => undefined, options: timing });
    for (const topic of [mine, yours]) await produceEach(topic, [0, 1], records(5));
    await eventually(() => first.finished.length === 10 && second.finished.length === 10, { what: 'each has its own' });
    expect(new Set(first.started.map(({ topic }) => topic))).toEqual(new Set([mine]));
    expect(new Set(second.started.map(({ topic }) => topic))).toEqual(new Set([yours]));
  });
});
