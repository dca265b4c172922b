import { setTimeout as delay } from 'node:timers/promises';
import { Feed } from '../support/feed.js';
import { Fleet } from '../support/fleet.js';
import { createTopic, unique } from '../support/kafka.js';

const PARTITIONS = 6;

/** A fleet on one topic into which records flow. */
async function underLoad(members: readonly string[], work: (fleet: Fleet, flowed: (count: number) => Promise<unknown>) => Promise<void>): Promise<void> {
  const topic = await createTopic('load', PARTITIONS);
  const fleet = new Fleet(unique('group'), { topics: [topic], handle: () => delay(20 + 80 * Math.random()) });
  const feed = new Feed([{ topic, partitions: PARTITIONS }], 300);
  try {
    await feed.start();
    for (const name of members) await fleet.join(name);
    await fleet.settled(PARTITIONS);
    const flowed = (count: number): Promise<unknown> => {
      const goal = fleet.runs.length + count;
      return fleet.until(`${count} more records`, () => fleet.runs.length >= goal);
    };
    await flowed(200);
    await work(fleet, flowed);
    await feed.stop();
    await fleet.handledAll(() => feed.records);
  } finally {
    await feed.stop();
    await fleet.stop();
  }
  expect(fleet.repeated).toEqual([]);
  expect(fleet.overtakings).toEqual([]);
  expect(fleet.hooks.filter(({ what }) => what === 'lost')).toEqual([]);
}

describe('under load', () => {
  it('a member that joins repeats nothing, loses nothing, and does not stop what stays', async () => {
    await underLoad(['a', 'b'], async (fleet, flowed) => {
      const had = [...fleet.partitionsOf('a'), ...fleet.partitionsOf('b')];
      const [began, told] = [performance.now(), fleet.hooks.length];
      await fleet.join('c');
      await fleet.settled(PARTITIONS);
      await flowed(200);
      const kept = had.filter((partition) => !fleet.partitionsOf('c').includes(partition));
      expect(kept).toHaveLength(4);
      for (const partition of kept) expect(fleet.longestPause([partition], began, performance.now())).toBeLessThan(1_000);
      // What a member keeps is not named again.
      const named = fleet.hooks.slice(told).filter(({ member }) => member !== 'c').flatMap(({ partitions }) => partitions);
      expect(named.sort()).toEqual(had.filter((partition) => !kept.includes(partition)).sort());
    });
  }, 90_000);

  it('a member that leaves hands its partitions over one by one: nothing is repeated, and what stays goes on', async () => {
    await underLoad(['a', 'b', 'c'], async (fleet, flowed) => {
      const others = [...fleet.partitionsOf('b'), ...fleet.partitionsOf('c')];
      const began = performance.now();
      await fleet.leave('a');
      await fleet.settled(PARTITIONS);
      await flowed(200);
      for (const partition of others) expect(fleet.longestPause([partition], began, performance.now())).toBeLessThan(1_000);
    });
  }, 90_000);

  it('a rolling restart of all members repeats nothing and loses nothing', async () => {
    await underLoad(['a', 'b', 'c'], async (fleet, flowed) => {
      for (const name of ['a', 'b', 'c']) {
        await fleet.leave(name);
        await fleet.join(`${name} again`);
        await flowed(100);
      }
      await fleet.settled(PARTITIONS);
    });
  }, 90_000);

  it('all members replaced at once repeat nothing and lose nothing', async () => {
    await underLoad(['a', 'b', 'c'], async (fleet, flowed) => {
      await Promise.all(['a', 'b', 'c'].flatMap((name) => [fleet.leave(name), fleet.join(`${name} again`)]));
      await fleet.settled(PARTITIONS);
      await flowed(100);
    });
  }, 90_000);
});

describe('a member that leaves with a slow handler', () => {
  it('gives its other partitions away at once, and the slow one when it is done', async () => {
    const topic = await createTopic('leaving', 4);
    const fleet = new Fleet(unique('group'), { topics: [topic], handle: ({ value, partition }) => delay(value === 'x' && partition === 0 ? 6_000 : 5) });
    const feed = new Feed([{ topic, partitions: 4 }], 40, 1_000_000);
    try {
      await fleet.join('a');
      await feed.start();
      await fleet.until('the slow ones run', () => fleet.member('a').inFlight > 3);
      await fleet.join('b', { handle: () => delay(5) });
      await fleet.until('b has two', () => fleet.partitionsOf('b').length === 2);
      const slow = fleet.partitionsOf('a').includes(`${topic}/0`) ? 'a' : 'b';
      expect(slow).toBe('a');
      const leaving = fleet.leave('a');
      await fleet.until('b has three', () => fleet.partitionsOf('b').length === 3, 4_000);
      await leaving;
      await fleet.until('b has all', () => fleet.partitionsOf('b').length === 4);
      await feed.stop();
      await fleet.handledAll(() => feed.records);
      expect(fleet.repeated).toEqual([]);
    } finally {
      await feed.stop();
      await fleet.stop();
    }
  }, 60_000);
});
