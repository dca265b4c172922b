import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Delivery } from '../../../lib/engine/delivery.js';
import { Lanes, NO_LANE } from '../../../lib/engine/lanes.js';

/** Lanes use a delivery's lane, state and links only. */
const delivery = (offset: number, lane: number): Delivery => new Delivery(null as never, null as never, 0, offset, lane);

/** What is in front of what, told with one array for each lane. */
class Model {
  private readonly lanes = new Map<number, Delivery[]>();

  enter(entered: Delivery): boolean {
    const lane = this.lanes.get(entered.lane) ?? [];
    this.lanes.set(entered.lane, lane);
    return lane.push(entered) === 1;
  }
  leave(left: Delivery): Delivery | null {
    const lane = this.lanes.get(left.lane) ?? [];
    lane.shift();
    if (lane.length === 0) this.lanes.delete(left.lane);
    return lane[0] ?? null;
  }
  get heads(): Delivery[] {
    return [...this.lanes.values()].map(([head]) => head);
  }
}

describe('Lanes', () => {
  it('answer whose turn it is as one queue per key would, however many keys come and go', () => {
    // Growing and shrinking between none and thousands of lanes.
    const steps = fc.array(fc.record({ enters: fc.nat(400), leaves: fc.nat(400), keys: fc.constantFrom(1, 7, 5_000) }), { maxLength: 20 });
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat(2 ** 31 - 2)), (rounds, random) => {
        const lanes = new Lanes();
        const model = new Model();
        let offset = 0;
        const draw = (): number => Number(random.next().value);
        for (const { enters, leaves, keys } of rounds) {
          for (let count = 0; count < enters; count++) {
            // Multiples of a power of two meet in one bucket as long as there are few.
            const entered = delivery(offset++, (draw() % keys) * 2 ** 6);
            assert.equal(lanes.enter(entered), model.enter(entered));
          }
          const { heads } = model;
          for (const head of heads.slice(0, leaves)) assert.equal(lanes.leave(head), model.leave(head));
          assert.equal(lanes.size, model.heads.length);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('let records without a lane pass side by side', () => {
    const lanes = new Lanes();
    expect([lanes.enter(delivery(1, NO_LANE)), lanes.enter(delivery(2, NO_LANE))]).toEqual([true, true]);
    expect(lanes.size).toBe(0);
  });
});
