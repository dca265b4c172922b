import { createTopic, eventually, produce, produceEach, unique } from '../support/kafka.js';
import { committedOffset, completedAhead, Gate, Groups, records, type Taken } from '../support/group-under-test.js';

jest.setTimeout(30_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const timing = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 100 };

describe('a stop', () => {
  it('lets handlers in flight finish, commits them, starts nothing new, and nothing is delivered twice after it', async () => {
    const [topic, groupId, gate] = [await createTopic('stop'), unique('group'), new Gate()];
    await produce(topic, 0, records(300));
    const first = await groups.start({ groupId, topics: [topic], handle: () => gate.pass() });
    await first.until('100 are in flight', () => first.inFlight === 100);
    const stopped = first.stop();
    expect(first.consumer.state).toBe('draining');
    gate.open();
    await stopped;
    expect(first.consumer.state).toBe('stopped');
    expect(first.finished.length).toBe(100);
    expect(await committedOffset(groupId, topic)).toBe(100);

    const second = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await second.until('the rest is done', () => second.finished.length === 200);
    expect([...second.offsets()].sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 100));
  });

  it('aborts what hangs when its time is over, and only that comes again', async () => {
    const [topic, groupId] = [await createTopic('hung'), unique('group')];
    await produce(topic, 0, records(20));
    const hang = ({ offset }: Taken): Promise<void> | undefined => (offset === 3 ? new Promise(() => undefined) : undefined);
    const first = await groups.start({ groupId, topics: [topic], handle: hang });
    await first.until('all others are done', () => first.finished.length === 19);
    const began = performance.now();
    await first.stop(400);
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(first.started.find(({ offset }) => offset === 3)?.signal.aborted).toBe(true);
    expect(await committedOffset(groupId, topic)).toBe(3);

    const second = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await eventually(async () => (await committedOffset(groupId, topic)) === 20, { what: 'the commit is at the end' });
    expect(second.offsets()).toEqual([3]);
  });

  it.each([
    ['fails for ever', { retries: Infinity, delayMs: () => 20 }],
    ['waits half a minute for its next attempt', { retries: 5, delayMs: () => 30_000 }],
  ])('is not held up by a record that %s', async (_, retry) => {
    const [topic, groupId] = [await createTopic('retrying'), unique('group')];
    await produce(topic, 0, records(10));
    const fail = ({ offset }: Taken): void => {
      if (offset === 4) throw new Error('never');
    };
    const handler = { retry: { ...retry, retryable: () => true } };
    const first = await groups.start({ groupId, topics: [topic], handle: fail, handler });
    await first.until('it was tried, and the others are done', () => first.finished.length === 9 && first.stats.retriedCount > 0);
    const began = performance.now();
    await first.stop(10_000);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await committedOffset(groupId, topic)).toBe(4);
    expect(await completedAhead(groupId, topic)).toBe(5);

    const second = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await second.until('it is done', () => second.finished.length === 1);
    expect(second.started.map(({ offset, attempt }) => [offset, attempt])).toEqual([[4, 1]]);
  });

  it('hands the partitions over at once: nobody waits for the session to end', async () => {
    const [topic, groupId] = [await createTopic('leave', 2), unique('group')];
    const options = { sessionTimeoutMs: 20_000, heartbeatIntervalMs: 100 };
    const first = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    const second = await groups.start({ groupId, topics: [topic], options, handle: () => undefined });
    await eventually(() => first.stats.partitions.length === 1 && second.stats.partitions.length === 1, { what: 'each has one' });
    const began = performance.now();
    await first.stop();
    await second.until('it has both', () => second.stats.partitions.length === 2);
    expect(performance.now() - began).toBeLessThan(8_000);
  });

  it('can be followed by a start of the same consumer, which goes on where it was', async () => {
    const [topic, groupId] = [await createTopic('again'), unique('group')];
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    for (const round of [1, 2, 3]) {
      await produce(topic, 0, records(10));
      await group.until(`round ${round} is done`, () => group.finished.length === 10 * round);
      await group.stop();
      expect(await committedOffset(groupId, topic)).toBe(10 * round);
      await Promise.all([group.consumer.start(), group.consumer.start()]);
    }
    expect(group.started.length).toBe(30);
    expect(group.stats.committedCount).toBe(30);
  });
});

describe('onExhausted: stop', () => {
  it('stops and leaves the group, with the record uncommitted and all others committed', async () => {
    const [topic, groupId] = [await createTopic('fatal'), unique('group')];
    await produce(topic, 0, records(10));
    const fail = ({ offset }: Taken): void => {
      if (offset === 6) throw new Error('the end');
    };
    const group = await groups.start({ groupId, topics: [topic], handle: fail, handler: { onExhausted: 'stop' } });
    await group.until('it has stopped', () => group.consumer.state === 'stopped');
    expect(await committedOffset(groupId, topic)).toBe(6);
    const next = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await next.until('the record comes again', () => next.offsets().includes(6));
    expect(next.offsets().filter((offset) => offset < 6)).toEqual([]);
  });
});

describe('a drain', () => {
  it('finishes and commits what is in flight, takes nothing more, and keeps the member in its group', async () => {
    const [topic, groupId, gate] = [await createTopic('drain'), unique('group'), new Gate()];
    await produce(topic, 0, records(150));
    const group = await groups.start({ groupId, topics: [topic], handle: () => gate.pass(), options: { ...timing, sessionTimeoutMs: 1_000 } });
    await group.until('100 are in flight', () => group.inFlight === 100);
    const drained = group.consumer.drain(10_000);
    gate.open();
    expect(await drained).toEqual({ completed: 100, abandoned: 0 });
    expect(await group.consumer.drain(10_000)).toEqual({ completed: 100, abandoned: 0 });
    expect(await committedOffset(groupId, topic)).toBe(100);
    const [memberId] = group.stats.memberIds;
    await produce(topic, 0, records(10));
    const began = performance.now();
    await group.until('more than a session has passed', () => performance.now() - began > 1_200);
    expect(group.started.length).toBe(100);
    expect(group.stats.memberIds).toEqual([memberId]);
    expect(group.stats.rebalanceCount).toBe(1);
  });

  it('lasts over a rebalance: a drained member takes no record of what it is assigned then', async () => {
    const [topic, groupId] = [await createTopic('drained', 2), unique('group')];
    const first = await groups.start({ groupId, topics: [topic], handle: () => undefined, options: timing });
    await first.until('it has both', () => first.stats.partitions.length === 2);
    await first.consumer.drain(1_000);
    const second = await groups.start({ groupId, topics: [topic], handle: () => undefined, options: timing });
    await produceEach(topic, [0, 1], records(5));
    await eventually(() => first.stats.rebalanceCount > 1 && second.finished.length > 0, { what: 'both went through the rebalance' });
    await second.stop();
    await eventually(() => first.stats.rebalanceCount > 2, { what: 'the drained one is alone again' });
    await first.until('it has both', () => first.stats.partitions.length === 2);
    await produceEach(topic, [0, 1], records(5));
    const third = await groups.start({ groupId, topics: [topic], handle: () => undefined, options: timing });
    await eventually(() => third.finished.length >= 5, { what: 'a new member goes on', show: () => first.offsets() });
    expect(first.started).toEqual([]);
  });
});

describe('redeliverHeld', () => {
  it('runs held records again, from attempt 1, without a restart', async () => {
    const [topic, groupId] = [await createTopic('redeliver'), unique('group')];
    await produce(topic, 0, records(10));
    let isRepaired = false;
    const handle = ({ offset }: Taken): void => {
      if (!isRepaired && offset % 4 === 0) throw new Error('not yet');
    };
    const group = await groups.start({ groupId, topics: [topic], handle, handler: { maxHeldPerPartition: 3 } });
    await group.until('three are held, and the partition is paused by them', () => group.stats.heldCount === 3 && group.stats.partitions[0].paused === 'held');
    isRepaired = true;
    expect(await group.consumer.redeliverHeld()).toBe(3);
    await eventually(async () => (await committedOffset(groupId, topic)) === 10, { what: 'the commit is at the end' });
    expect(group.started.slice(-3).map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  });
});
