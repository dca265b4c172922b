import { setTimeout as delay } from 'node:timers/promises';
import { Feed } from '../support/feed.js';
import { Fleet } from '../support/fleet.js';
import { createTopic, unique } from '../support/kafka.js';

async function withFleet(fleet: Fleet, feed: Feed, work: () => Promise<void>): Promise<void> {
  try {
    await feed.start();
    await work();
  } finally {
    await feed.stop();
    await fleet.stop();
  }
}

describe('a member that joins or leaves under load', () => {
  it('costs no record a second run, loses none, and does not stop what stays where it is', async () => {
    const topic = await createTopic('join', 6);
    const fleet = new Fleet(unique('group'), { topics: [topic], handle: () => delay(20 + 30 * Math.random()) });
    const feed = new Feed([{ topic, partitions: 6 }], 300);
    await withFleet(fleet, feed, async () => {
      await fleet.join('a');
      await fleet.join('b');
      await fleet.settled(6);
      await fleet.until('records flow', () => fleet.runs.length > 100);
      const before = performance.now();
      const had = [...fleet.partitionsOf('a'), ...fleet.partitionsOf('b')];
      await fleet.join('c');
      await fleet.settled(6);
      const kept = had.filter((partition) => !fleet.partitionsOf('c').includes(partition));
      expect(kept).toHaveLength(4);
      await fleet.leave('a');
      await fleet.settled(6);
      await feed.stop();
      await fleet.handledAll(() => feed.records);
      expect(fleet.repeated).toEqual([]);
      expect(fleet.overtakings).toEqual([]);
      for (const partition of fleet.partitionsOf('b').filter((one) => kept.includes(one))) {
        expect(fleet.longestPause([partition], before, performance.now() - 1000)).toBeLessThan(1000);
      }
    });
  }, 90_000);
});
