import type { OwnedPartition } from '../../lib/consumer/group-consumer.js';
import { createTopic, eventually, produce, produceEach, unique } from '../support/kafka.js';
import { committedOffset, Gate, Groups, type GroupUnderTest, records } from '../support/group-under-test.js';
import { commitAs, evict } from '../support/operator.js';

jest.setTimeout(30_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const timing = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 100 };
const seldom = { commit: { strategy: 'auto', intervalMs: 600_000, records: 1000, offsetMap: true } as const };

/** What hooks are told, per partition, in order. */
class HookBook {
  readonly calls: { hook: string; partitions: readonly OwnedPartition[] }[] = [];
  readonly hooks = {
    assigned: async (partitions: readonly OwnedPartition[]): Promise<void> => void this.calls.push({ hook: 'assigned', partitions }),
    revoked: async (partitions: readonly OwnedPartition[], reason: string): Promise<void> => void this.calls.push({ hook: reason, partitions }),
  };
  of(partition: number): string[] {
    return this.calls.filter(({ partitions }) => partitions.some((named) => named.partition === partition)).map(({ hook }) => hook);
  }
  epochsOf(partition: number): number[] {
    return this.calls.filter(({ hook }) => hook === 'assigned').flatMap(({ partitions }) => partitions.filter((named) => named.partition === partition).map(({ epoch }) => epoch));
  }
}

const owned = (group: GroupUnderTest): string => group.stats.partitions.map(({ partition }) => partition).sort().join();

describe('the hooks of partitions', () => {
  it('are told of each partition in turn that it came and went: what was named revoked is named assigned when it comes back', async () => {
    const [topic, groupId, first, second] = [await createTopic('hooks', 3), unique('group'), new HookBook(), new HookBook()];
    const setup = { groupId, topics: [topic], options: timing, handle: () => undefined };
    const one = await groups.start({ ...setup, hooks: first.hooks });
    await one.until('it has all', () => owned(one) === '0,1,2');
    const two = await groups.start({ ...setup, hooks: second.hooks });
    await eventually(() => owned(one).length + owned(two).length === 4 && owned(two) !== '', { what: 'the partitions are divided' });
    const moved = owned(two).split(',').map(Number);
    await two.stop();
    await one.until('it has all again', () => owned(one) === '0,1,2');
    await one.stop();

    for (const partition of moved) {
      expect(second.of(partition).slice(-2)).toEqual(['assigned', 'shutdown']);
      expect(first.of(partition).length).toBeGreaterThanOrEqual(4);
    }
    for (const partition of [0, 1, 2]) {
      const told = first.of(partition);
      expect(told.filter((_, index) => index % 2 === 0)).toEqual(told.filter((_, index) => index % 2 === 0).map(() => 'assigned'));
      expect(told.filter((_, index) => index % 2 === 1)).toEqual([...Array.from({ length: told.length / 2 - 1 }, () => 'rebalance'), 'shutdown']);
      expect(first.epochsOf(partition)).toEqual(first.epochsOf(partition).map((_, index) => index + 1));
    }
  });

  it('name every partition at a rebalance under the eager protocol', async () => {
    const [topic, groupId, book] = [await createTopic('eager', 2), unique('group'), new HookBook()];
    const options = { ...timing, rebalance: { protocol: 'eager', assignment: 'sticky', drainTimeoutMs: 5_000 } as const };
    const setup = { groupId, topics: [topic], options, handle: () => undefined };
    const one = await groups.start({ ...setup, hooks: book.hooks });
    await one.until('it has both', () => owned(one) === '0,1');
    const two = await groups.start(setup);
    await eventually(() => owned(one).length === 1 && owned(two).length === 1, { what: 'each has one' });
    expect(book.calls.map(({ hook, partitions }) => `${hook} ${partitions.length}`)).toEqual(['assigned 2', 'rebalance 2', 'assigned 1']);
  });

  it('hold back the first record until the one for assigned partitions is done, longer than a session if need be', async () => {
    const [topic, groupId, gate] = [await createTopic('held-back'), unique('group'), new Gate()];
    await produce(topic, 0, records(5));
    const options = { sessionTimeoutMs: 600, heartbeatIntervalMs: 100 };
    const offsets: (number | undefined)[] = [];
    const hooks = {
      assigned: async ([{ offset }]: readonly OwnedPartition[]): Promise<void> => {
        offsets.push(offset);
        await gate.pass();
      },
    };
    const group = await groups.start({ groupId, topics: [topic], hooks, options, handle: () => undefined });
    await group.until('the hook runs', () => gate.waiters === 1);
    const began = performance.now();
    await group.until('two sessions have passed', () => performance.now() - began > 1_200);
    expect(group.started).toEqual([]);
    gate.open();
    await group.until('all are done', () => group.finished.length === 5);
    expect(offsets).toEqual([0]);
    expect(group.stats.rebalanceCount).toBe(1);
  });

  it('run between the last handler and the last commit when partitions are revoked', async () => {
    const [topic, groupId] = [await createTopic('revoked'), unique('group')];
    await produce(topic, 0, records(20));
    const seen: unknown[] = [];
    const hooks = {
      revoked: async (partitions: readonly OwnedPartition[], reason: string): Promise<void> => {
        seen.push({ inFlight: group.inFlight, committed: await committedOffset(groupId, topic), reason, offset: partitions[0].offset });
      },
    };
    const group = await groups.start({ groupId, topics: [topic], hooks, options: seldom, handle: () => undefined });
    await group.until('all are done', () => group.finished.length === 20);
    await group.stop();
    expect(seen).toEqual([{ inFlight: 0, committed: 0, reason: 'shutdown', offset: 20 }]);
    expect(await committedOffset(groupId, topic)).toBe(20);
  });

  it('that throw are logged, and stop neither the consuming nor the commit', async () => {
    const [topic, groupId] = [await createTopic('throwing'), unique('group')];
    await produce(topic, 0, records(20));
    const hooks = { assigned: () => Promise.reject(new Error('no cache')), revoked: () => Promise.reject(new Error('no flush')) };
    const group = await groups.start({ groupId, topics: [topic], hooks, options: seldom, handle: () => undefined });
    await group.until('all are done', () => group.finished.length === 20);
    await group.stop();
    expect(await committedOffset(groupId, topic)).toBe(20);
    expect(group.complaints.map((line) => line.replace(/.*Error: /, ''))).toEqual(['no cache', 'no flush']);
  });

  it('hear nothing of a member that was thrown out of its group, where nobody took its partitions meanwhile: its handlers go on', async () => {
    const [topic, groupId, gate, book] = [await createTopic('thrown-out', 2), unique('group'), new Gate(), new HookBook()];
    await produceEach(topic, [0, 1], records(3));
    const group = await groups.start({ groupId, topics: [topic], hooks: book.hooks, options: timing, handle: () => gate.pass() });
    await group.until('all are in flight', () => group.inFlight === 6);
    await evict(groupId, group.stats.memberIds[0]);
    await group.until('it is back', () => group.stats.rebalanceCount === 2 && owned(group) === '0,1');
    gate.open();
    await eventually(async () => (await committedOffset(groupId, topic, 0)) === 3 && (await committedOffset(groupId, topic, 1)) === 3, { what: 'all is committed' });
    expect(group.started.length).toBe(6);
    expect(book.calls.map(({ hook }) => hook)).toEqual(['assigned']);
  });

  it('say "lost" of a partition whose commit was moved while its member was out of the group: its handlers are aborted', async () => {
    const [topic, groupId, gate, book] = [await createTopic('lost', 2), unique('group'), new Gate(), new HookBook()];
    await produceEach(topic, [0, 1], records(3));
    const options = { ...timing, heartbeatIntervalMs: 1_000 };
    const group = await groups.start({ groupId, topics: [topic], hooks: book.hooks, options, handle: () => gate.pass() });
    await group.until('all are in flight', () => group.inFlight === 6);
    await evict(groupId, group.stats.memberIds[0]);
    await commitAs(groupId, [{ topic, partition: 0, offset: 2 }]);
    await group.until('it is back', () => group.stats.rebalanceCount === 2 && owned(group) === '0,1');
    await group.until('it begins anew', () => group.started.length === 7);
    expect(group.started.filter(({ signal }) => signal.aborted).map(({ partition }) => partition)).toEqual([0, 0, 0]);
    expect([book.of(0), book.of(1)]).toEqual([['assigned', 'lost', 'assigned'], ['assigned']]);
    gate.open();
    await eventually(async () => (await committedOffset(groupId, topic, 0)) === 3 && (await committedOffset(groupId, topic, 1)) === 3, { what: 'all is committed' });
  });
});
