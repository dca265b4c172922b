import { createTopic, eventually, produce, produceEach, unique } from '../support/kafka.js';
import { committedOffset, Gate, Groups, type GroupUnderTest, records } from '../support/group-under-test.js';

jest.setTimeout(30_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const timing = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 100 };
const owned = (group: GroupUnderTest): string => group.stats.partitions.map(({ partition }) => partition).sort().join();
const of = (group: GroupUnderTest, partition: number): number[] => group.offsets(group.started.filter((taken) => taken.partition === partition));

/** What is produced to the other partition meanwhile has been handled: fetches have come and gone. */
async function untilOthersWentOn(group: GroupUnderTest, topic: string, partition: number): Promise<void> {
  const before = of(group, partition).length;
  await produce(topic, partition, records(5));
  await group.until('the other partition goes on', () => of(group, partition).length === before + 5);
}

describe('a pause', () => {
  it('lets those in flight finish, and be committed; nothing new starts or is retried until the resume, which goes on', async () => {
    const [topic, groupId, gate] = [await createTopic('pause', 2), unique('group'), new Gate()];
    await produce(topic, 0, records(30));
    const handler = { retry: { retries: 5, delayMs: () => 50, retryable: () => true } };
    const group = await groups.start({
      groupId,
      topics: [topic],
      options: { concurrency: 20 },
      handler,
      handle: async ({ partition, offset, attempt }) => {
        if (partition === 1) return;
        await gate.pass();
        if (offset === 0 && attempt === 1) throw new Error('not at first');
      },
    });
    await group.until('20 are in flight', () => group.inFlight === 20);
    group.consumer.pause({ topic, partitions: [0] });
    gate.open();
    await group.until('those in flight have ended', () => group.inFlight === 0);
    await produce(topic, 0, records(10));
    await untilOthersWentOn(group, topic, 1);
    expect(of(group, 0)).toEqual(Array.from({ length: 20 }, (_, offset) => offset));
    expect(group.stats.partitions.map(({ paused }) => paused)).toEqual(['user', false]);
    group.consumer.resume({ topic, partitions: [0] });
    await eventually(async () => (await committedOffset(groupId, topic)) === 40, { what: 'all are committed' });
    expect(of(group, 0).slice(20).sort((a, b) => a - b)).toEqual([0, ...Array.from({ length: 20 }, (_, index) => index + 20)]);
  });

  it('goes on committing', async () => {
    const [topic, groupId] = [await createTopic('pause-commit'), unique('group')];
    await produce(topic, 0, records(10));
    const gate = new Gate();
    const group = await groups.start({ groupId, topics: [topic], handle: () => gate.pass() });
    await group.until('ten are in flight', () => group.inFlight === 10);
    group.consumer.pause();
    gate.open();
    await eventually(async () => (await committedOffset(groupId, topic)) === 10, { what: 'they are committed while it is paused' });
  });

  it('lasts over rebalances: of a partition that goes, what is in flight is finished and committed, and it comes back paused', async () => {
    const [topic, groupId, gate] = [await createTopic('pause-moves', 2), unique('group'), new Gate()];
    const first = await groups.start({ groupId, topics: [topic], options: { ...timing, concurrency: 10 }, handle: () => gate.pass() });
    await first.until('it has both', () => owned(first) === '0,1');
    await produceEach(topic, [0, 1], records(5));
    await first.until('five of each are in flight', () => first.inFlight === 10);
    await produceEach(topic, [0, 1], records(15));
    await first.until('the others are buffered', () => first.stats.buffered === 40);
    first.consumer.pause({ topic });
    const second = await groups.start({ groupId, topics: [topic], options: timing, handle: () => undefined });
    await second.until('one moves, and waits for what is in flight', () => first.stats.partitions.some(({ paused }) => paused === 'drain'));
    gate.open();
    await eventually(() => owned(first).length === 1 && owned(second).length === 1, { what: 'each has one' });
    const [moved, kept] = [Number(owned(second)), Number(owned(first))];
    await eventually(async () => (await committedOffset(groupId, topic, moved)) === 20, { what: 'the other process has gone on with it' });
    expect(first.started.length).toBe(10);

    await second.stop();
    await first.until('it has both again', () => owned(first) === '0,1');
    await produceEach(topic, [0, 1], records(5));
    first.consumer.resume({ topic, partitions: [kept] });
    await eventually(async () => (await committedOffset(groupId, topic, kept)) === 25, { what: 'what was resumed goes on' });
    expect(first.stats.partitions.map(({ partition, paused }) => [partition, paused])).toEqual(expect.arrayContaining([[moved, 'user'], [kept, false]]));
    expect(of(first, moved).every((offset) => offset < 20)).toBe(true);
    first.consumer.resume();
    await eventually(async () => (await committedOffset(groupId, topic, moved)) === 25, { what: 'the rest goes on' });
    // Nothing was done twice in the two processes.
    expect([...first.finished, ...second.finished].map(({ partition, offset }) => `${partition}/${offset}`).sort()).toEqual(
      [0, 1].flatMap((partition) => Array.from({ length: 25 }, (_, offset) => `${partition}/${offset}`)).sort(),
    );
  });

  it('before the start holds, and so it does over a stop and a start', async () => {
    const [topic, groupId] = [await createTopic('pause-early', 2), unique('group')];
    await produceEach(topic, [0, 1], records(5));
    const group = groups.create({ groupId, topics: [topic], handle: () => undefined });
    group.consumer.pause({ topic, partitions: [0] });
    for (const round of [1, 2]) {
      await group.start();
      await group.until('the other partition is done', () => of(group, 1).length === 5 * round);
      expect(group.stats.partitions.map(({ partition, paused }) => [partition, paused])).toEqual(expect.arrayContaining([[0, 'user'], [1, false]]));
      expect(await committedOffset(groupId, topic, 0)).toBe(0);
      await group.stop();
      await produceEach(topic, [0, 1], records(5));
    }
    await group.start();
    group.consumer.resume();
    await group.until('all are done', () => of(group, 0).length === 15 && of(group, 1).length === 15);
  });
});
