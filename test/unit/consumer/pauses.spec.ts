import { Pauses } from '../../../lib/consumer/pauses.js';
import { KafkaUnknownPartitionError } from '../../../lib/consumer/errors.js';
import { MemberHarness } from './member-harness.js';

describe('Pauses', () => {
  const paused = (pauses: Pauses): string[] => ['a/0', 'a/1', 'b/0'].filter((name) => pauses.isPaused({ topic: name[0], partition: Number(name[2]) }));

  it('take the last word about a partition, be it of the partition, its topic or everything', () => {
    const pauses = new Pauses();
    pauses.set(true, 'a', [1]);
    expect(paused(pauses)).toEqual(['a/1']);
    pauses.setAll(true);
    pauses.set(false, 'a', [1]);
    expect(paused(pauses)).toEqual(['a/0', 'b/0']);
    pauses.set(false, 'b');
    pauses.set(true, 'a');
    expect(paused(pauses)).toEqual(['a/0', 'a/1']);
    pauses.setAll(false);
    expect(paused(pauses)).toEqual([]);
  });
});

describe('pause', () => {
  const states = (group: MemberHarness): unknown[] => group.consumer.stats().partitions.map(({ partition, paused }) => [partition, paused]);

  it('before a start holds for what is assigned then: its start is committed, and nothing of it is fetched', async () => {
    const group = new MemberHarness();
    group.consumer.pause({ topic: 't', partitions: [0] });
    await group.member(0, 1);
    await group.append(0, 2);
    await group.append(1, 2);
    expect(group.started).toEqual(['1@0', '1@1']);
    expect(states(group)).toEqual([[0, 'user'], [1, false]]);
    expect(group.stored(0)).toBe(0);
    group.consumer.resume({ topic: 't', partitions: [0] });
    await group.clock.pass(250);
    expect(group.started).toEqual(['1@0', '1@1', '0@0', '0@1']);
  });

  it('lets what is in flight finish and be committed', async () => {
    const group = await new MemberHarness().member(0);
    await group.append(0, 3);
    group.consumer.pause();
    await group.append(0, 3);
    await group.complete(0, 0, 1, 2);
    await group.clock.pass(500);
    expect([group.started.length, group.stored(0)]).toEqual([3, 3]);
  });

  it('survives that a partition goes and comes back', async () => {
    const group = await new MemberHarness().member(0, 1);
    await group.append(0, 1);
    group.consumer.pause({ topic: 't', partitions: [0] });
    await group.rebalance();
    await group.assigned(2, [1]);
    expect(group.draining).toEqual([0]);
    await group.complete(0, 0);
    await group.assigned(3, [1]);
    expect(group.owned).toEqual([1]);
    await group.append(0, 5);
    await group.rebalance();
    await group.assigned(4, [0, 1]);
    await group.clock.pass(1000);
    expect([group.started, states(group)]).toEqual([['0@0'], [[1, false], [0, 'user']]]);
    group.consumer.resume();
    await group.clock.pass(250);
    expect(group.started.slice(1)).toEqual(['0@1', '0@2', '0@3', '0@4', '0@5']);
  });

  it('holds up neither a drain nor a stop, and holds over a stop', async () => {
    const group = await new MemberHarness({ commit: { strategy: 'auto', intervalMs: 500, records: 1000, offsetMap: false }, concurrency: 1 }).member(0);
    await group.append(0, 3);
    group.consumer.pause();
    const drained = group.consumer.drain(10_000);
    await group.complete(0, 0);
    expect(await drained).toEqual({ completed: 1, abandoned: 0 });
    await group.consumer.stop(1000);
    expect([group.stored(0), group.started]).toEqual([1, ['0@0']]);
    await group.start();
    await group.wire.assemble(2);
    await group.wire.assign({ t: [0] });
    await group.clock.pass(250);
    expect([group.started, states(group)]).toEqual([['0@0'], [[0, 'user']]]);
  });

  it('tells that it begins and ends, and may be repeated', async () => {
    const told: string[] = [];
    const group = await new MemberHarness().member(0, 1);
    group.consumer.listener = {
      paused: ({ partition }, reason) => told.push(`paused ${partition} ${reason}`),
      resumed: ({ partition }, reason) => told.push(`resumed ${partition} ${reason}`),
    };
    for (let twice = 0; twice < 2; twice++) group.consumer.pause({ topic: 't' });
    group.consumer.resume({ partitions: [1] });
    for (let twice = 0; twice < 2; twice++) group.consumer.resume();
    expect(told).toEqual(['paused 0 user', 'paused 1 user', 'resumed 1 user', 'resumed 0 user']);
  });

  it('of a partition that turns out not to exist when the group starts is in the log', async () => {
    const group = new MemberHarness();
    group.consumer.pause({ topic: 't', partitions: [3, 4] });
    await group.start();
    expect(group.log.warnings).toEqual(['t/4 do not exist (yet): pause or resume has named them before the start']);
  });

  it.each([
    ['another topic', { topic: 'x' }, 'no handler of this process reads the topic x (it reads t)'],
    ['a partition that the topic has not', { topic: 't', partitions: [0, 4] }, 'there is no partition 4: t has 4, from 0 on'],
    ['what is not the number of a partition', { topic: 't', partitions: [-1] }, '-1 is not the number of a partition'],
  ])('of %s is refused, and nothing is paused', async (_, target, message) => {
    const group = await new MemberHarness().member(0);
    expect(() => group.consumer.pause(target)).toThrow(KafkaUnknownPartitionError);
    expect(() => group.consumer.resume(target)).toThrow(`Group group: ${message}`);
    expect(states(group)).toEqual([[0, false]]);
  });
});
