import { createTopic, eventually, produce, unique } from '../support/kafka.js';
import { committedOffset, Groups, records, type Taken } from '../support/group-under-test.js';

jest.setTimeout(120_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

describe('a handler that runs for 60 s in a group with a session of 10 s', () => {
  it('ends no membership, causes no rebalance, is not run twice, and holds up nothing but its key', async () => {
    const [topic, groupId] = [await createTopic('minute', 2), unique('group')];
    const handle = ({ partition, offset }: Taken): Promise<void> | undefined =>
      partition === 0 && offset === 0 ? new Promise((resolve) => setTimeout(resolve, 60_000)) : undefined;
    const setup = { groupId, topics: [topic], handle, options: { sessionTimeoutMs: 10_000, heartbeatIntervalMs: 1_000 } };
    const [first, second] = [await groups.start(setup), await groups.start(setup)];
    await eventually(() => first.stats.partitions.length === 1 && second.stats.partitions.length === 1, { what: 'each has a partition' });
    const rebalances = first.stats.rebalanceCount + second.stats.rebalanceCount;
    const began = performance.now();
    let sent = 0;
    while (performance.now() - began < 62_000) {
      await produce(topic, 0, records(20));
      await produce(topic, 1, records(20));
      sent += 20;
      const others = 2 * sent - sent / 20;
      // k0 of partition 0 waits behind the slow one; all other keys go on.
      await eventually(() => first.finished.length + second.finished.length >= others, { what: 'all other keys are done', within: 5_000 });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    await eventually(async () => (await committedOffset(groupId, topic, 0)) === sent && (await committedOffset(groupId, topic, 1)) === sent, { what: 'all is committed' });
    expect(first.started.length + second.started.length).toBe(2 * sent);
    expect(first.stats.rebalanceCount + second.stats.rebalanceCount).toBe(rebalances);
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });
});
