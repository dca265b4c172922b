import type { Delivery } from '../../../lib/engine/delivery.js';
import { EngineHarness, settle } from './engine-harness.js';

const keys = (count: number): number[] => Array.from({ length: count }, (_, key) => key);

describe('A chunk whose handlers end at once', () => {
  it('never has all of its records in memory', () => {
    const harness = new EngineHarness();
    let most = 0;
    let handled = 0;
    const handler = harness.handler({}, 'sync', ({ queue }) => {
      most = Math.max(most, queue.buffered);
      handled++;
    });
    const queue = harness.open(handler);
    harness.deliver(queue, keys(1000));
    expect(handled).toBe(1000);
    expect(most).toBeLessThan(200);
    expect([queue.tracker.watermark, queue.chunks, harness.engine.retainedBytes]).toEqual([1000, 0, 0]);
  });

  it('leaves the rest to the next fetch when one of its handlers makes the partition drain', async () => {
    const harness = new EngineHarness();
    const handled: number[] = [];
    const handle = ({ queue, offset }: Delivery): void => {
      handled.push(offset);
      if (offset === 10) void queue.drain(false);
    };
    const queue = harness.open(harness.handler({}, 'sync', handle));
    harness.deliver(queue, keys(1000));
    expect(queue.tracker.position).toBeLessThan(1000);
    expect(queue.tracker.watermark).toBe(handled.length);

    queue.reactivate();
    await settle();
    harness.deliver(queue, keys(1000 - queue.tracker.position));
    expect(handled).toEqual(keys(1000));
    expect([queue.tracker.watermark, queue.chunks, harness.engine.retainedBytes]).toEqual([1000, 0, 0]);
  });

  it('keeps one record in memory, not its bytes, for the one handler that does not end', () => {
    const harness = new EngineHarness();
    const handler = harness.handler({}, 'sync', ({ offset }) => (offset === 700 ? new Promise(() => {}) : undefined));
    const queue = harness.open(handler);
    harness.deliver(queue, keys(1000));
    expect([queue.buffered, queue.chunks, harness.engine.retainedBytes]).toEqual([1, 1, 10]);
  });
});
