import { createTopic, eventually, produce, produceEach, unique } from '../support/kafka.js';
import { Api, DeafSockets } from '../support/deaf-sockets.js';
import { committedOffset, Gate, Groups, records } from '../support/group-under-test.js';
import { evict } from '../support/operator.js';

jest.setTimeout(40_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const timing = { sessionTimeoutMs: 2_000, heartbeatIntervalMs: 100 };
const committedIs = (groupId: string, topic: string, offset: number, partition = 0): Promise<unknown> =>
  eventually(async () => (await committedOffset(groupId, topic, partition)) === offset, { what: `the commit of ${partition} is at ${offset}`, within: 20_000 });

describe('a commit that', () => {
  it('gets no answer is not taken for one: it is sent again with its newest value, and consuming goes on meanwhile', async () => {
    const [topic, groupId, sockets] = [await createTopic('unanswered'), unique('group'), new DeafSockets()];
    await produce(topic, 0, records(10));
    const group = await groups.start({ groupId, topics: [topic], options: timing, client: { socketFactory: sockets.factory }, handle: () => undefined });
    await committedIs(groupId, topic, 10);
    sockets.lose(Api.offsetCommit);
    await produce(topic, 0, records(10));
    await group.until('a commit was lost', () => sockets.swallowed > 0);
    await produce(topic, 0, records(10));
    await group.until('all are done', () => group.finished.length === 30);
    expect(group.stats.committedCount).toBe(10);
    expect(await committedOffset(groupId, topic)).toBe(10);
    await group.until('it was tried again', () => sockets.swallowed > 1);
    sockets.lose(null);
    await committedIs(groupId, topic, 30);
    await group.until('it knows', () => group.stats.committedCount === 30);
    expect(group.started.length).toBe(30);
    expect(group.stats.rebalanceCount).toBe(1);
  });

  it('comes from a member that was thrown out is refused, and made when it is a member again: nobody took the partition, and nothing is delivered again', async () => {
    const [topic, groupId, gate] = [await createTopic('evicted'), unique('group'), new Gate()];
    await produce(topic, 0, records(10));
    const commit = { strategy: 'batch', intervalMs: 600_000, records: 10, offsetMap: true } as const;
    const options = { ...timing, heartbeatIntervalMs: 600, commit };
    const group = await groups.start({ groupId, topics: [topic], options, handle: ({ offset }) => (offset === 9 ? gate.pass() : undefined) });
    await group.until('nine are done', () => group.finished.length === 9);
    await evict(groupId, group.stats.memberIds[0]);
    // The tenth completion makes the batch, and its commit is the first that hears of the eviction.
    gate.open();
    await committedIs(groupId, topic, 10);
    await group.until('it knows', () => group.stats.committedCount === 10);
    expect(group.stats.rebalanceCount).toBe(2);
    expect(group.started.length).toBe(10);
  });

  it('is overtaken by a rebalance is made in the next generation', async () => {
    const [topic, groupId, sockets] = [await createTopic('overtaken', 2), unique('group'), new DeafSockets()];
    const setup = { groupId, topics: [topic], options: timing, handle: () => undefined };
    const first = await groups.start({ ...setup, client: { socketFactory: sockets.factory } });
    await first.until('it has both', () => first.stats.partitions.length === 2);
    sockets.lose(Api.offsetCommit);
    await produceEach(topic, [0, 1], records(10));
    await first.until('commits are lost', () => first.finished.length === 20 && sockets.swallowed > 0);
    const joining = groups.start(setup);
    await eventually(() => first.consumer.state !== 'running' || first.stats.rebalanceCount > 1, { what: 'the group assembles again' });
    sockets.lose(null);
    const second = await joining;
    for (const partition of [0, 1]) await committedIs(groupId, topic, 10, partition);
    await produceEach(topic, [0, 1], records(1));
    for (const partition of [0, 1]) await committedIs(groupId, topic, 11, partition);
    expect(first.started.length + second.started.length).toBe(22);
  });
});

describe('connections that are reset', () => {
  it('cost nothing but time: the member keeps its place, and every record is handled once', async () => {
    const [topic, groupId, sockets] = [await createTopic('reset', 2), unique('group'), new DeafSockets()];
    await produceEach(topic, [0, 1], records(200));
    const handle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
    const options = { ...timing, sessionTimeoutMs: 5_000, concurrency: 10 };
    const group = await groups.start({ groupId, topics: [topic], options, client: { socketFactory: sockets.factory }, handle });
    for (const done of [50, 120, 200, 300]) {
      await group.until(`${done} are done`, () => group.finished.length >= done);
      sockets.cut();
    }
    for (const partition of [0, 1]) await committedIs(groupId, topic, 200, partition);
    expect(group.started.length).toBe(400);
    expect(group.stats.rebalanceCount).toBe(1);
  });
});

describe('heartbeats that get no answer for longer than a session', () => {
  it('stop new records from starting before the session is over, and what was in flight comes again', async () => {
    const [topic, groupId, gate, sockets] = [await createTopic('silent'), unique('group'), new Gate(), new DeafSockets()];
    await produce(topic, 0, records(3));
    const group = await groups.start({ groupId, topics: [topic], options: timing, client: { socketFactory: sockets.factory }, handle: () => gate.pass() });
    await group.until('three are in flight', () => group.inFlight === 3);
    sockets.lose(Api.heartbeat);
    await group.until('heartbeats are lost', () => sockets.swallowed > 0);
    const lostAt = performance.now();
    await group.until('the lease has ended', () => performance.now() - lostAt > 1_900);
    await produce(topic, 0, records(2, () => null));
    await group.until('they have arrived', () => group.stats.partitions[0]?.highestReceivedOffset === 4);
    expect(group.started.length).toBe(3);
    gate.open();
    sockets.lose(null);
    await committedIs(groupId, topic, 5);
    expect(new Set(group.offsets())).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});
