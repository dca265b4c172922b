import type { EngineListener } from '../../../lib/engine/engine-host.js';
import type { Delivery } from '../../../lib/engine/delivery.js';
import { EngineHarness, settle } from './engine-harness.js';

const offsets = (deliveries: Iterable<{ readonly offset: number }>): number[] => Array.from(deliveries, ({ offset }) => offset);

describe('a paused partition', () => {
  it('finishes what is in flight, starts nothing that is buffered, and goes on in order', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler({ ordering: 'partition' }));
    harness.deliver(queue, [1, 2, 3]);
    queue.suspend('user');
    await harness.runOf(0).succeed();
    expect([harness.started, queue.tracker.watermark, queue.isFetchable]).toEqual([[0], 1, false]);
    queue.unsuspend('user');
    await settle();
    await harness.runOf(1).succeed();
    await harness.runOf(2).succeed();
    expect([harness.started, queue.tracker.watermark, queue.isFetchable]).toEqual([[0, 1, 2], 3, true]);
  });

  it('keeps what was fetched while it was paused, makes no deliveries of more than a slice, and leaves the slots to others', async () => {
    const harness = new EngineHarness({ concurrency: 2, sliceRecords: 2 });
    const handler = harness.handler();
    const [paused, other] = [harness.open(handler, 0), harness.open(handler, 1)];
    paused.suspend('user');
    harness.deliver(paused, [1, 2, 3, 4, 5, 6]);
    harness.deliver(other, [1, 2]);
    expect(harness.running.map(({ delivery }) => delivery.partition)).toEqual([1, 1]);
    expect([[...paused.tracker.incomplete()].length, paused.pendingCount, paused.buffered]).toEqual([2, 6, 6]);
    paused.unsuspend('user');
    await harness.runOf(0).succeed();
    await harness.runOf(1).succeed();
    for (const offset of [0, 1, 2, 3, 4, 5]) await harness.runOf(offset).succeed();
    expect(paused.tracker.watermark).toBe(6);
  });

  it('makes no retry whose time has come, and makes it when it goes on, at the head of its lane', async () => {
    const harness = new EngineHarness();
    const queue = harness.open(harness.handler({ retry: { retries: 3, delayMs: () => 100, retryable: () => true } }));
    harness.deliver(queue, [1, 1]);
    await harness.runOf(0).fail();
    queue.suspend('user');
    await harness.pass(1000);
    expect(harness.started).toEqual([0]);
    queue.unsuspend('user');
    await settle();
    await harness.runOf(0).succeed();
    expect(harness.started).toEqual([0, 0, 1]);
  });

  it('is paused until every reason is gone, and tells of each once', async () => {
    const told: string[] = [];
    const listener: EngineListener = { paused: (_, reason) => told.push(`paused ${reason}`), resumed: (_, reason) => told.push(`resumed ${reason}`) };
    const harness = new EngineHarness({ recordsPerPartition: 2 }, listener);
    const queue = harness.open(harness.handler({ maxHeldPerPartition: 1 }));
    harness.deliver(queue, [1, 2]);
    expect(queue.isFetchable).toBe(false);
    await harness.runOf(0).fail();
    for (let twice = 0; twice < 2; twice++) queue.suspend('user');
    expect(queue.suspendedBy).toBe('user');
    for (let twice = 0; twice < 2; twice++) queue.unsuspend('user');
    expect([queue.suspendedBy, queue.isFetchable]).toEqual(['held', false]);
    queue.redeliverHeld();
    await settle();
    await harness.runOf(0).succeed();
    expect([queue.suspendedBy, queue.isFetchable]).toEqual([null, true]);
    expect(told).toEqual(['paused buffer', 'paused held', 'paused user', 'resumed user', 'resumed held', 'resumed buffer']);
  });

  it('drains with what is in flight alone, also where gaps were to be filled', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, [1, 1, 2, 3]); // runs 0 and 2
    queue.suspend('user');
    const drained = queue.drain(true);
    await harness.runOf(2).succeed();
    await harness.runOf(0).succeed();
    await drained;
    expect([harness.started, queue.tracker.watermark, queue.buffered]).toEqual([[0, 2], 1, 0]);
  });

  it('ends a drain that was filling gaps when it is paused meanwhile', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, [1, 1, 2, 3]);
    let isDrained = false;
    void queue.drain(true).then(() => (isDrained = true));
    await harness.runOf(2).succeed();
    queue.suspend('user');
    await harness.runOf(0).succeed();
    expect([isDrained, harness.started]).toEqual([true, [0, 2]]);
  });

  it('ends a drain that was filling gaps when its last held record pauses it', async () => {
    const harness = new EngineHarness({ concurrency: 2 });
    const queue = harness.open(harness.handler({ maxHeldPerPartition: 1 }));
    harness.deliver(queue, [1, 1, 2, 3]);
    let isDrained = false;
    void queue.drain(true).then(() => (isDrained = true));
    await harness.runOf(2).succeed();
    await harness.runOf(0).fail();
    expect([isDrained, harness.started]).toEqual([true, [0, 2]]);
  });

  it('that comes back from a drain fetches again what was dropped, once it goes on', async () => {
    const harness = new EngineHarness({ concurrency: 1 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, [1, 2]);
    queue.suspend('user');
    void queue.drain(false);
    queue.reactivate();
    expect([queue.position, queue.isFetchable, queue.suspendedBy]).toEqual([1, false, 'user']);
    await harness.runOf(0).succeed();
    queue.unsuspend('user');
    harness.deliver(queue, [2]);
    await harness.runOf(1).succeed();
    const incomplete: Iterable<Delivery> = queue.tracker.incomplete();
    expect([harness.started, queue.tracker.watermark, offsets(incomplete)]).toEqual([[0, 1], 2, []]);
  });
});
