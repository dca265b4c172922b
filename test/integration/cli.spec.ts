import { Kafka } from 'kafkajs';
import { run } from '../../lib/cli/run.js';
import { Gate, records, withGroup } from '../support/group-under-test.js';
import { createTopic, eventually, produce, testBrokers, testKafka, unique } from '../support/kafka.js';

async function cli(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const texts = { out: '', error: '' };
  const code = await run([...args, '--brokers', testBrokers().join(',')], {}, { out: (text) => (texts.out += text), error: (text) => (texts.error += text) });
  return { code, ...texts };
}

describe('kafka-many-threads offsets', () => {
  it('shows commits, holes and the decoded map of every partition, also of topics that are behind', async () => {
    const [topic, groupId] = [await createTopic('orders', 2), unique('group')];
    await produce(topic, 0, records(10));
    await produce(topic, 1, records(3));
    const handle = ({ partition, offset }: { partition: number; offset: number }): void => {
      if (partition === 0 && [2, 5, 6].includes(offset)) throw new Error('not today');
    };
    await withGroup({ groupId, topics: [topic], handle }, (group) => group.until('all were tried', () => group.started.length === 13));
    await produce(topic, 1, records(4));

    const { code, out } = await cli('offsets', groupId);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'WATERMARK', 'AHEAD', 'MAP', 'HOLES'],
      [topic, '0', '2', '10', '8', '2', '5', expect.any(String), '2, 5-6'],
      [topic, '1', '3', '7', '4', '3', '0', '0', '-'],
    ]);
    const { out: json } = await cli('offsets', groupId, '--json');
    expect(JSON.parse(json)).toMatchObject({
      groupId,
      partitions: [{ partition: 0, committedOffset: 2, completedAhead: 5, complete: [[3, 5], [7, 10]], holes: [[2, 3], [5, 7]], problem: null }, { partition: 1, lag: 4, complete: [] }],
    });
  });

  it("says of another program's metadata that it is no map, and of a group without commits that there are none", async () => {
    const [topic, groupId] = [await createTopic('orders'), unique('group')];
    await produce(topic, 0, records(3));
    const consumer = new Kafka(testKafka()).consumer({ groupId, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    await eventually(() => consumer.commitOffsets([{ topic, partition: 0, offset: '2', metadata: 'by hand' }]).then(() => true), { what: 'a foreign commit' });
    await consumer.disconnect();
    expect((await cli('offsets', groupId)).out).toContain('another program has written it');
    expect(await cli('offsets', unique('nobody'))).toMatchObject({ code: 1, out: '', error: expect.stringContaining('has no commits on these brokers') as string });
  });
});

describe('kafka-many-threads group', () => {
  it('shows who is assigned what, what is claimed, and what is being drained', async () => {
    const [topic, groupId, gate] = [await createTopic('orders', 2), unique('group'), new Gate()];
    await produce(topic, 0, records(1));
    await produce(topic, 1, records(1));
    const options = { rebalance: { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 30_000 } } as const;
    await withGroup({ groupId, topics: [topic], options, handle: () => gate.pass() }, async (first) => {
      await first.until('both run', () => gate.waiters === 2);
      expect((await cli('group', groupId)).out).toMatch(new RegExp(`Group ${groupId}: Stable, 1 member, .*\\nMEMBER .*\\n.* ${topic} 0-1 `));
      await withGroup({ groupId, topics: [topic], options, handle: () => undefined }, async (second) => {
        await eventually(async () => /DRAINING\n(.*\n)*.* \S+ [01]$/m.test((await cli('group', groupId)).out), { what: 'one partition is being drained' });
        const { members } = JSON.parse((await cli('group', groupId, '--json')).out) as { members: { assigned: object; claimed: Record<string, number[]>; draining: Record<string, number[]> }[] };
        expect(members).toHaveLength(2);
        const [drainer] = members.filter(({ draining }) => Object.keys(draining).length > 0);
        expect(drainer?.claimed[topic]).toEqual([0, 1]);
        expect(drainer?.draining[topic]).toHaveLength(1);
        gate.open();
        await eventually(async () => !/ (?:0|1)$/m.test((await cli('group', groupId)).out), { what: 'the partition has moved' });
        expect(second.stats.partitions.length).toBeLessThanOrEqual(1);
      });
    });
    expect(await cli('group', groupId)).toMatchObject({ code: 0, out: `Group ${groupId}: Empty, 0 members` });
  });

  it('knows members of other clients, and groups that are not there', async () => {
    const [topic, groupId] = [await createTopic('orders'), unique('group')];
    const consumer = new Kafka(testKafka()).consumer({ groupId, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({ eachMessage: async () => undefined });
    await joined;
    expect((await cli('group', groupId)).out).toMatch(new RegExp(`${topic} 0 +another client`));
    await consumer.disconnect();
    expect(await cli('group', unique('nobody'))).toMatchObject({ code: 1, error: expect.stringContaining('There is no group nobody') as string });
  });
});
