import { StartPositions } from '../../../lib/consumer/start-positions.js';
import type { TopicPartition } from '../../../lib/consumer/wire.js';
import { IncompleteRuns } from '../../../lib/engine/incomplete-runs.js';
import { encodeOffsetMap } from '../../../lib/engine/offset-map.js';
import { FakeFetchWire, FakeLog, ManualClock, settle, wireError } from '../../support/fake-fetch-wire.js';

function setUp({ fromBeginning = false } = {}) {
  const clock = new ManualClock();
  const wire = new FakeFetchWire().topic('orders', 4);
  const log = new FakeLog();
  const options = { groupId: 'billing', fromBeginning };
  const starts = new StartPositions({ wire, clock, log, options });
  for (let partition = 0; partition < 4; partition++) wire.set('orders', partition, { start: 10, end: 1000 });
  const commit = (partition: number, offset: number, metadata = ''): void => void wire.stored.set(`orders/${partition}`, { offset, metadata });
  const lookBack = async () => starts.lookBack(await wire.metadata(['orders']));
  const resolve = (...partitions: number[]) => starts.resolve(of(...partitions), () => true);
  const offsets = async (...partitions: number[]) => (await resolve(...partitions)).map(({ offset }) => offset);
  /** The next start of the process: it knows nothing but what Kafka has. */
  const restarted = () => new StartPositions({ wire, clock, log, options });
  return { clock, wire, log, starts, commit, lookBack, resolve, offsets, restarted };
}

function of(...partitions: number[]): TopicPartition[] {
  return partitions.map((partition) => ({ topic: 'orders', partition }));
}

/** The metadata of a commit at `watermark` with everything up to `end` complete but `incomplete`. */
function mapOf(watermark: number, incomplete: readonly number[], end: number): string {
  const runs = new IncompleteRuns();
  for (const offset of incomplete) runs.add(offset, offset + 1);
  return encodeOffsetMap(watermark, runs, end, { chars: 4096 }).metadata;
}

describe('a partition with a commit', () => {
  it('begins there, and what its map names is complete', async () => {
    const { commit, resolve } = setUp();
    commit(0, 100, mapOf(100, [100, 103], 106));
    const [start] = await resolve(0);
    expect(start).toMatchObject({ topic: 'orders', partition: 0, offset: 100, committedOffset: 100, mustCommit: false });
    expect([100, 101, 102, 103, 104, 105, 106].filter((offset) => start.completed.isComplete(offset))).toEqual([101, 102, 104, 105]);
  });

  it.each([
    ['of another program', 'checkpoint-17'],
    ['that is damaged', mapOf(100, [100, 103], 106).slice(0, -1)],
    ['of a future version', 'kmt9whatever'],
    ['that belongs to another offset', mapOf(99, [99, 103], 106)],
  ])('ignores metadata %s, with one warning, and loses nothing', async (_, metadata) => {
    const { log, commit, resolve } = setUp();
    commit(0, 100, metadata);
    commit(1, 100, metadata);
    const resolved = await resolve(0, 1);
    expect(resolved.map(({ offset, completed }) => [offset, completed.isEmpty])).toEqual([
      [100, true],
      [100, true],
    ]);
    await resolve(0, 1);
    expect(log.warnings).toEqual([expect.stringMatching(/orders\/0@100: .*1 more/)]);
  });

  it('below the start of the log begins at the start, with a warning, and says so to Kafka', async () => {
    const { log, commit, resolve } = setUp();
    commit(0, 5);
    expect(await resolve(0)).toMatchObject([{ offset: 10, committedOffset: 5, mustCommit: true }]);
    expect(log.warnings).toEqual([expect.stringContaining('orders/0 begins at offset 10')]);
  });

  it('below the start of the log skips what its map names as complete there', async () => {
    const { commit, offsets } = setUp();
    commit(0, 5, mapOf(5, [5], 12));
    expect(await offsets(0)).toEqual([12]);
  });

  it('above what a leader gives as the end of its log begins there all the same: only a fetch proves that it is not there', async () => {
    const { log, commit, resolve } = setUp();
    commit(0, 2000);
    expect(await resolve(0)).toMatchObject([{ offset: 2000, mustCommit: false }]);
    expect(log.warnings).toEqual([]);
  });

  it('does not wait for a leader that is away or silent', async () => {
    const { clock, wire, commit, starts } = setUp();
    commit(0, 100);
    wire.failures.offsets.push(wireError('unavailable'));
    expect(await starts.resolve(of(0), () => true)).toMatchObject([{ offset: 100 }]);
    jest.spyOn(wire, 'offsets').mockImplementationOnce(() => new Promise(() => {}));
    const resolved = starts.resolve(of(0), () => true);
    await clock.pass(1000);
    expect(await resolved).toMatchObject([{ offset: 100 }]);
    expect(clock.timerCount).toBe(0);
  });
});

describe('a partition without a commit', () => {
  it('begins at the end, which must be committed before its first record', async () => {
    const { lookBack, resolve } = setUp();
    await lookBack();
    expect(await resolve(0, 1)).toMatchObject([
      { partition: 0, offset: 1000, committedOffset: -1, mustCommit: true },
      { partition: 1, offset: 1000, committedOffset: -1, mustCommit: true },
    ]);
  });

  it('begins at the start of the log with fromBeginning', async () => {
    const { lookBack, resolve } = setUp({ fromBeginning: true });
    await lookBack();
    expect(await resolve(2)).toMatchObject([{ offset: 10, committedOffset: -1, mustCommit: true }]);
  });

  it('begins where the first assignment put it after a crash, and not at the new end', async () => {
    const { wire, commit, resolve, restarted } = setUp();
    const [{ offset }] = await resolve(0);
    commit(0, offset);
    wire.set('orders', 0, { end: 5000 });
    expect(await restarted().resolve(of(0), () => true)).toMatchObject([{ offset: 1000, mustCommit: false }]);
  });

  it('that was added while the member runs begins at its start', async () => {
    const { wire, lookBack, offsets } = setUp();
    await lookBack();
    expect(await offsets(0, 1, 2, 3)).toEqual([1000, 1000, 1000, 1000]);
    wire.topic('orders', 6).set('orders', 4, { start: 0, end: 77 }).set('orders', 5, { start: 0, end: 78 });
    expect(await offsets(4, 5)).toEqual([0, 0]);
  });

  it('that was added while no member ran begins at its start', async () => {
    const { wire, commit, lookBack, offsets, log } = setUp();
    for (let partition = 0; partition < 4; partition++) commit(partition, 500);
    wire.topic('orders', 5).set('orders', 4, { start: 0, end: 77 });
    await lookBack();
    expect(await offsets(3, 4)).toEqual([500, 0]);
    expect(log.infos).toEqual([expect.stringContaining('orders/4 was added')]);
  });

  it('is known as added later also when only some of the older ones have a commit', async () => {
    const { wire, commit, lookBack, offsets } = setUp();
    commit(2, 500);
    wire.topic('orders', 5).set('orders', 4, { start: 0, end: 77 });
    await lookBack();
    expect(await offsets(4)).toEqual([0]);
  });

  it('is not taken as added later because another member of a new group was quicker to commit its starts', async () => {
    const { commit, lookBack, offsets } = setUp();
    await lookBack();
    commit(0, 1000);
    commit(1, 1000);
    expect(await offsets(2, 3)).toEqual([1000, 1000]);
  });

  it('of a topic that came after the member had joined begins at its start: what was written until the member saw it is read', async () => {
    const { wire, starts, lookBack } = setUp();
    await lookBack();
    wire.topic('payments', 2).set('payments', 0, { end: 4 }).set('payments', 1, { end: 9 });
    const both = [0, 1].map((partition) => ({ topic: 'payments', partition }));
    expect(await starts.resolve(both, () => true)).toMatchObject([{ offset: 0 }, { offset: 0 }]);
  });

  it('of a topic that was deleted and created anew begins at its start', async () => {
    const { wire, starts, lookBack } = setUp();
    await lookBack();
    starts.forgetTopics((topic) => topic === 'orders');
    wire.set('orders', 0, { start: 0, end: 4 });
    expect(await starts.resolve([{ topic: 'orders', partition: 0 }], () => true)).toMatchObject([{ offset: 0 }]);
  });

  it('of a member that could not look back is compared with the partitions below it', async () => {
    const { wire, starts } = setUp();
    wire.topic('payments', 2).set('payments', 0, { end: 4 }).set('payments', 1, { end: 9 });
    const of = (partition: number) => [{ topic: 'payments', partition }];
    expect(await starts.resolve(of(0), () => true)).toMatchObject([{ offset: 4 }]);
    wire.stored.set('payments/0', { offset: 4, metadata: '' });
    expect(await starts.resolve(of(1), () => true)).toMatchObject([{ offset: 0 }]);
  });
});

describe('asking for start positions', () => {
  it('goes on while nobody answers, and answers in the order of the question', async () => {
    const { clock, wire, starts, commit } = setUp({ fromBeginning: true });
    commit(2, 600);
    wire.failures.committed.push(wireError('unavailable'), wireError('moved'));
    wire.failures.offsets.push(null, wireError('unavailable'));
    const resolved = starts.resolve(of(3, 2, 0), () => true);
    await clock.pass(1000);
    expect((await resolved).map(({ partition, offset }) => [partition, offset])).toEqual([
      [3, 10],
      [2, 600],
      [0, 10],
    ]);
  });

  it('is divided for many partitions', async () => {
    const { wire, starts } = setUp({ fromBeginning: true });
    wire.topic('orders', 1200);
    const all = of(...Array.from({ length: 1200 }, (_, partition) => partition));
    expect(await starts.resolve(all, () => true)).toHaveLength(1200);
    expect(wire.asked.committed.map(({ length }) => length)).toEqual([500, 500, 200]);
  });

  it('asks again for a partition that the answer leaves out', async () => {
    const { clock, wire, starts, commit } = setUp();
    commit(0, 100);
    commit(1, 200);
    jest.spyOn(wire, 'committed').mockResolvedValueOnce([{ topic: 'orders', partition: 0, offset: 100, metadata: '' }]);
    const resolved = starts.resolve(of(0, 1), () => true);
    await clock.pass(100);
    expect(await resolved).toMatchObject([{ offset: 100 }, { offset: 200 }]);
  });

  it('looks back at ten thousand topics in a few requests', async () => {
    const { wire, starts } = setUp();
    const names = Array.from({ length: 10_000 }, (_, index) => `topic${index}`);
    for (const name of names) wire.topic(name, 2);
    // The first partition of half of them tells; of one more it is the second.
    for (const [index, name] of names.entries()) if (index % 2 === 0) wire.stored.set(`${name}/0`, { offset: 7, metadata: '' });
    wire.stored.set('topic1/1', { offset: 7, metadata: '' });
    await starts.lookBack(await wire.metadata(names));
    expect(wire.asked.committed).toHaveLength(30);
    const begins = await starts.resolve([{ topic: 'topic1', partition: 0 }, { topic: 'topic3', partition: 0 }], () => true);
    expect(wire.asked.offsets.at(-1)).toEqual([{ topic: 'topic1', partition: 0, at: 'earliest' }, { topic: 'topic3', partition: 0, at: 'latest' }]);
    expect(begins).toHaveLength(2);
  });

  it('ends when the partitions are not wanted any more, and when it is stopped', async () => {
    const { clock, wire, starts } = setUp();
    wire.failures.committed.push(...Array.from({ length: 9 }, () => wireError('unavailable')));
    let isWanted = true;
    const unwanted = starts.resolve(of(0), () => isWanted);
    const stopped = starts.resolve(of(1), () => true);
    await settle();
    isWanted = false;
    starts.stop();
    await clock.pass(2000);
    expect(await unwanted).toEqual([]);
    expect(await stopped).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  it('fails where no repetition will help', async () => {
    const { wire, starts } = setUp();
    wire.failures.committed.push(wireError('fatal'));
    await expect(starts.resolve(of(0), () => true)).rejects.toMatchObject({ kind: 'fatal' });
  });
});
