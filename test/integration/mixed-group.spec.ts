import { AssignerProtocol, type Consumer, Kafka, type PartitionAssigner } from 'kafkajs';
import { createTopic, eventually, produceEach, testKafka, unique } from '../support/kafka.js';
import { committedOffset, Groups, type GroupUnderTest, records } from '../support/group-under-test.js';

jest.setTimeout(40_000);

const groups = new Groups();
const plainConsumers: Consumer[] = [];
afterEach(async () => {
  await groups.stopAll();
  await Promise.all(plainConsumers.splice(0).map((consumer) => consumer.disconnect()));
});

const PARTITIONS = [0, 1, 2, 3];
const timing = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 200 };

interface PlainMember {
  readonly consumer: Consumer;
  readonly seen: string[];
  readonly assignments: number[];
}

/** A member that runs kafkajs's own consumer. */
async function startPlain(groupId: string, topic: string, partitionAssigners?: PartitionAssigner[]): Promise<PlainMember> {
  const consumer = new Kafka(testKafka()).consumer({ groupId, partitionAssigners, sessionTimeout: 6_000, heartbeatInterval: 200, rebalanceTimeout: 10_000, maxWaitTimeInMs: 100 });
  plainConsumers.push(consumer);
  const [seen, assignments]: [string[], number[]] = [[], []];
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => void assignments.push(payload.memberAssignment[topic]?.length ?? 0));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ autoCommitInterval: 100, eachMessage: async ({ partition, message }) => void seen.push(`${partition}@${message.offset}`) });
  return { consumer, seen, assignments };
}

const seenBy = (group: GroupUnderTest): string[] => group.finished.map(({ partition, offset }) => `${partition}@${offset}`);

describe('a group that this library shares with plain kafkajs consumers', () => {
  it('divides the partitions, whoever leads, and loses nothing when members come and go', async () => {
    const [topic, groupId] = [await createTopic('mixed', 4), unique('group')];
    const plain = await startPlain(groupId, topic);
    await eventually(() => plain.assignments.at(-1) === 4, { what: 'the plain one has all' });
    await produceEach(topic, PARTITIONS, records(20));
    await eventually(() => plain.seen.length === 80, { what: 'it has read all' });

    const group = await groups.start({ groupId, topics: [topic], options: timing, handle: () => undefined });
    await eventually(() => group.stats.partitions.length === 2 && plain.assignments.at(-1) === 2, { what: 'they share', within: 15_000 });
    await produceEach(topic, PARTITIONS, records(20));
    const all = (): Set<string> => new Set([...plain.seen, ...seenBy(group)]);
    await eventually(() => all().size === 160, { what: 'both have read theirs' });
    expect(group.finished.length).toBeGreaterThan(0);

    await plain.consumer.disconnect();
    await group.until('ours has all', () => group.stats.partitions.length === 4, 15_000);
    await produceEach(topic, PARTITIONS, records(20));
    await eventually(() => all().size === 240, { what: 'ours has read the rest' });
    for (const partition of PARTITIONS) await eventually(async () => (await committedOffset(groupId, topic, partition)) === 60, { what: 'all is committed' });
    expect(new Set(seenBy(group)).size).toBe(group.finished.length);
  });

  it('says what is wrong, and ends, where the others speak a protocol that it does not have', async () => {
    const [topic, groupId] = [await createTopic('foreign'), unique('group')];
    const foreign: PartitionAssigner = () => ({
      name: 'some-other-protocol',
      version: 0,
      assign: async ({ members }) => members.map(({ memberId }) => ({ memberId, memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment: { [topic]: [0] }, userData: Buffer.alloc(0) }) })),
      protocol: ({ topics }) => ({ name: 'some-other-protocol', metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }) }),
    });
    const plain = await startPlain(groupId, topic, [foreign]);
    await eventually(() => plain.assignments.at(-1) === 1, { what: 'the foreign one is there' });
    const crashes: unknown[] = [];
    const listener = { crashed: (error: unknown) => void crashes.push(error) };
    const group = await groups.start({ groupId, topics: [topic], options: timing, listener, awaitAssignment: false, handle: () => undefined });
    await group.until('it has failed', () => group.consumer.state === 'failed');
    expect(crashes).toEqual([expect.objectContaining({ name: 'KafkaRefusedError', code: 'INCONSISTENT_GROUP_PROTOCOL' })]);
    expect(group.complaints.length).toBeGreaterThan(0);

    await plain.consumer.disconnect();
    await group.consumer.start();
    await group.until('started again, it runs', () => group.consumer.state === 'running' && group.stats.partitions.length === 1);
  });
});
