import { setTimeout as delay } from 'node:timers/promises';
import { Feed } from '../support/feed.js';
import { Fleet } from '../support/fleet.js';
import { records } from '../support/group-under-test.js';
import { createTopic, eventually, produce, unique, withAdmin } from '../support/kafka.js';

describe('members that read different topics', () => {
  it('are served over every join and leave: nothing is repeated, and nobody sees a foreign topic', async () => {
    const [x, y, z] = [await createTopic('x', 3), await createTopic('y', 3), await createTopic('z', 3)];
    const fleet = new Fleet(unique('group'), { topics: [x, y], handle: () => delay(20) });
    const feed = new Feed([x, y, z].map((topic) => ({ topic, partitions: 3 })), 180);
    try {
      await feed.start();
      await fleet.join('xy');
      await fleet.join('x', { topics: [x] });
      await fleet.join('yz', { topics: [y, z] });
      await fleet.join('xyz', { topics: [x, y, z] });
      const flowed = async (): Promise<unknown> => {
        const goal = fleet.runs.length + 200;
        return fleet.until('records flow', () => fleet.runs.length >= goal);
      };
      await flowed();
      // Who leads leaves first.
      await fleet.leave('xy');
      await flowed();
      await fleet.leave('x');
      await flowed();
      await feed.stop();
      await fleet.handledAll(() => feed.records);
      expect(fleet.repeated).toEqual([]);
      const read = (member: string): string[] => [...new Set(fleet.runs.filter((run) => run.member === member).map(({ topic }) => topic))];
      expect([x, y]).toEqual(expect.arrayContaining(read('xy')));
      expect([x]).toEqual(expect.arrayContaining(read('x')));
      expect([y, z]).toEqual(expect.arrayContaining(read('yz')));
    } finally {
      await feed.stop();
      await fleet.stop();
    }
  }, 90_000);

  it('notice that a topic has grown which the leader does not read', async () => {
    const [mine, yours] = [await createTopic('mine', 1), await createTopic('yours', 2)];
    const fleet = new Fleet(unique('group'), { topics: [mine], handle: () => undefined });
    try {
      await fleet.join('leader');
      const follower = await fleet.join('follower', { topics: [yours], options: { metadataMaxAgeMs: 500 } });
      await fleet.until('it has both', () => fleet.partitionsOf('follower').length === 2);
      await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic: yours, count: 4 }] }));
      await fleet.until('it has the new ones', () => fleet.partitionsOf('follower').length === 4);
      await eventually(async () => (await produce(yours, 3, records(5))) >= 0n, { what: 'the new partition takes records' });
      await fleet.until('they are handled', () => follower.finished.filter(({ partition }) => partition === 3).length === 5);
      expect(fleet.hooks.filter(({ member, what }) => member === 'follower' && what !== 'assigned')).toEqual([]);
    } finally {
      await fleet.stop();
    }
  }, 60_000);
});
