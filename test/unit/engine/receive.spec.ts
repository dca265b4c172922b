import type { Delivery } from '../../../lib/engine/delivery.js';
import { EngineHarness, settle } from './engine-harness.js';

const keys = (count: number): number[] => Array.from({ length: count }, (_, key) => key);

describe('A large chunk', () => {
  it('becomes deliveries as their turn comes, not when it arrives', () => {
    const harness = new EngineHarness({ concurrency: 10 });
    let most = 0;
    let handled = 0;
    const handler = harness.handler({}, 'sync', ({ queue: { tracker } }) => {
      most = Math.max(most, tracker.pendingCount);
      handled++;
    });
    const queue = harness.open(handler);
    harness.deliver(queue, keys(1000));
    expect(handled).toBe(1000);
    expect(most).toBeLessThan(200);
    expect([queue.tracker.watermark, queue.buffered, queue.chunks, harness.engine.retainedBytes]).toEqual([1000, 0, 0, 0]);
  });

  it('counts as received and as pending from its arrival on', () => {
    const harness = new EngineHarness({ concurrency: 10 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, keys(1000));
    expect([queue.buffered, queue.pendingCount, queue.position, queue.tracker.watermark]).toEqual([1000, 1000, 1000, 0]);
    expect(queue.tracker.pendingCount).toBeLessThan(200);
  });

  it('is looked through to its end for a key that is free', () => {
    const harness = new EngineHarness({ concurrency: 10 });
    const queue = harness.open(harness.handler());
    harness.deliver(queue, [...Array.from({ length: 999 }, () => 1), 2]);
    expect(harness.started).toEqual([0, 999]);
  });

  it('takes turns with those of other partitions', async () => {
    const harness = new EngineHarness({ concurrency: 1 });
    const handler = harness.handler();
    const queues = [harness.open(handler, 0), harness.open(handler, 1)];
    for (const queue of queues) harness.deliver(queue, keys(1000));
    for (let ended = 0; ended < 600; ended++) await harness.running[0].succeed();
    const [first, second] = queues.map(({ tracker }) => tracker.watermark);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(128);
  });

  it('leaves to the next fetch what had not been taken when the partition drained', async () => {
    const harness = new EngineHarness();
    const handled: number[] = [];
    const handle = ({ queue, offset }: Delivery): void => {
      handled.push(offset);
      if (offset === 10) void queue.drain(false);
    };
    const queue = harness.open(harness.handler({}, 'sync', handle));
    harness.deliver(queue, keys(1000));
    expect([queue.position, queue.buffered, queue.chunks, harness.engine.retainedBytes]).toEqual([128, 0, 0, 0]);
    expect(queue.tracker.watermark).toBe(handled.length);

    queue.reactivate();
    await settle();
    harness.deliver(queue, keys(1000 - queue.position));
    expect(handled).toEqual(keys(1000));
    expect([queue.tracker.watermark, queue.chunks, harness.engine.retainedBytes]).toEqual([1000, 0, 0]);
  });

  it('is let go for the one record whose handler does not end, which keeps a copy', () => {
    const harness = new EngineHarness();
    const handler = harness.handler({}, 'sync', ({ offset }) => (offset === 700 ? new Promise(() => {}) : undefined));
    const queue = harness.open(handler);
    harness.deliver(queue, keys(1000));
    expect([queue.buffered, queue.chunks, harness.engine.retainedBytes]).toEqual([1, 1, 10]);
  });
});
