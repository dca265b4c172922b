import type { Delivery } from '../../../lib/engine/delivery.js';
import { EngineHarness, settle } from './engine-harness.js';

const offsets = (deliveries: Iterable<{ offset: number }>): number[] => [...deliveries].map((delivery) => delivery.offset);

describe('the watermark', () => {
  it('stays at an offset that is blocked while those above it complete, and passes them all when it completes', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler());
    harness.deliver(queue, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (let offset = 1; offset <= 9; offset++) await harness.runOf(offset).succeed();
    expect(queue.tracker.watermark).toBe(0);
    expect(queue.tracker.completedAhead).toBe(9);
    await harness.runOf(0).succeed();
    expect(queue.tracker.watermark).toBe(10);
    expect(queue.tracker.completedAhead).toBe(0);
  });

  it('of one partition does not wait for another', async () => {
    const harness = new EngineHarness();
    const handler = harness.handler();
    const [blocked, free] = [harness.open(handler, 0), harness.open(handler, 1)];
    harness.deliver(blocked, [1]);
    harness.deliver(free, [1]);
    await harness.running.find((run) => run.delivery.partition === 1)?.succeed();
    expect([blocked.tracker.watermark, free.tracker.watermark]).toEqual([0, 1]);
  });
});

describe('what a handler answers', () => {
  const thenThrows = Object.defineProperty({}, 'then', {
    get: () => {
      throw new Error('no then');
    },
  });
  const manyTimes = { then: (resolve: (value: unknown) => void, reject: (error: Error) => void) => [resolve(1), resolve(2), reject(new Error('late'))] };
  const throwsLater = {
    then: (resolve: (value: unknown) => void) => {
      resolve(1);
      throw new Error('too late');
    },
  };

  it.each<[string, unknown, boolean]>([
    ['a frozen object', Object.freeze({ id: 1 }), true],
    ['an object without a prototype', Object.create(null), true],
    ['a thenable that resolves again and again', manyTimes, true],
    ['a thenable that resolves and throws', throwsLater, true],
    ['something whose `then` throws', thenThrows, false],
  ])('may be %s, and the next record has its turn', async (_, answer, succeeds) => {
    const harness = new EngineHarness({ concurrency: 1 });
    const answers = [answer, undefined];
    const handler = harness.handler({ retry: { retries: 0, delayMs: () => 0, retryable: () => true } });
    jest.spyOn(handler.handler, 'invoke').mockImplementation(() => answers.shift());
    const queue = harness.open(handler);
    harness.deliver(queue, [null, null]);
    await settle();
    expect(answers).toEqual([]);
    expect(harness.engine.counters).toMatchObject(succeeds ? { processed: 2, failed: 0 } : { processed: 1, failed: 1 });
    expect(harness.engine.inFlight).toBe(0);
  });
});

describe('slots', () => {
  it('reach the concurrency of the group over one partition, and never one more', async () => {
    const harness = new EngineHarness({ concurrency: 100 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, Array.from({ length: 1000 }, (_, key) => key));
    expect(harness.engine.inFlight).toBe(100);
    while (harness.running.length > 0) {
      await harness.running[Math.floor(harness.running.length / 2)].succeed();
      expect(harness.running.length).toBeLessThanOrEqual(100);
    }
    expect(queue.tracker.watermark).toBe(1000);
  });

  it('are shared so that a handler at its own limit blocks no other handler', async () => {
    const harness = new EngineHarness({ concurrency: 10 });
    const narrow = harness.open(harness.handler({ concurrency: 2 }, 'narrow'), 0);
    const wide = harness.open(harness.handler({}, 'wide'), 1);
    harness.deliver(narrow, Array.from({ length: 50 }, () => null));
    harness.deliver(wide, Array.from({ length: 50 }, () => null));
    expect(harness.running.filter((run) => run.delivery.queue === narrow)).toHaveLength(2);
    expect(harness.running.filter((run) => run.delivery.queue === wide)).toHaveLength(8);
  });

  it('go to the handlers in turn while all have work', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const first = harness.open(harness.handler({}, 'first'), 0);
    const second = harness.open(harness.handler({}, 'second'), 1);
    harness.deliver(first, Array.from({ length: 20 }, () => null));
    harness.deliver(second, Array.from({ length: 20 }, () => null));
    const turns: number[] = [];
    while (harness.running.length > 0) {
      turns.push(harness.running[0].delivery.partition);
      await harness.running[0].succeed();
    }
    expect(turns.slice(2, 20).filter((partition) => partition === 1).length).toBe(9);
  });

  it('are filled again in the same turn by handlers that return at once', () => {
    const harness = new EngineHarness({ concurrency: 1 });
    const seen: number[] = [];
    const handler = harness.handler({}, 'sync', (delivery) => void seen.push(delivery.offset));
    const queue = harness.open(handler);
    harness.deliver(queue, Array.from({ length: 100 }, () => 7));
    expect(seen).toEqual(Array.from({ length: 100 }, (_, offset) => offset));
    expect(queue.tracker.watermark).toBe(100);
  });

  it('let timers and sockets have their turn while handlers keep the thread busy', async () => {
    const harness = new EngineHarness({ concurrency: 1 });
    let handled = 0;
    const handler = harness.handler({}, 'busy', () => {
      handled++;
      harness.time += 5;
    });
    harness.deliver(harness.open(handler), Array.from({ length: 200 }, () => null));
    expect(handled).toBeLessThan(50);
    for (let turn = 0; handled < 200 && turn < 100; turn++) await settle();
    expect(handled).toBe(200);
  });

  it('let timers have their turn between handlers that are asynchronous and never wait for it', async () => {
    const harness = new EngineHarness({ concurrency: 3 });
    let handled = 0;
    const handler = harness.handler({}, 'async', async () => {
      await Promise.resolve();
      handled++;
      harness.time += 1;
    });
    harness.deliver(harness.open(handler), Array.from({ length: 500 }, () => null));
    const handledAt: number[] = [];
    while (handled < 500) {
      await new Promise((resolve) => setImmediate(resolve));
      handledAt.push(handled);
    }
    // A turn has time for some 25 handlers of a millisecond, and between two looks there may be two turns.
    for (const [turn, count] of handledAt.entries()) expect(count - (handledAt[turn - 1] ?? 0)).toBeLessThanOrEqual(60);
  });
});

describe('order', () => {
  it('by key: one key runs one record at a time in offset order, distinct keys overlap, records without a key are free', async () => {
    const harness = new EngineHarness();
    harness.deliver(harness.open(harness.handler()), [5, 5, 6, null, null, 5]);
    expect(offsets(harness.running)).toEqual([0, 2, 3, 4]);
    await harness.runOf(0).succeed();
    expect(offsets(harness.running)).toEqual([2, 3, 4, 1]);
    await harness.runOf(1).succeed();
    expect(offsets(harness.running)).toEqual([2, 3, 4, 5]);
  });

  it('by partition: one record of the partition at a time', async () => {
    const harness = new EngineHarness();
    harness.deliver(harness.open(harness.handler({ ordering: 'partition' })), [1, 2, null]);
    expect(offsets(harness.running)).toEqual([0]);
    await harness.runOf(0).succeed();
    expect(offsets(harness.running)).toEqual([1]);
  });

  it('none: records of one key overlap', () => {
    const harness = new EngineHarness();
    harness.deliver(harness.open(harness.handler({ ordering: 'none' })), [1, 1, 1]);
    expect(offsets(harness.running)).toEqual([0, 1, 2]);
  });

  it('is kept by a retry in place, which holds its lane and not its slot', async () => {
    const harness = new EngineHarness({ concurrency: 1 });
    const handler = harness.handler({ retry: { retries: 1, delayMs: () => 100, retryable: () => true } });
    harness.deliver(harness.open(handler), [1, 1, 2]);
    await harness.runOf(0).fail();
    expect(offsets(harness.running)).toEqual([2]);
    await harness.runOf(2).succeed();
    expect(harness.running).toEqual([]);
    await harness.pass(100);
    expect(harness.started).toEqual([0, 2, 0]);
    await harness.runOf(0).succeed();
    expect(harness.started).toEqual([0, 2, 0, 1]);
  });
});

describe('failures', () => {
  it('are retried as often as the policy says, then held, and what follows of the key goes on', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler({ retry: { retries: 3, delayMs: (n) => n * 10, retryable: () => true } }));
    harness.deliver(queue, [1, 1]);
    for (let attempt = 1; attempt <= 4; attempt++) {
      expect(harness.runOf(0).attempt).toBe(attempt);
      await harness.runOf(0).fail();
      await harness.pass(attempt * 10);
    }
    expect(queue.held).toBe(1);
    await harness.runOf(1).succeed();
    expect(queue.tracker.watermark).toBe(0);
    expect(queue.redeliverHeld()).toBe(1);
    await settle();
    expect(harness.runOf(0).attempt).toBe(1);
    await harness.runOf(0).succeed();
    expect(queue.tracker.watermark).toBe(2);
  });

  it('count a resolved or returned false', async () => {
    const harness = new EngineHarness();
    const sync = harness.open(harness.handler({ onExhausted: 'skip' }, 'sync', () => false), 0);
    const async = harness.open(harness.handler({ onExhausted: 'skip' }, 'async', () => Promise.resolve(false)), 1);
    harness.deliver(sync, [1]);
    harness.deliver(async, [1]);
    await settle();
    expect(harness.engine.counters).toMatchObject({ failed: 2, skipped: 2, processed: 0 });
    expect([sync.tracker.watermark, async.tracker.watermark]).toEqual([1, 1]);
  });

  it('ask for a stop of the group where the options say so, and leave the record uncommitted', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler({ onExhausted: 'stop' }));
    harness.deliver(queue, [1, 2]);
    await harness.runOf(0).fail(new Error('no way'));
    expect(harness.stopRequests).toEqual([new Error('no way')]);
    expect(queue.tracker.watermark).toBe(0);
  });

  it('pause the partition, and only it, at its limit of held records, until they are delivered again', async () => {
    const harness = new EngineHarness();
    const handler = harness.handler({ maxHeldPerPartition: 2 });
    const [full, other] = [harness.open(handler, 0), harness.open(handler, 1)];
    harness.deliver(full, [1, 2]);
    await harness.runOf(0).fail();
    await harness.runOf(1).fail();
    harness.deliver(full, [3]);
    harness.deliver(other, [1]);
    expect([full.suspendedBy, full.isFetchable, other.isFetchable]).toEqual(['held', false, true]);
    expect(harness.running.map((run) => run.delivery.partition)).toEqual([1]);
    full.redeliverHeld();
    await settle();
    expect(offsets(harness.running.filter((run) => run.delivery.queue === full)).sort()).toEqual([0, 1, 2]);
  });
});

describe('a timeout', () => {
  const options = { timeoutMs: 1000, abortGraceMs: 500, retry: { retries: 1, delayMs: () => 0, retryable: () => true } };

  it('aborts the signal, and the attempt has failed even if the handler then succeeds', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler(options));
    harness.deliver(queue, [1]);
    const { signal } = harness.runOf(0).delivery;
    await harness.pass(1000);
    expect(signal.aborted).toBe(true);
    await harness.runOf(0).succeed();
    expect(harness.engine.counters).toMatchObject({ failed: 1, processed: 0, abandoned: 0 });
    await harness.pass(0);
    expect(harness.runOf(0).attempt).toBe(2);
    expect(harness.runOf(0).delivery.signal.aborted).toBe(false);
  });

  it('gives a handler up after its grace, frees its slot, and ignores its late result', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler(options));
    harness.deliver(queue, [1]);
    const first = harness.runOf(0);
    await harness.pass(1500);
    await harness.pass(0);
    expect(harness.engine.counters.abandoned).toBe(1);
    expect(harness.engine.abandonedInFlight).toBe(1);
    expect(harness.running.map((run) => run.attempt)).toEqual([1, 2]);
    await first.succeed();
    expect(harness.engine.abandonedInFlight).toBe(0);
    expect(queue.tracker.watermark).toBe(0);
    await harness.runOf(0).succeed();
    expect(queue.tracker.watermark).toBe(1);
  });

  it('of a held record means nothing for its redelivery, and neither does the end of the handler that was abandoned', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler({ ...options, retry: { ...options.retry, retries: 0 } }));
    harness.deliver(queue, [1]);
    const abandoned = harness.runOf(0);
    await harness.pass(1500);
    expect(queue.redeliverHeld()).toBe(1);
    await settle();
    await abandoned.succeed();
    expect(queue.tracker.watermark).toBe(0);
    const redelivered = harness.runOf(0);
    expect([redelivered.attempt, redelivered.delivery.signal.aborted]).toEqual([1, false]);
    await redelivered.succeed();
    expect([queue.tracker.watermark, queue.held, harness.engine.abandonedInFlight]).toEqual([1, 0, 0]);
  });

  it('starts nothing more once as many handlers are abandoned as may run', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler({ ...options, retry: { retries: 0, delayMs: () => 0, retryable: () => true } }));
    harness.deliver(queue, [1, 2, 3]);
    await harness.pass(1500);
    expect(harness.started).toEqual([0, 1]);
    await harness.running[0].succeed();
    expect(harness.started).toEqual([0, 1, 2]);
  });
});

describe('manual acknowledgement', () => {
  it('completes at ack, not when the handler ends, and keeps the slot until then', async () => {
    const harness = new EngineHarness({ concurrency: 1 });
    const queue = harness.open(harness.handler({ ack: 'manual' }));
    harness.deliver(queue, [1, 2]);
    const { delivery } = harness.runOf(0);
    await harness.runOf(0).succeed();
    expect([queue.tracker.watermark, harness.started]).toEqual([0, [0]]);
    delivery.ack(1);
    await settle();
    expect([queue.tracker.watermark, harness.started]).toEqual([1, [0, 1]]);
  });

  it('takes an ack before the end of the handler, and ignores what the handler does then', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler({ ack: 'manual' }));
    harness.deliver(queue, [1]);
    harness.runOf(0).delivery.ack(1);
    await harness.runOf(0).fail();
    expect(queue.tracker.watermark).toBe(1);
    expect(harness.engine.counters).toMatchObject({ processed: 1, failed: 0 });
  });

  it('fails at nack, and at a timeout without an ack, without waiting for a handler that has ended', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler({ ack: 'manual', timeoutMs: 1000 }));
    harness.deliver(queue, [1, 2]);
    const { delivery } = harness.runOf(0);
    await harness.runOf(0).succeed();
    delivery.nack(1, new Error('no'));
    await harness.runOf(1).succeed();
    await harness.pass(1000);
    expect(harness.engine.counters).toMatchObject({ failed: 2, abandoned: 0 });
    expect(queue.held).toBe(2);
  });
});

describe('a drain', () => {
  it('drops what is queued, gives up what waits for a retry, and ends with the last handler', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler({ retry: { retries: Infinity, delayMs: () => 30_000, retryable: () => true } }));
    harness.deliver(queue, [1, 2, 3, 4]);
    await harness.runOf(0).fail();
    let drained = false;
    const drain = queue.drain(false).then(() => (drained = true));
    await harness.runOf(1).succeed();
    expect(drained).toBe(false);
    await harness.runOf(2).succeed();
    await drain;
    expect([harness.started, queue.tracker.watermark, harness.engine.deadlines.size]).toEqual([[0, 1, 2], 0, 0]);
  });

  it('is not held up by a record that fails for ever while it drains', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler({ retry: { retries: Infinity, delayMs: () => 0, retryable: () => true } }));
    harness.deliver(queue, [1]);
    const drain = queue.drain(false);
    await harness.runOf(0).fail();
    await drain;
    expect(harness.started).toEqual([0]);
  });

  it('that fills gaps still runs what is queued below the highest started offset, and never past a failed predecessor', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler({ retry: { retries: 5, delayMs: () => 1000, retryable: () => true } }));
    harness.deliver(queue, [1, 1, 2, 2, 3, 4]); // runs 0 and 2
    await harness.runOf(0).fail(); // runs 4
    const drain = queue.drain(true);
    await harness.runOf(2).succeed();
    await harness.runOf(4).succeed();
    await harness.runOf(3).succeed();
    await drain;
    expect(harness.started).toEqual([0, 2, 4, 3]);
    expect(offsets(queue.tracker.incomplete())).toEqual([0, 1, 5]);
  });

  it('that is taken back fetches again only what it had dropped', async () => {
    const harness = new EngineHarness({ concurrency: 3 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, [1, 2, 3, 4, 1]);
    await harness.runOf(1).succeed(); // runs 3; 4 waits behind 0
    void queue.drain(false);
    await harness.runOf(2).succeed();
    queue.reactivate();
    expect(queue.tracker.position).toBe(4);
    harness.deliver(queue, [1, 9]);
    expect(offsets(harness.running)).toEqual([0, 3, 5]);
    await harness.runOf(0).succeed();
    expect(offsets(harness.running)).toEqual([3, 5, 4]);
    for (const offset of [3, 4, 5]) await harness.runOf(offset).succeed();
    expect(queue.tracker.watermark).toBe(6);
    expect(harness.started).toEqual([0, 1, 2, 3, 5, 4]);
  });

  it('ends at close with what still runs aborted, its slot kept for the grace, and its result ignored', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const handler = harness.handler({ abortGraceMs: 500, concurrency: 1 });
    const queue = harness.open(handler, 0);
    harness.deliver(queue, [1]);
    const { signal } = harness.runOf(0).delivery;
    queue.close(new Error('moved'));
    const next = harness.open(handler, 1);
    harness.deliver(next, [1]);
    expect([signal.aborted, harness.running.length]).toEqual([true, 1]);
    await harness.pass(500);
    expect(harness.running.map((run) => run.delivery.partition)).toEqual([0, 1]);
    await harness.running[0].succeed();
    expect([queue.tracker.watermark, harness.engine.counters.processed, harness.engine.abandonedInFlight]).toEqual([0, 0, 0]);
  });
});

describe('a lease that is over', () => {
  it('lets those in flight finish, starts nothing, and goes on in order when it is renewed', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, [1, 1, 2, 3]);
    harness.lease.untilMs = 0;
    await harness.runOf(0).succeed();
    await harness.runOf(2).succeed();
    expect(harness.running).toEqual([]);
    harness.lease.untilMs = 1000;
    queue.unpark();
    harness.engine.requestPump();
    await settle();
    expect(offsets(harness.running).sort()).toEqual([1, 3]);
  });
});

describe('back-pressure', () => {
  it('closes one partition at its limit of records and opens it when there is room', async () => {
    const harness = new EngineHarness({ recordsPerPartition: 3, concurrency: 10 });
    const handler = harness.handler();
    const [full, other] = [harness.open(handler, 0), harness.open(handler, 1)];
    harness.deliver(full, [1, 2, 3, 4]);
    expect([full.isFetchable, other.isFetchable]).toEqual([false, true]);
    const signals = harness.roomSignals;
    await harness.runOf(0).succeed();
    expect(harness.roomSignals).toBe(signals);
    await harness.runOf(1).succeed();
    expect([full.isFetchable, harness.roomSignals]).toEqual([true, signals + 1]);
  });

  it('counts the bytes of a chunk once while one of its records lives, and copies the last one out of it', async () => {
    const harness = new EngineHarness({ bytes: 15 });
    const handler = harness.handler();
    const [queue, other] = [harness.open(handler, 0), harness.open(handler, 1)];
    harness.deliver(queue, [1, 2, 3]);
    expect([harness.engine.retainedBytes, queue.isFetchable, other.isFetchable]).toEqual([30, false, true]);
    await harness.runOf(1).succeed();
    expect(harness.engine.retainedBytes).toBe(30);
    await harness.runOf(0).succeed();
    expect([harness.engine.retainedBytes, queue.isFetchable]).toEqual([10, true]);
    await harness.runOf(2).succeed();
    expect([harness.engine.retainedBytes, queue.chunks]).toEqual([0, 0]);
  });

  it('lets a partition without any chunk fetch one, however full the others are', () => {
    const harness = new EngineHarness({ bytes: 5 });
    const handler = harness.handler();
    const [hog, starved] = [harness.open(handler, 0), harness.open(handler, 1)];
    harness.deliver(hog, [1, 2]);
    expect([hog.isFetchable, starved.isFetchable]).toEqual([false, true]);
  });
});

describe('events', () => {
  it('tell of every way a record can go', async () => {
    const seen: string[] = [];
    const note = (name: string) => (delivery: Delivery) => void seen.push(`${name} ${delivery.offset}`);
    const harness = new EngineHarness({}, { processed: note('processed'), failed: note('failed'), retried: note('retried'), skipped: note('skipped') });
    const queue = harness.open(harness.handler({ onExhausted: 'skip', retry: { retries: 1, delayMs: () => 10, retryable: () => true } }));
    harness.deliver(queue, [1, 2]);
    await harness.runOf(0).succeed();
    await harness.runOf(1).fail();
    await harness.pass(10);
    await harness.runOf(1).fail();
    expect(seen).toEqual(['processed 0', 'failed 1', 'retried 1', 'failed 1', 'skipped 1']);
  });
});
