import { Kafka } from 'kafkajs';
import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import { eventually, testKafka, unique } from '../support/kafka.js';
import { Groups, type GroupUnderTest, records } from '../support/group-under-test.js';
import { PlainMember } from '../support/plain-member.js';

const PARTITIONS = 6;
const options = { sessionTimeoutMs: 2000, heartbeatIntervalMs: 200, rebalanceTimeoutMs: 10_000 };
const groups = new Groups();
const plainMembers: PlainMember[] = [];
let kafka: EmbeddedKafka;
let [topic, groupId] = ['', ''];
let produced = 0;

beforeEach(async () => {
  kafka = await EmbeddedKafka.start({ brokers: 3 });
  process.env['TEST_KAFKA_BROKERS'] = kafka.brokers.join(',');
  [topic, groupId, produced] = [unique('topic'), unique('group'), 0];
  await kafka.createTopic(topic, PARTITIONS);
});
afterEach(async () => {
  await groups.stopAll();
  await Promise.all(plainMembers.splice(0).map((member) => member.stop()));
  await kafka.stop();
});

const ours = (clientId = 'ours'): Promise<GroupUnderTest> => groups.start({ groupId, topics: [topic], options, client: { clientId }, handle: () => undefined });
const plain = async (): Promise<PlainMember> => {
  const member = new PlainMember(groupId);
  plainMembers.push(member);
  return member.start(topic);
};
/** To every partition. */
const produce = async (count: number): Promise<void> => {
  for (let partition = 0; partition < PARTITIONS; partition++) await kafka.produce(topic, records(count).map((record) => ({ ...record, partition })));
  produced += PARTITIONS * count;
};
const runs = (members: readonly (GroupUnderTest | PlainMember)[]): string[] =>
  members.flatMap((member) => (member instanceof PlainMember ? member.started : member.finished.map((record) => `${record.topic}/${record.partition}@${record.offset}`)));
const partitionsOf = (member: GroupUnderTest | PlainMember): number => (member instanceof PlainMember ? member.partitions : member.stats.partitions).length;
const share = (members: readonly (GroupUnderTest | PlainMember)[]): Promise<unknown> =>
  eventually(() => members.every((member) => partitionsOf(member) > 0) && members.reduce((sum, member) => sum + partitionsOf(member), 0) === PARTITIONS, {
    what: 'everybody has a share',
    within: 20_000,
    show: () => members.map(partitionsOf),
  });
const allRead = (members: readonly (GroupUnderTest | PlainMember)[]): Promise<unknown> =>
  eventually(() => new Set(runs(members)).size === produced, { what: 'everything is read', within: 20_000, show: () => [new Set(runs(members)).size, produced] });
const allCommitted = (): Promise<unknown> =>
  eventually(() => kafka.committed(groupId, topic).reduce((sum, { offset }) => sum + offset, 0) === produced, { what: 'everything is committed', show: () => kafka.committed(groupId, topic) });
const members = async (): Promise<{ clientId: string; memberId: string }[]> => {
  const admin = new Kafka(testKafka()).admin();
  await admin.connect();
  try {
    const [group] = (await admin.describeGroups([groupId])).groups;
    return group.members;
  } finally {
    await admin.disconnect();
  }
};

describe('On the embedded broker', () => {
  it('our members and those of kafkajs share a group, come and go, and read everything once', async () => {
    const everybody: (GroupUnderTest | PlainMember)[] = [await ours(), await ours()];
    await share(everybody);
    await produce(20);
    await allRead(everybody);
    everybody.push(await plain(), await ours(), await plain());
    await share(everybody);
    await produce(20);
    await allRead(everybody);
    await allCommitted();
    const [first, second, third] = everybody;
    if (second instanceof PlainMember || !(third instanceof PlainMember)) throw new Error('The second one is ours, and the third one is not.');
    await second.stop();
    await third.stop();
    await share(everybody.filter((member) => member !== second && member !== third));
    await produce(20);
    await allRead(everybody);
    await allCommitted();
    expect(runs(everybody)).toHaveLength(produced);
    expect(partitionsOf(first)).toBeGreaterThan(0);
  });

  it('a member that is killed loses its partitions when its session is over, and what it had not committed is read again', async () => {
    const [one, victim] = [await ours('one'), await ours('victim')];
    await share([one, victim]);
    // As the broker sees a process that is gone while its host is not: nothing comes, and nothing is closed.
    kafka.inject(({ clientId }) => (clientId === 'victim' ? { kind: 'silence' } : undefined));
    await produce(10);
    await eventually(() => partitionsOf(one) === PARTITIONS, { what: 'the other one has everything', within: 15_000 });
    await eventually(() => new Set(runs([one])).size === produced, { what: 'the other one has read everything' });
    await allCommitted();
  });

  it('a member whose session is ended by hand joins again, and nothing is lost', async () => {
    const [one, two] = [await ours('one'), await ours('two')];
    await share([one, two]);
    await produce(10);
    const expired = (await members()).find(({ clientId }) => clientId === 'two')?.memberId ?? '';
    await kafka.expireMember(groupId, expired);
    await eventually(async () => (await members()).filter(({ clientId, memberId }) => clientId === 'two' && memberId !== expired).length === 1, { what: 'it has joined again', within: 15_000 });
    await share([one, two]);
    await produce(10);
    await allRead([one, two]);
    await allCommitted();
  });

  it('a rebalance that is forced repeats nothing', async () => {
    const [one, two] = [await ours(), await plain()];
    await share([one, two]);
    const before = one.stats.rebalanceCount;
    await produce(10);
    await allRead([one, two]);
    await allCommitted();
    await kafka.forceRebalance(groupId);
    await one.until('there was a rebalance', () => one.stats.rebalanceCount > before);
    await share([one, two]);
    await produce(10);
    await allRead([one, two]);
    await allCommitted();
    expect(runs([one, two])).toHaveLength(produced);
  });

  it('a coordinator that moves, and one that stops, cost our members nothing', async () => {
    const everybody = [await ours(), await ours()];
    await share(everybody);
    const rebalances = everybody.map(({ stats }) => stats.rebalanceCount);
    await produce(10);
    const at = (): number => kafka.requests('Heartbeat').at(-1)?.broker ?? 0;
    await eventually(() => at() !== 0, { what: 'a heartbeat' });
    const [from, to] = [at(), (at() % 3) + 1];
    await kafka.moveCoordinator(groupId, to);
    await eventually(() => at() === to, { what: 'heartbeats come to the next one', within: 15_000 });
    await produce(10);
    await allRead(everybody);
    await kafka.stopBroker(to);
    await eventually(() => at() !== to, { what: 'heartbeats come to one that lives', within: 15_000 });
    await produce(10);
    await allRead(everybody);
    await allCommitted();
    expect(runs(everybody)).toHaveLength(produced);
    expect(everybody.map(({ stats }) => stats.rebalanceCount)).toEqual(rebalances);
    expect(from).not.toBe(to);
  });
});
