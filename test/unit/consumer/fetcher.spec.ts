import { Fetcher } from '../../../lib/consumer/fetcher.js';
import { TopicMetadata } from '../../../lib/consumer/topic-metadata.js';
import type { EngineLimits } from '../../../lib/engine/engine-host.js';
import type { PartitionQueue } from '../../../lib/engine/partition-queue.js';
import { FakeFetchWire, FakeLog, ManualClock, fetched, records, settle, wireError } from '../../support/fake-fetch-wire.js';
import { PartitionHarness } from './partition-harness.js';

const MAX_WAIT_MS = 250;

async function setUp(limits: Partial<EngineLimits> = {}, isolation: 'read_committed' | 'read_uncommitted' = 'read_committed') {
  const clock = new ManualClock();
  const wire = new FakeFetchWire().topic('orders', 4);
  const log = new FakeLog();
  const options = { isolation, metadataMaxAgeMs: 60_000, fetch: { minBytes: 1, maxBytes: 1e7, maxBytesPerPartition: 1e6, maxWaitMs: MAX_WAIT_MS } };
  const metadata = new TopicMetadata({ wire, clock, log, options, matches: null, topics: ['orders'] });
  const restarts: [PartitionQueue, number][] = [];
  const fetcher = new Fetcher({ wire, clock, log, options, metadata, restart: (queue, offset) => restarts.push([queue, offset]) });
  const partitions = new PartitionHarness(clock, limits);
  partitions.roomAppeared = () => fetcher.wake();
  const refreshed = metadata.refresh();
  await clock.pass(0);
  await refreshed;
  /** Opens partitions and fetches them. */
  const add = async (...numbers: number[]): Promise<PartitionQueue[]> => {
    const queues = numbers.map((partition) => partitions.open('orders', partition));
    for (const queue of queues) fetcher.add(queue);
    await settle();
    return queues;
  };
  return { clock, wire, log, metadata, fetcher, partitions, restarts, add };
}

/** Spreads the partitions over two brokers: 0 and 1 on broker 1, 2 and 3 on broker 2. */
async function onTwoBrokers() {
  const context = await setUp();
  context.wire.set('orders', 2, { leader: 2 }).set('orders', 3, { leader: 2 });
  context.metadata.request('test');
  await context.clock.pass(200);
  const [a, b, c, d] = await context.add(0, 1, 2, 3);
  const waitingAt = (leader: number) => context.wire.open.find(({ request }) => request.leader === leader);
  return { ...context, queues: { a, b, c, d }, waitingAt };
}

describe('a fetch round', () => {
  it('asks each broker for its partitions in one request, from their positions on', async () => {
    const { wire, waitingAt } = await onTwoBrokers();
    expect(wire.open).toHaveLength(2);
    expect(waitingAt(1)?.offsets).toEqual(['orders/0@0', 'orders/1@0']);
    expect(waitingAt(2)?.offsets).toEqual(['orders/2@0', 'orders/3@0']);
    expect(waitingAt(1)?.request).toMatchObject({ maxWaitMs: MAX_WAIT_MS, minBytes: 1, isolation: 'read_committed' });
  });

  it('starts the handlers of what has arrived and asks from there on', async () => {
    const { wire, partitions, add } = await setUp();
    await add(0, 1);
    await wire.only.answer(records('orders', 0, 0, 3), fetched('orders', 1));
    expect(partitions.started).toEqual(['orders/0@0', 'orders/0@1', 'orders/0@2']);
    expect(wire.only.offsets.sort()).toEqual(['orders/0@3', 'orders/1@0']);
  });

  it('moves the position and the watermark past a stretch without records', async () => {
    const { wire, add } = await setUp();
    const [queue] = await add(0);
    await wire.only.answer(records('orders', 0, 0, 8, []));
    expect(queue.tracker.watermark).toBe(8);
    expect(wire.only.offsets).toEqual(['orders/0@8']);
  });

  it('gives each partition its turn to be first', async () => {
    const { wire, add } = await setUp();
    await add(0, 1, 2);
    const firsts: number[] = [];
    for (let round = 0; round < 6; round++) {
      firsts.push(wire.only.request.positions[0].partition);
      await wire.only.answer(records('orders', 0, round, round + 1));
    }
    expect(firsts).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('sends the next request before the handlers of a large answer start', async () => {
    const { wire, partitions, add } = await setUp();
    await add(0);
    let sentWhenFirstStarted = 0;
    const push = partitions.started.push.bind(partitions.started);
    partitions.started.push = (...names: string[]) => {
      if (partitions.started.length === 0) sentWhenFirstStarted = wire.fetches.length;
      return push(...names);
    };
    await wire.only.answer(records('orders', 0, 0, 200));
    expect(partitions.started).toHaveLength(200);
    expect(sentWhenFirstStarted).toBe(2);
    expect(wire.only.offsets).toEqual(['orders/0@200']);
  });

  it('does not send ahead where the answer fills the partition', async () => {
    const { wire, partitions, add } = await setUp({ recordsPerPartition: 150 });
    const [queue] = await add(0);
    await wire.only.answer(records('orders', 0, 0, 200));
    expect(queue.buffered).toBe(200);
    expect(wire.open).toHaveLength(0);
    expect(partitions.started).toHaveLength(200);
  });

  it('never buffers more than the limit and one fetch, with handlers that hang', async () => {
    const { wire, add } = await setUp({ recordsPerPartition: 1000 });
    const [queue] = await add(0);
    for (let from = 0; wire.open.length > 0; from += 300) await wire.only.answer(records('orders', 0, from, from + 300));
    expect(queue.buffered).toBeGreaterThanOrEqual(1000);
    expect(queue.buffered).toBeLessThanOrEqual(1300);
  });

  it('gives a broker that answers at once with nothing a pause', async () => {
    const { clock, wire, add } = await setUp();
    await add(0);
    for (let answer = 0; answer < 3; answer++) await wire.only.answer(fetched('orders', 0));
    expect(wire.open).toHaveLength(0);
    await clock.pass(20);
    expect(wire.open).toHaveLength(1);
  });
});

describe('a partition that takes nothing', () => {
  it('is left out while it is full, and the loop sleeps until there is room', async () => {
    const { clock, wire, partitions, add } = await setUp({ recordsPerPartition: 3 });
    const [queue] = await add(0);
    await wire.only.answer(records('orders', 0, 0, 3));
    await clock.pass(60_000);
    expect(wire.open).toHaveLength(0);
    await partitions.complete(queue, 1);
    expect(wire.only.offsets).toEqual(['orders/0@3']);
  });

  it('is back within 20 ms while the others have nothing to read', async () => {
    const { wire, partitions, add } = await setUp({ recordsPerPartition: 3 });
    const [full] = await add(0, 1);
    await wire.only.answer(records('orders', 0, 0, 3), fetched('orders', 1));
    expect(wire.only.offsets).toEqual(['orders/1@0']);
    expect(wire.only.request.maxWaitMs).toBe(20);
    await partitions.complete(full, 0, 1, 2);
    await wire.only.answer(fetched('orders', 1));
    expect(wire.only.offsets.sort()).toEqual(['orders/0@3', 'orders/1@0']);
    expect(wire.only.request.maxWaitMs).toBe(MAX_WAIT_MS);
  });

  it('does not shorten the wait of the others when a person has paused it', async () => {
    const { wire, add } = await setUp();
    const [paused] = await add(0, 1);
    paused.suspend('user');
    await wire.only.answer(fetched('orders', 0), fetched('orders', 1));
    expect(wire.only.offsets).toEqual(['orders/1@0']);
    expect(wire.only.request.maxWaitMs).toBe(MAX_WAIT_MS);
  });

  it('gets nothing of an answer that was under way when it was removed', async () => {
    const { wire, fetcher, partitions, add } = await setUp();
    const [removed] = await add(0, 1);
    const late = wire.only;
    fetcher.remove(removed);
    await late.answer(records('orders', 0, 0, 3));
    expect(partitions.started).toEqual([]);
    expect(wire.only.offsets).toEqual(['orders/1@0']);
  });

  it('gets nothing of its earlier assignment after it has come back', async () => {
    const { wire, fetcher, partitions, add } = await setUp();
    const [earlier] = await add(0);
    const late = wire.only;
    fetcher.remove(earlier);
    await add(0);
    await late.answer(records('orders', 0, 0, 3));
    expect(partitions.started).toEqual([]);
    expect(wire.only.offsets).toEqual(['orders/0@0']);
  });
});

describe('a broker that fails', () => {
  it('costs only its own partitions, which are tried again with growing pauses', async () => {
    const { clock, wire, log, waitingAt } = await onTwoBrokers();
    await waitingAt(1)?.fail('unavailable');
    await waitingAt(2)?.answer(records('orders', 2, 0, 1));
    expect(waitingAt(1)).toBeUndefined();
    expect(waitingAt(2)).toBeDefined();
    await clock.pass(200);
    await waitingAt(1)?.fail('unavailable');
    await clock.pass(399);
    expect(waitingAt(1)).toBeUndefined();
    await clock.pass(1);
    expect(waitingAt(1)?.offsets.sort()).toEqual(['orders/0@0', 'orders/1@0']);
    expect(wire.asked.metadata).toBeGreaterThan(1);
    expect(log.warnings).toHaveLength(1);
  });

  it('is asked again even when the client library throws what is no wire error', async () => {
    const { clock, wire, log, add } = await setUp();
    jest.spyOn(wire, 'fetch').mockImplementationOnce(() => Promise.reject(new TypeError('undefined is not a function')));
    await add(0);
    expect(log.errors).toHaveLength(1);
    await clock.pass(200);
    expect(wire.only.offsets).toEqual(['orders/0@0']);
  });

  it('loses its partitions to their new leader at the next metadata, and goes on with the others', async () => {
    const { clock, wire, metadata, waitingAt } = await onTwoBrokers();
    wire.set('orders', 1, { leader: 2 });
    metadata.request('test');
    await clock.pass(200);
    await waitingAt(2)?.answer(fetched('orders', 2), fetched('orders', 3));
    expect(waitingAt(2)?.offsets.sort()).toEqual(['orders/1@0', 'orders/2@0', 'orders/3@0']);
    await waitingAt(1)?.answer(records('orders', 0, 0, 1), records('orders', 1, 0, 1));
    expect(waitingAt(1)?.offsets).toEqual(['orders/0@1']);
  });
});

describe('a fault of one partition', () => {
  it('that has moved asks for metadata and tries that one again after 200 ms, the others at once', async () => {
    const { clock, wire, add } = await setUp();
    await add(0, 1);
    const before = wire.asked.metadata;
    await wire.only.answer(fetched('orders', 0, { fault: 'moved' }), records('orders', 1, 0, 1));
    expect(wire.only.offsets).toEqual(['orders/1@1']);
    expect(wire.only.request.maxWaitMs).toBe(200);
    await clock.pass(200);
    expect(wire.asked.metadata).toBe(before + 1);
    await wire.only.answer(fetched('orders', 1));
    expect(wire.only.offsets.sort()).toEqual(['orders/0@0', 'orders/1@1']);
  });

  it('without a leader waits for one', async () => {
    const { clock, wire, metadata, add } = await setUp();
    wire.set('orders', 0, { leader: null });
    metadata.request('test');
    await clock.pass(200);
    await add(0);
    expect(wire.open).toHaveLength(0);
    wire.set('orders', 0, { leader: 3 });
    await clock.pass(500);
    expect(wire.only.request.leader).toBe(3);
  });

  it('that cannot be decoded is named once in the log and shown to health, and is not skipped', async () => {
    const { clock, wire, log, fetcher, add } = await setUp();
    const [queue] = await add(0, 1);
    await wire.only.answer(fetched('orders', 0, { fault: 'corrupt', reason: 'zstd is not available' }), records('orders', 1, 0, 1));
    expect(log.errors).toEqual([expect.stringMatching(/orders\/0 .*offset 0 .*zstd is not available/)]);
    expect(fetcher.faults).toEqual([{ topic: 'orders', partition: 0, fault: 'corrupt', reason: 'zstd is not available' }]);
    await clock.pass(1000);
    await wire.only.answer(fetched('orders', 1));
    await wire.only.answer(fetched('orders', 0, { fault: 'corrupt', reason: 'zstd is not available' }));
    expect(log.errors).toHaveLength(1);
    expect(queue.tracker.position).toBe(0);
    await clock.pass(2000);
    await wire.only.answer(fetched('orders', 1));
    await wire.only.answer(records('orders', 0, 0, 1));
    expect(fetcher.faults).toEqual([]);
  });
});

describe('a position that is not in the log', () => {
  it('goes on at the start of a log whose beginning was deleted, with a warning', async () => {
    const { wire, log, restarts, add } = await setUp();
    const [queue] = await add(0);
    wire.set('orders', 0, { start: 50, end: 90 });
    await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
    expect(wire.only.offsets).toEqual(['orders/0@50']);
    expect(queue.tracker.watermark).toBe(50);
    expect(log.warnings).toEqual([expect.stringContaining('0 to 49 were deleted')]);
    expect(restarts).toEqual([]);
  });

  it('keeps what still runs below the new start incomplete', async () => {
    const { wire, partitions, add } = await setUp();
    const [queue] = await add(0);
    await wire.only.answer(records('orders', 0, 0, 2));
    wire.set('orders', 0, { start: 50, end: 90 });
    await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
    expect([queue.tracker.watermark, queue.tracker.position]).toEqual([0, 50]);
    await partitions.complete(queue, 0, 1);
    expect(queue.tracker.watermark).toBe(50);
  });

  it('is read from the start again when a log ends before it, once the leader has said so three times', async () => {
    const { clock, wire, log, restarts, fetcher, add } = await setUp();
    const [queue] = await add(0);
    await wire.only.answer(records('orders', 0, 0, 30));
    wire.set('orders', 0, { start: 4, end: 10 });
    for (let answer = 0; answer < 3; answer++) {
      expect(restarts).toEqual([]);
      await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
      await clock.pass(answer < 2 ? 1000 : 0);
    }
    expect(restarts).toEqual([[queue, 4]]);
    expect(log.warnings).toEqual([expect.stringContaining('ends before offset 30')]);
    expect(fetcher.faults).toHaveLength(1);
  });

  it('is no reason to restart when the next leader has it after all', async () => {
    const { clock, wire, restarts, add } = await setUp();
    await add(0);
    await wire.only.answer(records('orders', 0, 0, 30));
    for (let round = 0; round < 3; round++) {
      await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
      await clock.pass(1000);
      await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
      await clock.pass(1000);
      await wire.only.answer(records('orders', 0, 30 + round, 31 + round));
    }
    expect(restarts).toEqual([]);
  });

  it('is tried again when the log cannot be asked', async () => {
    const { clock, wire, add } = await setUp();
    await add(0);
    wire.set('orders', 0, { start: 50, end: 90 });
    wire.failures.offsets.push(wireError('unavailable'));
    await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
    expect(wire.open).toHaveLength(0);
    await clock.pass(400);
    await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
    expect(wire.only.offsets).toEqual(['orders/0@50']);
  });
});

describe('a preferred replica', () => {
  it('is read from where the leader asks for it, and left for the leader when it fails', async () => {
    const { clock, wire, add } = await setUp();
    await add(0);
    await wire.only.answer(fetched('orders', 0, { preferredReplica: 5 }));
    expect(wire.only.request.leader).toBe(5);
    await wire.only.answer(fetched('orders', 0, { fault: 'out-of-range' }));
    await clock.pass(200);
    expect(wire.only.request.leader).toBe(1);
  });

  it('that does not answer is left at once', async () => {
    const { wire, add } = await setUp();
    await add(0);
    await wire.only.answer(fetched('orders', 0, { preferredReplica: 5 }));
    await wire.only.fail('unavailable');
    expect(wire.only.request.leader).toBe(1);
  });
});

describe('what is told of fetching', () => {
  it.each([
    ['read_committed', 7],
    ['read_uncommitted', 10],
  ] as const)('counts lag under %s up to what can be read', async (isolation, lag) => {
    const { wire, fetcher, partitions, add } = await setUp({}, isolation);
    const [queue] = await add(0);
    expect(fetcher.lag(queue)).toBeNull();
    await wire.only.answer({ ...records('orders', 0, 0, 2), highWatermark: 10, lastStableOffset: 7 });
    expect(fetcher.lag(queue)).toBe(lag);
    await partitions.complete(queue, 0, 1);
    expect(fetcher.lag(queue)).toBe(lag - 2);
  });

  it('is alive while it has nothing to ask for, and not while a broker is silent', async () => {
    const { clock, wire, fetcher, add } = await setUp();
    const [queue] = await add(0);
    await clock.pass(5000);
    expect(clock.now() - fetcher.aliveAtMs).toBe(5000);
    queue.suspend('user');
    await wire.only.answer(fetched('orders', 0));
    await clock.pass(5000);
    expect(fetcher.aliveAtMs).toBe(clock.now());
  });

  it('ends with stop: nothing is asked or delivered, and no timer is left', async () => {
    const { clock, wire, fetcher, metadata, partitions, waitingAt } = await onTwoBrokers();
    await waitingAt(1)?.fail('unavailable');
    metadata.stop();
    fetcher.stop();
    await waitingAt(2)?.answer(records('orders', 2, 0, 3));
    expect(wire.open).toHaveLength(0);
    expect(partitions.started).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });
});
