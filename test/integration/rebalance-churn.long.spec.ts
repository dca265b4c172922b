import { setTimeout as delay } from 'node:timers/promises';
import { Feed } from '../support/feed.js';
import { COOPERATIVE, Fleet } from '../support/fleet.js';
import { createTopic, unique } from '../support/kafka.js';
import { seeded } from '../support/random.js';

const PARTITIONS = 24;
const MOST_MEMBERS = 12;

describe.each([
  ['sticky', 60],
  ['range', 15],
  ['round-robin', 15],
] as const)('members that come and go every 500 ms, under %s for %s s', (assignment, seconds) => {
  it('repeat nothing, lose nothing, keep the order of keys, and in the end every partition is consumed', async () => {
    const topic = await createTopic('churn', PARTITIONS);
    const options = { rebalance: { ...COOPERATIVE, assignment } };
    const fleet = new Fleet(unique('group'), { topics: [topic], handle: () => delay(20 + 200 * Math.random()), options });
    const feed = new Feed([{ topic, partitions: PARTITIONS }], 240);
    const random = seeded(7);
    const live: string[] = [];
    const changes: Promise<unknown>[] = [];
    try {
      await feed.start();
      await fleet.join('first');
      live.push('first');
      const end = performance.now() + seconds * 1000;
      for (let count = 0; performance.now() < end; count++) {
        const isJoining = live.length < 2 || (live.length < MOST_MEMBERS && random() < 0.5);
        const name = isJoining ? `member ${count}` : live.splice(Math.floor(random() * live.length), 1)[0];
        changes.push(isJoining ? fleet.join(name).then(() => live.push(name)) : fleet.leave(name));
        await delay(500);
      }
      await Promise.all(changes);
      await fleet.settled(PARTITIONS, 30_000);
      await feed.stop();
      await fleet.handledAll(() => feed.records);
    } finally {
      await feed.stop();
      await fleet.stop();
    }
    expect(fleet.repeated).toEqual([]);
    expect(fleet.overtakings).toEqual([]);
    expect(fleet.hooks.filter(({ what }) => what === 'lost')).toEqual([]);
  }, 180_000);
});
