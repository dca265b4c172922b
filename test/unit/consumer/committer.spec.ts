import { Committer } from '../../../lib/consumer/committer.js';
import type { MemberIdentity } from '../../../lib/consumer/wire.js';
import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import { decodeOffsetMap } from '../../../lib/engine/offset-map.js';
import type { PartitionQueue } from '../../../lib/engine/partition-queue.js';
import { chunk, FakeFetchWire, FakeLog, ManualClock, settle, wireError } from '../../support/fake-fetch-wire.js';
import { PartitionHarness } from './partition-harness.js';

const INTERVAL_MS = 500;

interface Settings {
  strategy?: 'auto' | 'batch' | 'immediate';
  records?: number;
  offsetMap?: boolean;
}

function setUp({ strategy = 'auto', records = 1000, offsetMap = true }: Settings = {}) {
  const clock = new ManualClock();
  const wire = new FakeFetchWire();
  const log = new FakeLog();
  const partitions = new PartitionHarness(clock);
  const member: { identity: MemberIdentity | null; isJoining: boolean } = { identity: { memberId: 'a', generation: 1 }, isJoining: false };
  const events: { offsets: string[]; durationMs: number }[] = [];
  const committer = new Committer({
    wire,
    clock,
    log,
    options: { sessionTimeoutMs: 15_000, commit: { strategy, intervalMs: INTERVAL_MS, records, offsetMap } },
    identity: () => member.identity,
    expectsIdentity: () => member.isJoining,
    listener: () => ({
      committed: (offsets, durationMs) => events.push({ offsets: offsets.map(({ topic, partition, offset }) => `${topic}/${partition}@${offset}`), durationMs }),
    }),
  });
  partitions.progressed = (queue) => committer.progressed(queue);
  /** A partition whose commit is where it begins, with so many records running. */
  const open = (partition: number, running: number, offset = 0, committed = offset): PartitionQueue => {
    const queue = partitions.open('orders', partition, offset);
    committer.add(queue, committed);
    if (running > 0) partitions.deliver(queue, running);
    return queue;
  };
  const stored = (partition: number) => wire.stored.get(`orders/${partition}`)?.offset;
  /** What a restart would take as complete above the stored offset, up to `end`. */
  const completeAhead = (partition: number, end: number): number[] => {
    const { offset, metadata } = wire.stored.get(`orders/${partition}`) ?? { offset: 0, metadata: '' };
    const { completed, problem } = decodeOffsetMap(offset, metadata, undefined);
    if (problem !== null) throw new Error(problem);
    return Array.from({ length: end - offset }, (_, index) => offset + index).filter((at) => completed.isComplete(at));
  };
  const sent = () => wire.commits.map(({ offsets }) => offsets.map(({ partition, offset }) => `${partition}@${offset}`).join(' '));
  return { clock, wire, log, partitions, member, events, committer, open, stored, completeAhead, sent };
}

describe('what is committed', () => {
  it('is the first incomplete offset, with what is complete above it; 0 blocked and 1 to 9 done commit 0, then 10', async () => {
    const { clock, partitions, open, stored, completeAhead } = setUp();
    const queue = open(0, 10);
    await partitions.complete(queue, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    await clock.pass(INTERVAL_MS);
    expect(stored(0)).toBe(0);
    expect(completeAhead(0, 20)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    expect(stored(0)).toBe(10);
  });

  it('advances for one partition while another is blocked', async () => {
    const { clock, partitions, open, stored } = setUp({ offsetMap: false });
    const [blocked, free] = [open(0, 3), open(1, 3)];
    await partitions.complete(blocked, 1, 2);
    await partitions.complete(free, 0, 1, 2);
    await clock.pass(INTERVAL_MS);
    expect([stored(0), stored(1)]).toEqual([undefined, 3]);
  });

  it('passes a stretch without records', async () => {
    const { clock, open, stored } = setUp();
    const queue = open(0, 0);
    queue.receive(chunk('orders', 0, 0, 40, []), 0);
    await clock.pass(INTERVAL_MS);
    expect(stored(0)).toBe(40);
  });

  it('has no metadata where the offset map is off, and is not repeated while only the map would change', async () => {
    const { clock, wire, partitions, open } = setUp({ offsetMap: false });
    const queue = open(0, 5);
    await partitions.complete(queue, 0, 2);
    await clock.pass(INTERVAL_MS);
    await partitions.complete(queue, 3, 4);
    await clock.pass(10 * INTERVAL_MS);
    expect(wire.commits.map(({ offsets }) => offsets)).toEqual([[{ topic: 'orders', partition: 0, offset: 1, metadata: '' }]]);
  });

  it('is not written again while nothing changes, and no timer runs then', async () => {
    const { clock, wire, partitions, open } = setUp();
    const queue = open(0, 5);
    await partitions.complete(queue, 0, 2);
    await clock.pass(INTERVAL_MS);
    expect(clock.timerCount).toBe(0);
    await clock.pass(60_000);
    expect(wire.commits).toHaveLength(1);
  });

  it('never goes below what Kafka has', async () => {
    const { clock, wire, partitions, open } = setUp();
    const queue = open(0, 5, 0, 4);
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    expect(wire.commits).toEqual([]);
    await partitions.complete(queue, 1, 2, 3, 4);
    await clock.pass(INTERVAL_MS);
    expect(wire.stored.get('orders/0')?.offset).toBe(5);
  });

  it('is counted once, and told to whoever listens', async () => {
    const { clock, partitions, committer, events, open } = setUp();
    const queue = open(3, 10, 100);
    expect(committer.committedOffset(queue)).toBe(100);
    await partitions.complete(queue, 100, 101);
    await clock.pass(INTERVAL_MS);
    await partitions.complete(queue, 102);
    await clock.pass(INTERVAL_MS);
    expect(committer.committedCount).toBe(3);
    expect(committer.committedOffset(queue)).toBe(103);
    expect(events.map(({ offsets }) => offsets)).toEqual([['orders/3@102'], ['orders/3@103']]);
  });
});

describe('when it is committed', () => {
  it("'auto': once per interval, however much completes", async () => {
    const { clock, wire, partitions, open } = setUp({ strategy: 'auto', records: 2 });
    const queue = open(0, 100);
    for (let offset = 0; offset < 100; offset++) await partitions.complete(queue, offset);
    await clock.pass(INTERVAL_MS - 1);
    expect(wire.commits).toHaveLength(0);
    await clock.pass(1);
    expect(wire.commits).toHaveLength(1);
  });

  it("'batch': after so many completions, and at the interval for the rest", async () => {
    const { clock, partitions, open, sent } = setUp({ strategy: 'batch', records: 4 });
    const queue = open(0, 10);
    await partitions.complete(queue, 0, 1, 2);
    expect(sent()).toEqual([]);
    await partitions.complete(queue, 3);
    expect(sent()).toEqual(['0@4']);
    await partitions.complete(queue, 4);
    await clock.pass(INTERVAL_MS);
    expect(sent()).toEqual(['0@4', '0@5']);
  });

  it("'immediate': at each move of the watermark, one request at a time, the next with all that completed meanwhile", async () => {
    const { wire, partitions, open, sent } = setUp({ strategy: 'immediate' });
    const queue = open(0, 10);
    wire.holdsCommits = true;
    await partitions.complete(queue, 0);
    for (const offset of [1, 2, 3, 4]) await partitions.complete(queue, offset);
    expect(sent()).toEqual(['0@1']);
    await wire.releaseCommits();
    expect(sent()).toEqual(['0@1', '0@5']);
    expect(wire.mostCommitsUnderWay).toBe(1);
  });

  it("'immediate': what completes above the watermark waits for the interval", async () => {
    const { clock, partitions, open, sent, completeAhead } = setUp({ strategy: 'immediate' });
    const queue = open(0, 3);
    await partitions.complete(queue, 2);
    expect(sent()).toEqual([]);
    await clock.pass(INTERVAL_MS);
    expect(completeAhead(0, 3)).toEqual([2]);
  });
});

describe('a commit that is refused', () => {
  it.each(['unavailable', 'moved', 'rebalancing'] as const)('as %s is not taken as committed, and tried again with the newest value', async (kind) => {
    const { clock, wire, partitions, committer, open, stored } = setUp();
    const queue = open(0, 5);
    wire.commitScripts.push(() => wireError(kind));
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    expect([wire.commits.length, committer.committedOffset(queue), committer.committedCount]).toEqual([1, 0, 0]);
    await partitions.complete(queue, 1);
    await clock.pass(100);
    expect(stored(0)).toBe(2);
    expect(committer.committedOffset(queue)).toBe(2);
  });

  it('is tried less and less often while nobody answers, with one warning', async () => {
    const { clock, wire, log, partitions, open, stored } = setUp();
    const queue = open(0, 5);
    for (let failure = 0; failure < 12; failure++) wire.commitScripts.push(() => wireError('unavailable'));
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS + 10_000);
    expect(wire.commits.length).toBeGreaterThanOrEqual(8);
    expect(wire.commits.length).toBeLessThanOrEqual(10);
    expect(log.warnings).toHaveLength(1);
    await clock.pass(10_000);
    expect(stored(0)).toBe(1);
  });

  it('for one partition costs the others nothing', async () => {
    const { clock, wire, partitions, committer, open, stored } = setUp();
    const queues = [open(0, 2), open(1, 2)];
    wire.commitScripts.push((_, offsets) => [
      ...wire.store(offsets.filter(({ partition }) => partition === 0)),
      { topic: 'orders', partition: 1, error: wireError('unavailable') },
    ]);
    for (const queue of queues) await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    expect(queues.map((queue) => committer.committedOffset(queue))).toEqual([1, 0]);
    await clock.pass(100);
    expect(stored(1)).toBe(1);
    expect(wire.commits.at(-1)?.offsets).toHaveLength(1);
  });

  it('and one that the answer does not name, is tried again', async () => {
    const { clock, wire, partitions, committer, open } = setUp();
    const queue = open(0, 2);
    wire.commitScripts.push(() => []);
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    expect(committer.committedOffset(queue)).toBe(0);
    await clock.pass(100);
    expect(committer.committedOffset(queue)).toBe(1);
  });

  it.each(['fenced', 'unknown-member'] as const)('as %s is not hammered: nothing is sent until the identity changes, then at once', async (kind) => {
    const { clock, wire, partitions, member, open, stored } = setUp();
    const queue = open(0, 5);
    wire.commitScripts.push(() => wireError(kind));
    await partitions.complete(queue, 0);
    await clock.pass(60_000);
    expect(wire.commits).toHaveLength(1);
    await partitions.complete(queue, 1);
    member.identity = { memberId: 'a', generation: 2 };
    await clock.pass(INTERVAL_MS);
    expect(stored(0)).toBe(2);
    expect(wire.commits.at(-1)?.identity.generation).toBe(2);
  });

  it('because a rebalance ended while it was under way is repeated at once with the new identity', async () => {
    const { clock, wire, partitions, member, open } = setUp();
    const queue = open(0, 5);
    wire.commitScripts.push(() => {
      member.identity = { memberId: 'a', generation: 2 };
      return wireError('fenced');
    });
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    expect(wire.commits.map(({ identity }) => identity.generation)).toEqual([1, 2]);
  });

  it('for good is told as an error, kept, and tried again every 5 s', async () => {
    const { clock, wire, log, partitions, open, stored } = setUp();
    const queue = open(0, 5);
    wire.commitScripts.push(...[1, 2].map(() => () => wireError('fatal')));
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS + 5000);
    expect(wire.commits).toHaveLength(2);
    expect(log.errors).toEqual([expect.stringContaining('orders/0')]);
    await clock.pass(5000);
    expect(stored(0)).toBe(1);
  });
});

describe('after an absence, what Kafka has', () => {
  it('is our own where offset and map are those of our last commit: somebody else may have completed records above the same offset', async () => {
    const { clock, partitions, committer, wire, open } = setUp();
    const queue = open(0, 5);
    await partitions.complete(queue, 1, 2);
    await clock.pass(INTERVAL_MS);
    const own = wire.stored.get('orders/0') ?? { offset: -1, metadata: '' };
    expect(own.metadata).not.toBe('');
    expect(committer.isOwn(queue, own)).toBe(true);
    expect(committer.isOwn(queue, { ...own, metadata: '' })).toBe(false);
    expect(committer.isOwn(queue, { ...own, offset: 1 })).toBe(false);
  });

  it('is our own where it is what the partition began with', () => {
    const { partitions, committer } = setUp();
    const queue = partitions.open('orders', 0, 7);
    committer.add(queue, 7, 'the map of the owner before');
    expect(committer.isOwn(queue, { offset: 7, metadata: 'the map of the owner before' })).toBe(true);
    expect(committer.isOwn(queue, { offset: 7, metadata: '' })).toBe(false);
  });
});

describe('a commit that nobody answered', () => {
  const repeats = 15_000 / INTERVAL_MS;

  /** Offset 1 goes unanswered, 2 is acknowledged; then nothing completes any more. */
  async function afterAnUnansweredCommit() {
    const setting = setUp();
    const { clock, wire, partitions, open } = setting;
    const queue = open(0, 5);
    wire.commitScripts.push(() => wireError('unavailable'));
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    await partitions.complete(queue, 1);
    await clock.pass(100);
    return { ...setting, queue };
  }

  it('may arrive behind a newer one: the newest is stored again within an interval', async () => {
    const { clock, wire, stored } = await afterAnUnansweredCommit();
    expect(stored(0)).toBe(2);
    wire.stored.set('orders/0', { offset: 1, metadata: '' });
    await clock.pass(INTERVAL_MS);
    expect(stored(0)).toBe(2);
  });

  it('is expected for a session, and then no more', async () => {
    const { clock, wire, sent } = await afterAnUnansweredCommit();
    await clock.pass(15_000 + INTERVAL_MS);
    const { length } = sent();
    expect(length).toBeGreaterThanOrEqual(repeats);
    expect(length).toBeLessThanOrEqual(repeats + 4);
    expect(clock.timerCount).toBe(0);
    await clock.pass(60_000);
    expect(wire.commits).toHaveLength(length);
  });

  it('cannot be stored after one of a newer generation, which ends the repeating', async () => {
    const { clock, wire, member, committer, stored } = await afterAnUnansweredCommit();
    wire.stored.set('orders/0', { offset: 1, metadata: '' });
    member.identity = { memberId: 'a', generation: 2 };
    committer.identityChanged();
    await clock.pass(1);
    expect(stored(0)).toBe(2);
    const { length } = wire.commits;
    await clock.pass(60_000);
    expect(wire.commits).toHaveLength(length);
  });

  it('is taken for our own where Kafka turns out to have it, not for a reset by somebody else', async () => {
    const { committer, queue } = await afterAnUnansweredCommit();
    expect([0, 1, 2].map((offset) => committer.isOwn(queue, { offset, metadata: '' }))).toEqual([false, true, true]);
    expect(committer.isOwn(queue, { offset: 2, metadata: 'the map of another owner' })).toBe(false);
  });

  it('is over with a refusal: an answer is an answer', async () => {
    const { clock, wire, partitions, open } = setUp();
    const queue = open(0, 5);
    wire.commitScripts.push((_, offsets) => offsets.map(({ topic, partition }) => ({ topic, partition, error: wireError('unavailable') })));
    await partitions.complete(queue, 0);
    await clock.pass(60_000);
    expect(wire.commits).toHaveLength(2);
  });
});

describe('who commits', () => {
  it('nobody while there is no identity; what completed is committed once there is one', async () => {
    const { clock, wire, partitions, member, open, stored } = setUp();
    const queue = open(0, 5);
    member.identity = null;
    await partitions.complete(queue, 0);
    await clock.pass(10_000);
    expect(wire.commits).toHaveLength(0);
    member.identity = { memberId: 'b', generation: 9 };
    await clock.pass(INTERVAL_MS);
    expect(stored(0)).toBe(1);
  });

  it('carries the identity of the moment at which the offsets were taken', async () => {
    const { clock, wire, partitions, member, open } = setUp();
    const queue = open(0, 5);
    wire.holdsCommits = true;
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    member.identity = { memberId: 'a', generation: 2 };
    await partitions.complete(queue, 1);
    await wire.releaseCommits();
    await clock.pass(INTERVAL_MS);
    expect(wire.commits.map(({ identity, offsets }) => [identity.generation, offsets[0].offset])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('not for a partition that was given up, neither by the interval nor by a retry', async () => {
    const { clock, wire, partitions, committer, open } = setUp();
    const [first, second] = [open(0, 5), open(1, 5)];
    wire.commitScripts.push(() => wireError('unavailable'));
    await partitions.complete(first, 0);
    await clock.pass(INTERVAL_MS);
    await partitions.complete(second, 0);
    committer.remove(first);
    committer.remove(second);
    await clock.pass(10_000);
    expect(wire.commits).toHaveLength(1);
    expect(committer.committedOffset(first)).toBe(-1);
  });
});

describe('what does not fit', () => {
  /** Partitions of which an earlier owner completed so many stretches of random lengths, and of which 0 and 1 run. */
  function withLongMaps(context: ReturnType<typeof setUp>, partitionCount: number, stretches: number): PartitionQueue[] {
    let random = 1;
    let end = 2;
    const bounds = Float64Array.from({ length: 2 * stretches }, () => (end += 20_000 + ((random = (random * 48_271) % 2_147_483_647) % 1_000_000)));
    return Array.from({ length: partitionCount }, (_, partition) => {
      const queue = context.partitions.open('orders', partition, 0, new CompletedRanges(bounds));
      context.committer.add(queue, 0);
      context.partitions.deliver(queue, 2);
      return queue;
    });
  }
  const completeAll = async ({ partitions }: ReturnType<typeof setUp>, queues: readonly PartitionQueue[], offset: number): Promise<void> => {
    for (const queue of queues) await partitions.complete(queue, offset);
  };

  it('into one request goes into several: 200 partitions with full maps', async () => {
    const context = setUp();
    await completeAll(context, withLongMaps(context, 200, 1250), 1);
    await context.clock.pass(INTERVAL_MS);
    await settle();
    expect(context.wire.stored.size).toBe(200);
    for (const { metadata } of context.wire.stored.values()) expect(metadata.length).toBeGreaterThan(3900);
    for (const { offsets } of context.wire.commits) expect(3 * offsets.reduce((sum, { metadata }) => sum + metadata.length, 0)).toBeLessThanOrEqual(512 * 1024);
    expect(context.wire.mostCommitsUnderWay).toBe(1);
    expect(context.clock.timerCount).toBe(0);
  });

  it('into a smaller request of this broker is halved until it does, and the next round knows', async () => {
    const context = setUp();
    context.wire.limits.requestBytes = 20_000;
    const queues = withLongMaps(context, 20, 100);
    await completeAll(context, queues, 1);
    await context.clock.pass(INTERVAL_MS);
    expect(context.wire.stored.size).toBe(20);
    const { length } = context.wire.commits;
    await completeAll(context, queues, 0);
    await context.clock.pass(INTERVAL_MS);
    const refused = context.wire.commits.slice(length).filter(({ offsets }) => offsets.reduce((sum, { metadata }) => sum + Buffer.byteLength(metadata), 0) > 20_000);
    expect(refused.length).toBeLessThanOrEqual(1);
    expect(context.log.errors).toEqual([]);
  });

  it('into a whole request that the broker rejects is halved, too', async () => {
    const context = setUp();
    context.wire.commitScripts.push(() => wireError('too-large'));
    const queues = Array.from({ length: 8 }, (_, partition) => context.open(partition, 2));
    for (const queue of queues) await context.partitions.complete(queue, 0);
    await context.clock.pass(INTERVAL_MS);
    expect(context.wire.stored.size).toBe(8);
    expect(context.wire.commits.map(({ offsets }) => offsets.length)).toEqual([8, 4, 4]);
  });

  it('into the metadata that this broker takes is saved without its map first, and then with a shorter one', async () => {
    const context = setUp();
    context.wire.limits.metadataChars = 50;
    const [queue] = withLongMaps(context, 1, 50);
    await context.partitions.complete(queue, 0);
    const { watermark } = queue.tracker;
    await context.clock.pass(INTERVAL_MS);
    expect(context.stored(0)).toBe(watermark);
    expect(context.wire.commits[1].offsets[0]).toMatchObject({ offset: watermark, metadata: '' });
    const { metadata } = context.wire.stored.get('orders/0') ?? { metadata: '' };
    expect(metadata.length).toBeGreaterThan(20);
    expect(metadata.length).toBeLessThanOrEqual(50);
    expect(context.log.errors).toEqual([]);
    expect(context.clock.timerCount).toBe(0);
  });

  it('into the map is left out and counted: its beginning is kept', async () => {
    const context = setUp();
    const [queue] = withLongMaps(context, 1, 5000);
    await context.partitions.complete(queue, 1);
    await context.clock.pass(INTERVAL_MS);
    const { metadata } = context.wire.stored.get('orders/0') ?? { metadata: '' };
    expect(metadata.length).toBeGreaterThan(4000);
    expect(metadata.length).toBeLessThanOrEqual(4096);
    expect(context.committer.truncatedMaps).toBe(1);
    expect(queue.tracker.watermark).toBe(0);
  });
});

describe('the last commit before partitions are given up', () => {
  it('waits for the one under way and says what Kafka has', async () => {
    const { clock, wire, partitions, committer, open, stored } = setUp();
    const queue = open(0, 5);
    wire.holdsCommits = true;
    await partitions.complete(queue, 0);
    await clock.pass(INTERVAL_MS);
    await partitions.complete(queue, 1, 2);
    let result: unknown = null;
    void committer.flush([queue]).then((flushed) => (result = flushed));
    await settle();
    expect(result).toBeNull();
    await wire.releaseCommits();
    expect(result).toEqual({ committed: [queue], refused: [] });
    expect(stored(0)).toBe(3);
  });

  it('is no request where Kafka has it all', async () => {
    const { wire, committer, open } = setUp();
    const queue = open(0, 0, 7);
    expect(await committer.flush([queue])).toEqual({ committed: [queue], refused: [] });
    expect(wire.commits).toHaveLength(0);
  });

  it('is tried again while nobody answers, for as long as a session, and then counts as refused', async () => {
    const { clock, wire, partitions, committer, open } = setUp();
    const queue = open(0, 5);
    for (let failure = 0; failure < 50; failure++) wire.commitScripts.push(() => wireError('unavailable'));
    await partitions.complete(queue, 0);
    let result: unknown = null;
    void committer.flush([queue]).then((flushed) => (result = flushed));
    await clock.pass(14_999);
    expect(result).toBeNull();
    await clock.pass(1);
    expect(result).toEqual({ committed: [], refused: [queue] });
  });

  it('succeeds when somebody answers in time', async () => {
    const { clock, wire, partitions, committer, open } = setUp();
    const queue = open(0, 5);
    wire.commitScripts.push(...[1, 2, 3].map(() => () => wireError('unavailable')));
    await partitions.complete(queue, 0);
    let result: unknown = null;
    void committer.flush([queue]).then((flushed) => (result = flushed));
    await clock.pass(1000);
    expect(result).toEqual({ committed: [queue], refused: [] });
  });

  it.each(['fenced', 'unknown-member'] as const)('is over at once when the member is %s', async (kind) => {
    const { wire, partitions, committer, open } = setUp();
    const queue = open(0, 5);
    wire.commitScripts.push(() => wireError(kind));
    await partitions.complete(queue, 0);
    expect(await committer.flush([queue])).toEqual({ committed: [], refused: [queue] });
    expect(wire.commits).toHaveLength(1);
  });

  it('does not wait for a partition that is lost meanwhile', async () => {
    const { wire, partitions, committer, open } = setUp();
    const queue = open(0, 5);
    wire.holdsCommits = true;
    await partitions.complete(queue, 0);
    const flushed = committer.flush([queue]);
    await settle();
    committer.remove(queue);
    expect(await flushed).toEqual({ committed: [], refused: [queue] });
  });
});

describe('the start of a partition without a commit', () => {
  it('is committed at once, although nothing is complete, and counts no record', async () => {
    const { wire, committer, open, stored } = setUp();
    const queues = [open(0, 0, 700, -1), open(1, 0, 0, -1)];
    await committer.persistStarts(queues);
    expect([stored(0), stored(1)]).toEqual([700, 0]);
    expect(wire.commits).toHaveLength(1);
    expect(committer.committedCount).toBe(0);
  });

  it('is awaited for as long as it takes, over a change of identity', async () => {
    const { clock, wire, committer, member, open, stored } = setUp();
    const queue = open(0, 0, 700, -1);
    wire.commitScripts.push(
      () => wireError('unavailable'),
      () => wireError('fenced'),
    );
    let isSaved = false;
    void committer.persistStarts([queue]).then(() => (isSaved = true));
    await clock.pass(120_000);
    expect(isSaved).toBe(false);
    member.identity = { memberId: 'a', generation: 2 };
    await clock.pass(200);
    expect(isSaved).toBe(true);
    expect(stored(0)).toBe(700);
  });

  it('is given up with the partition, and with a stop', async () => {
    const { wire, committer, clock, open } = setUp();
    const [lost, kept] = [open(0, 0, 700, -1), open(1, 0, 700, -1)];
    for (let failure = 0; failure < 9; failure++) wire.commitScripts.push(() => wireError('unavailable'));
    const first = committer.persistStarts([lost]);
    const second = committer.persistStarts([kept]);
    await settle();
    committer.remove(lost);
    await first;
    committer.stop();
    await second;
    expect(clock.timerCount).toBe(0);
  });
});
