import { setTimeout as delay } from 'node:timers/promises';
import { Feed } from '../support/feed.js';
import { COOPERATIVE, Fleet } from '../support/fleet.js';
import { committed, Gate, records, type Taken } from '../support/group-under-test.js';
import { createTopic, eventually, produceEach, unique } from '../support/kafka.js';

const fleets: Fleet[] = [];
const fleetOf = (...args: ConstructorParameters<typeof Fleet>): Fleet => {
  const fleet = new Fleet(...args);
  fleets.push(fleet);
  return fleet;
};
afterEach(() => Promise.all(fleets.splice(0).map((fleet) => fleet.stop())));

const offsetsOf = async (groupId: string, topic: string): Promise<string> => (await committed(groupId, topic)).map(({ offset }) => offset).join();

describe('a partition that moves', () => {
  it('with 50 records in flight, each shorter than the drain limit, is handed over without a repetition', async () => {
    const [topic, groupId] = [await createTopic('moves', 2), unique('group')];
    await produceEach(topic, [0, 1], records(200));
    const fleet = fleetOf(groupId, { topics: [topic], handle: () => delay(300 + 700 * Math.random()) });
    const a = await fleet.join('a');
    await fleet.until('100 are in flight', () => a.inFlight === 100);
    await fleet.join('b');
    await fleet.settled(2);
    await eventually(async () => (await offsetsOf(groupId, topic)) === '200,200', { what: 'all is committed', within: 30_000 });
    expect(fleet.repeated).toEqual([]);
    expect(fleet.runs).toHaveLength(400);
  }, 60_000);

  it('with a handler that hangs moves at the drain limit: only its record runs again, and its late result changes nothing', async () => {
    const [topic, groupId, hanging] = [await createTopic('hangs', 2), unique('group'), new Gate()];
    await produceEach(topic, [0, 1], records(50));
    const handle = ({ offset, attempt, delivery }: Taken): unknown => (offset === 7 && attempt === 1 && delivery.epoch === 1 ? hanging.pass() : undefined);
    const options = { rebalance: { ...COOPERATIVE, drainTimeoutMs: 1_000 } };
    const fleet = fleetOf(groupId, { topics: [topic], handle, options });
    const a = await fleet.join('a');
    await fleet.until('all others are done', () => a.finished.length === 98);
    const b = await fleet.join('b', { handle: () => undefined });
    expect(b.stats.partitions).toEqual([]);
    await fleet.settled(2);
    const [{ partition: moved }] = b.stats.partitions;
    await eventually(() => b.finished.length > 0, { what: 'its record runs at the new owner' });
    expect(fleet.repeated).toEqual([`${topic}/${moved}@7`]);
    expect(a.started.filter(({ signal }) => signal.aborted).map(({ partition, offset }) => `${partition}@${offset}`)).toEqual([`${moved}@7`]);
    await eventually(async () => (await committed(groupId, topic))[moved].offset === 50, { what: 'the moved one is committed' });
    hanging.open();
    await eventually(async () => (await offsetsOf(groupId, topic)) === '50,50', { what: 'both are committed' });
    await produceEach(topic, [0, 1], records(1));
    await eventually(async () => (await offsetsOf(groupId, topic)) === '51,51', { what: 'the commits go on from there' });
    expect(fleet.repeated).toEqual([`${topic}/${moved}@7`]);
  }, 60_000);

  it('and comes back while it is being drained, goes on where it was: nothing is repeated, and no hook hears of it', async () => {
    const [topic, groupId, gate] = [await createTopic('back', 2), unique('group'), new Gate()];
    await produceEach(topic, [0, 1], records(60));
    const handle = async ({ offset }: Taken): Promise<void> => {
      if (offset % 2 === 1) await gate.pass();
    };
    const fleet = fleetOf(groupId, { topics: [topic], handle });
    const a = await fleet.join('a');
    await fleet.until('half are done', () => a.finished.length === 60);
    await fleet.join('b');
    await fleet.until('a drains one', () => a.stats.partitions.some(({ paused }) => paused === 'drain'));
    await fleet.leave('b');
    await fleet.until('a has both again', () => fleet.partitionsOf('a').length === 2);
    gate.open();
    await produceEach(topic, [0, 1], records(1));
    await eventually(async () => (await offsetsOf(groupId, topic)) === '61,61', { what: 'the commits reach the end' });
    expect(fleet.repeated).toEqual([]);
    expect(fleet.hooks.filter(({ member }) => member === 'a').map(({ what }) => what)).toEqual(['assigned']);
  }, 60_000);

  it('with a handler of ten seconds and a session of three: the group does not wait, and the other partitions go on', async () => {
    const [topic, groupId] = [await createTopic('slow', 4), unique('group')];
    await produceEach(topic, [0, 1, 2, 3], records(1));
    const handle = ({ offset }: Taken): Promise<void> => delay(offset === 0 ? 10_000 : 20);
    const options = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 200, rebalanceTimeoutMs: 6_000 };
    const fleet = fleetOf(groupId, { topics: [topic], handle, options });
    const feed = new Feed([{ topic, partitions: 4 }], 200);
    const a = await fleet.join('a');
    await fleet.until('the slow ones run', () => a.inFlight === 4);
    await feed.start();
    try {
      await fleet.until('the others flow', () => a.finished.length > 50);
      const began = performance.now();
      await fleet.join('b');
      expect(performance.now() - began).toBeLessThan(2_000);
      const kept = fleet.partitionsOf('a');
      expect(kept).toHaveLength(2);
      await fleet.settled(4);
      expect(performance.now() - began).toBeGreaterThan(3_000);
      for (const partition of kept) expect(fleet.longestPause([partition], began, performance.now())).toBeLessThan(1_000);
    } finally {
      await feed.stop();
    }
    await fleet.until('all is handled', () => new Set(fleet.runs.filter(({ endedMs }) => endedMs !== null).map(({ record }) => record)).size === feed.records.length + 4);
    expect(fleet.repeated).toEqual([]);
    expect(a.complaints).toEqual([]);
  }, 60_000);

  it.each([
    ['fails for ever', { retries: Infinity, delayMs: () => 1 }],
    ['waits 30 seconds for its next attempt', { retries: 5, delayMs: () => 30_000 }],
  ])('is not held up by a record that %s, nor is a stop', async (_, retry) => {
    const [topic, groupId] = [await createTopic('fails', 2), unique('group')];
    await produceEach(topic, [0, 1], records(20));
    const handle = ({ offset }: Taken): void => {
      if (offset === 5) throw new Error('not today');
    };
    const fleet = fleetOf(groupId, { topics: [topic], handle, handler: { retry: { ...retry, retryable: () => true } } });
    const a = await fleet.join('a');
    await fleet.until('it is tried', () => a.finished.length === 38 && a.stats.retriedCount > 0);
    const began = performance.now();
    const b = await fleet.join('b');
    await fleet.settled(2);
    await fleet.until('the new owner tries it', () => b.started.some(({ offset }) => offset === 5));
    expect(performance.now() - began).toBeLessThan(5_000);
    const stopping = performance.now();
    await fleet.leave('a');
    expect(performance.now() - stopping).toBeLessThan(3_000);
    expect(b.started.filter(({ offset, attempt }) => offset !== 5 || attempt === 0)).toEqual([]);
  }, 60_000);
});
