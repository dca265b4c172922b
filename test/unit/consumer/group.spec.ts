import { settle } from '../../support/fake-fetch-wire.js';
import { MemberHarness } from './member-harness.js';

/** Two members since generation 1, with two partitions each, and a record in flight on partition 2. */
async function twoMembers(): Promise<MemberHarness> {
  const group = new MemberHarness({ members: 2 });
  await group.start();
  for (const [index, wire] of group.wires.entries()) {
    await wire.assemble(1, `member${index}`);
    await wire.assign({ t: [2 * index, 2 * index + 1] });
  }
  await settle();
  await group.wires[1].append('t', 2, 1);
  return group;
}

describe('a group with two members, one of which fails for good', () => {
  it('stops as a whole, when the other has finished and committed what it had, and says so', async () => {
    const group = await twoMembers();
    const crashes: unknown[] = [];
    group.consumer.listener = { crashed: (error, restarting) => crashes.push([error, restarting]) };
    group.wires[0].pulse = 'fatal';
    await group.clock.pass(1000);
    expect(group.consumer.state).toBe('failed');
    expect(group.wires.map(({ left }) => left)).toEqual([['member0'], []]);
    await group.complete(2, 0);
    await settle();
    expect(group.wires.map(({ left }) => left)).toEqual([['member0'], ['member1']]);
    expect(group.wires[1].stored.get('t/2')?.offset).toBe(1);
    expect(group.consumer.stats()).toMatchObject({ state: 'failed', memberIds: [], partitions: [], committedCount: 1 });
    expect(crashes).toEqual([[expect.objectContaining({ name: 'KafkaRefusedError', code: 'FATAL' }), false]]);
  });

  it('can be started again, and stopped', async () => {
    const group = await twoMembers();
    group.wires[0].pulse = 'fatal';
    await group.clock.pass(1000);
    await group.complete(2, 0);
    group.wires[0].pulse = 'ok';
    await group.start();
    expect(group.consumer.state).toBe('starting');
    await Promise.all(group.wires.map((wire, index) => wire.assemble(2, `again${index}`)));
    await Promise.all(group.wires.map((wire, index) => wire.assign({ t: [index] })));
    await settle();
    expect(group.consumer.stats()).toMatchObject({ state: 'running', memberIds: ['again0', 'again1'] });
    await group.consumer.stop(0);
    expect(group.consumer.state).toBe('stopped');
  });

  it('says "stopped" once it is stopped, and fails no more while it stops', async () => {
    const group = await twoMembers();
    group.wires[0].pulse = 'fatal';
    await group.clock.pass(1000);
    group.wires[1].pulse = 'fatal';
    await group.clock.pass(1000);
    const stopped = group.consumer.stop(1000);
    await group.clock.pass(1000);
    await stopped;
    expect(group.consumer.state).toBe('stopped');
    expect(group.log.errors.filter((line) => line.includes('has stopped for good'))).toHaveLength(1);
  });
});

describe('a stop', () => {
  it('that is in more of a hurry than the one under way shortens it', async () => {
    const group = await new MemberHarness().member(0);
    await group.append(0, 1);
    const patient = group.consumer.stop(120_000);
    await group.clock.pass(1000);
    expect(group.aborted).toEqual([]);
    const hurried = group.consumer.stop(1000);
    await group.clock.pass(1000);
    await Promise.all([patient, hurried]);
    expect(group.aborted).toEqual(['0@0']);
    expect(group.consumer.state).toBe('stopped');
  });
});

describe('a drain', () => {
  it('that is under way ends before a start begins anew: no handler is aborted', async () => {
    const group = await new MemberHarness().member(0);
    await group.append(0, 1);
    const drained = group.consumer.drain(10_000);
    const started = group.consumer.start();
    await settle();
    expect(group.aborted).toEqual([]);
    await group.complete(0, 0);
    expect(await drained).toEqual({ completed: 1, abandoned: 0 });
    await group.clock.pass(500);
    await started;
    expect(group.stored(0)).toBe(1);
    expect(group.consumer.state).toBe('starting');
  });

  it('of a consumer that is just starting drains it once it has started', async () => {
    const group = new MemberHarness();
    const started = group.consumer.start();
    const drained = group.consumer.drain(10_000);
    await settle();
    await group.clock.pass(500);
    await Promise.all([started, drained]);
    expect(group.consumer.state).toBe('draining');
    await group.wire.assemble(1);
    await group.wire.assign({ t: [0] });
    await group.append(0, 1);
    expect(group.started).toEqual([]);
  });

  it('of a consumer that was not started is none', async () => {
    const group = new MemberHarness();
    expect(await group.consumer.drain(1000)).toEqual({ completed: 0, abandoned: 0 });
    expect(group.consumer.state).toBe('stopped');
    await group.start();
    expect(group.consumer.state).toBe('starting');
  });
});
