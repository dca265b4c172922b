import fc from 'fast-check';
import { DeadlineHeap } from '../../../lib/engine/deadline-heap.js';
import type { Delivery } from '../../../lib/engine/delivery.js';
import { EngineHarness } from './engine-harness.js';

/** Deliveries that nothing else touches. */
function deliveries(count: number): Delivery[] {
  const harness = new EngineHarness({ concurrency: count, recordsPerPartition: count });
  harness.deliver(harness.open(harness.handler()), Array.from({ length: count }, () => null));
  return harness.running.map((run) => run.delivery);
}

describe('the heap of deadlines', () => {
  const pool = deliveries(40);

  it('gives back the earliest first, whatever was moved or removed in between', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(39), fc.option(fc.nat(50)))), (changes) => {
        const heap = new DeadlineHeap();
        const model = new Map<Delivery, number>();
        for (const [index, due] of changes) {
          const delivery = pool[index];
          if (due === null) {
            heap.remove(delivery);
            model.delete(delivery);
          } else {
            heap.add(delivery, due);
            model.set(delivery, due);
          }
          expect(heap.size).toBe(model.size);
          expect(heap.earliestMs).toBe(model.size === 0 ? null : Math.min(...model.values()));
        }
        const taken: number[] = [];
        for (let due = heap.takeDue(Infinity); due !== null; due = heap.takeDue(Infinity)) taken.push(due.dueAtMs);
        expect(taken).toEqual([...model.values()].sort((a, b) => a - b));
      }),
    );
  });

  it('gives nothing before its time', () => {
    const heap = new DeadlineHeap();
    heap.add(pool[0], 10);
    expect(heap.takeDue(9)).toBeNull();
    expect(heap.takeDue(10)).toBe(pool[0]);
    expect(heap.takeDue(10)).toBeNull();
  });
});
