import type { SeekTarget } from '../../../lib/consumer/seek-target.js';
import { settle, wireError } from '../../support/fake-fetch-wire.js';
import { MemberHarness } from './member-harness.js';

/** What became of a promise so far. */
function watch(promise: Promise<void>): { outcome: string } {
  const watched = { outcome: 'pending' };
  promise.then(
    () => (watched.outcome = 'done'),
    (error: unknown) => (watched.outcome = error instanceof Error ? error.message : String(error)),
  );
  return watched;
}

const at = (offset: number | 'earliest' | 'latest', partition = 0): SeekTarget => ({ topic: 't', partition, offset });

/** A member with partition 0, whose first `complete` records are complete and committed, and of which `running` more run. */
async function member(complete: number, running: number, options: ConstructorParameters<typeof MemberHarness>[0] = {}): Promise<MemberHarness> {
  const group = await new MemberHarness(options).member(0);
  await group.append(0, complete + running);
  await group.complete(0, ...Array.from({ length: complete }, (_, offset) => offset));
  await group.clock.pass(500);
  group.started.length = 0;
  return group;
}

/** The fetch that was under way without the partition ends, and the next one asks for it. */
const fetched = (group: MemberHarness): Promise<void> => group.clock.pass(250);

describe('a seek', () => {
  it('backwards waits for what is in flight, commits the lower offset, and delivers everything from there again', async () => {
    const group = await member(4, 2);
    const seek = watch(group.consumer.seek(at(1)));
    await settle();
    expect([seek.outcome, group.stored(0), group.consumer.stats().partitions[0].paused]).toEqual(['pending', 4, 'drain']);
    await group.complete(0, 4, 5);
    expect([seek.outcome, group.stored(0)]).toEqual(['done', 1]);
    await fetched(group);
    expect(group.started).toEqual(['0@1', '0@2', '0@3', '0@4', '0@5']);
    expect(group.consumer.stats().partitions[0]).toMatchObject({ epoch: 2, committedOffset: 1, committableOffset: 1, completedAheadCount: 0 });
    await group.complete(0, 1, 2, 3, 4, 5);
    await group.clock.pass(500);
    expect(group.stored(0)).toBe(6);
  });

  it('commits before the first record is delivered again', async () => {
    const group = await member(4, 0);
    group.wire.holdsCommits = true;
    const seek = watch(group.consumer.seek(at('earliest')));
    await settle();
    expect([seek.outcome, group.started]).toEqual(['pending', []]);
    await fetched(group);
    expect(group.started).toEqual([]);
    await group.wire.releaseCommits();
    await fetched(group);
    expect([seek.outcome, group.stored(0), group.started.length]).toEqual(['done', 0, 4]);
  });

  it('forwards takes what lies below as done, be it waiting, running or held, and the offset map is of the new start', async () => {
    const group = await member(0, 6);
    await group.complete(0, 3, 4);
    await group.clock.pass(500);
    expect(group.wire.stored.get('t/0')?.metadata).not.toBe('');
    const seek = watch(group.consumer.seek(at(5)));
    await group.complete(0, 0, 1, 2, 5);
    expect([seek.outcome, group.wire.stored.get('t/0')]).toEqual(['done', { offset: 5, metadata: '' }]);
    await fetched(group);
    expect(group.started).toEqual(['0@5']);
  });

  it('to where the group is forgets what was complete above', async () => {
    const group = await member(1, 3);
    await group.complete(0, 3);
    const seek = watch(group.consumer.seek(at(1)));
    await group.complete(0, 1, 2);
    expect(seek.outcome).toBe('done');
    await fetched(group);
    expect([group.wire.stored.get('t/0'), group.started]).toEqual([{ offset: 1, metadata: '' }, ['0@1', '0@2', '0@3']]);
  });

  it('to the latest, or to a time after the last record, skips to the end', async () => {
    for (const target of [at('latest'), { topic: 't', partition: 0, timestampMs: Date.now() }]) {
      const group = await member(0, 3);
      const seek = watch(group.consumer.seek(target));
      await group.complete(0, 0, 1, 2);
      expect([seek.outcome, group.stored(0), group.started]).toEqual(['done', 3, []]);
      await group.append(0, 1);
      expect(group.started).toEqual(['0@3']);
    }
  });

  it('takes what is there and undefined, as from the query of a URL, for absent', async () => {
    const group = await member(4, 0);
    const target = { topic: 't', partition: 0, offset: 1, timestampMs: undefined };
    await group.consumer.seek(target);
    expect(group.stored(0)).toBe(1);
    await group.consumer.seek({ topic: 't', partition: 0, offset: undefined, timestampMs: Number.MAX_SAFE_INTEGER });
    expect(group.stored(0)).toBe(4);
  });

  it('of a paused partition leaves it paused there', async () => {
    const group = await member(3, 0);
    group.consumer.pause();
    await group.consumer.seek(at(0));
    await fetched(group);
    expect([group.stored(0), group.started, group.consumer.stats().partitions[0].paused]).toEqual([0, [], 'user']);
    group.consumer.resume();
    await fetched(group);
    expect(group.started).toEqual(['0@0', '0@1', '0@2']);
  });

  it('aborts what runs longer than a drain may, and ignores its result', async () => {
    const group = await member(0, 2, { rebalance: { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 3000 } });
    const seek = watch(group.consumer.seek(at(0)));
    await group.complete(0, 0);
    await group.clock.pass(3000);
    expect([seek.outcome, group.aborted, group.started]).toEqual(['done', ['0@1'], ['0@0', '0@1']]);
    expect(group.log.warnings.join()).toContain('1 handlers of t/0 were still running 3000 ms after a seek');
  });

  it('follows one that is under way', async () => {
    const group = await member(4, 1);
    const seeks = [watch(group.consumer.seek(at(1))), watch(group.consumer.seek(at(3)))];
    await settle();
    expect(seeks.map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
    await group.complete(0, 4);
    expect(seeks.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(group.wire.commits.map(({ offsets }) => offsets[0].offset).slice(-2)).toEqual([1, 3]);
    await fetched(group);
    expect(group.started).toEqual(['0@3', '0@4']);
  });

  it('in an assigned hook decides where the partition begins', async () => {
    const group = new MemberHarness();
    group.hookWork = async (call) => {
      if (call === 'assigned 0 1') await group.consumer.seek(at(2));
    };
    await group.append(0, 4);
    await group.append(1, 1);
    await group.member(0, 1);
    expect(group.started.sort()).toEqual(['0@2', '0@3', '1@0']);
    expect([group.stored(0), group.owned]).toEqual([2, [0, 1]]);
  });

  it('calls no hook, and the revoked hook still comes at the end', async () => {
    const group = await member(2, 0);
    await group.consumer.seek(at(0));
    await fetched(group);
    await group.complete(0, 0, 1);
    await group.consumer.stop(1000);
    expect([group.hooks, group.stored(0)]).toEqual([['assigned 0', 'shutdown 0'], 2]);
  });

  it('ends the pauses of what it gives up, as events tell', async () => {
    const told: string[] = [];
    const group = await member(0, 2, { buffer: { recordsPerPartition: 2, bytes: 1e9 } });
    group.consumer.listener = { paused: (_, reason) => told.push(`paused ${reason}`), resumed: (_, reason) => told.push(`resumed ${reason}`) };
    await group.clock.pass(1000);
    group.consumer.pause();
    const seek = group.consumer.seek(at(0));
    await group.complete(0, 0, 1);
    await seek;
    expect(told).toEqual(['paused user', 'resumed user', 'resumed buffer', 'paused user']);
  });
});

describe('a seek and a commit that nobody has answered', () => {
  it('is done only when the old commit cannot be stored over it any more', async () => {
    const group = await member(2, 2);
    group.wire.commitScripts.push(() => wireError('unavailable'));
    await group.complete(0, 2);
    await group.clock.pass(500);
    const seek = watch(group.consumer.seek(at(0)));
    await group.complete(0, 3);
    expect([seek.outcome, group.stored(0)]).toEqual(['pending', 0]);
    group.wire.stored.set('t/0', { offset: 3, metadata: '' });
    await group.clock.pass(1000);
    expect(group.stored(0)).toBe(0);
    await group.clock.pass(15_000);
    expect([seek.outcome, group.stored(0)]).toEqual(['done', 0]);
  });

  it('is not taken for the new start when the answer comes late', async () => {
    const group = await member(2, 1);
    group.wire.holdsCommits = true;
    await group.complete(0, 2);
    await group.clock.pass(500);
    const seek = watch(group.consumer.seek(at(0)));
    await settle();
    expect(group.started).toEqual([]);
    await group.wire.releaseCommits();
    expect([seek.outcome, group.stored(0)]).toEqual(['done', 0]);
    expect(group.wire.commits.map(({ offsets }) => offsets[0].offset).slice(-2)).toEqual([3, 0]);
  });
});

describe('a seek and a rebalance', () => {
  it('that takes the partition away while handlers end: nothing has changed, and what is complete is committed', async () => {
    const group = await member(2, 2);
    const seek = watch(group.consumer.seek(at(0)));
    await group.rebalance();
    await group.assigned(2, []);
    expect(seek.outcome).toContain('Cannot seek t/0: it was to be given up while its handlers in flight ended. Nothing has changed');
    await group.complete(0, 2, 3);
    expect([group.owned, group.stored(0)]).toEqual([[], 4]);
  });

  it('that takes it away and gives it back: it goes on as if nothing had been', async () => {
    const group = await member(2, 2);
    const seek = watch(group.consumer.seek(at(0)));
    await group.rebalance();
    await group.assigned(2, []);
    await group.rebalance();
    await group.assigned(3, [0]);
    expect(seek.outcome).toContain('Nothing has changed');
    await group.append(0, 1);
    await group.complete(0, 2, 3, 4);
    await group.clock.pass(500);
    expect([group.started, group.stored(0)]).toEqual([['0@4'], 5]);
  });

  it('that takes it away before the target is committed: the next owner begins at the target', async () => {
    const group = await member(3, 0);
    group.wire.holdsCommits = true;
    const seek = watch(group.consumer.seek(at(1)));
    await group.rebalance();
    await group.assigned(2, []);
    expect(seek.outcome).toBe('pending');
    await group.wire.releaseCommits();
    await group.assigned(3, []);
    expect([seek.outcome, group.stored(0), group.owned, group.started]).toEqual(['done', 1, [], []]);
  });

  it('in which the partition is lost before the target is committed: nothing of it is sent any more, and the caller is told', async () => {
    const group = await member(3, 0);
    group.wire.commitScripts.push(...Array.from({ length: 20 }, () => () => wireError('rebalancing')));
    const seek = watch(group.consumer.seek(at(1)));
    await group.rebalance();
    await group.assigned(2, [], { lost: { t: [0] } });
    expect(seek.outcome).toContain('it was given up while the new start was being committed');
    group.wire.commitScripts.length = 0;
    const sent = group.wire.commits.length;
    await group.clock.pass(5000);
    expect([group.wire.commits.length, group.stored(0)]).toEqual([sent, 3]);
  });
});

describe('a seek is refused', () => {
  it.each<[string, unknown, string]>([
    ['a partition that another process has', at(0, 1), 'Cannot seek t/1: it is not assigned to this process, which has t 0. Seek in the process that has it'],
    ['an offset below the start of the log', at(1), 'Cannot seek t/0: offset 1 is not in its log, which has 2 to 5 (its end)'],
    ['an offset above its end', at(6), 'Cannot seek t/0: offset 6 is not in its log, which has 2 to 5 (its end)'],
    ['an offset as a record has it', { topic: 't', partition: 0, offset: '3' }, "offset is '3', and must be a whole number from 0 on (Number(record.offset))"],
    ['no target at all', { topic: 't', partition: 0 }, 'give either an offset or timestampMs'],
    ['two targets', { topic: 't', partition: 0, offset: 3, timestampMs: 0 }, 'give either an offset or timestampMs'],
    ['a time that is none', { topic: 't', partition: 0, timestampMs: NaN }, 'timestampMs is NaN, and must be milliseconds since 1970'],
    ['another topic', { topic: 'x', partition: 0, offset: 0 }, 'no handler of this process reads the topic x (it reads t)'],
    ['a partition that the topic has not', at(0, 9), 'there is no partition 9: t has 4, from 0 on'],
  ])('for %s, and nothing changes', async (_, target, message) => {
    const group = await member(5, 0);
    group.wire.set('t', 0, { start: 2 });
    await expect(group.consumer.seek(target as SeekTarget)).rejects.toThrow(message);
    await group.append(0, 1);
    expect([group.started, group.stored(0)]).toEqual([['0@5'], 5]);
  });

  it('where no broker answers', async () => {
    const group = await member(1, 0);
    group.wire.failures.offsets.push(wireError('unavailable'));
    await expect(group.consumer.seek(at(0))).rejects.toThrow('The consumer of group group reached no Kafka broker');
  });

  it('while the group is stopped, or drained, or stops meanwhile', async () => {
    const group = await member(1, 1);
    const seek = watch(group.consumer.seek(at(0)));
    const drained = group.consumer.drain(1000);
    await group.complete(0, 1);
    await drained;
    expect([seek.outcome, group.stored(0)]).toEqual([expect.stringContaining('the consumer stops or has been drained'), 2]);
    await expect(group.consumer.seek(at(0))).rejects.toThrow('the consumer of group is not running');
    await group.consumer.stop(0);
    await expect(group.consumer.seek(at(0))).rejects.toThrow('the consumer of group is not running');
  });
});
