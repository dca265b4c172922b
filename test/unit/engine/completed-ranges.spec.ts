import fc from 'fast-check';
import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';

const SPACE = 60;
/** Which of the offsets 0..59 are complete: a model that needs no cleverness. */
const model = fc.array(fc.boolean(), { minLength: SPACE, maxLength: SPACE });
const offsets = fc.array(fc.integer({ min: 0, max: SPACE + 5 }), { minLength: 1, maxLength: 40 });

function boundsOf(complete: readonly boolean[]): number[] {
  const bounds: number[] = [];
  for (let offset = 0; offset <= complete.length; offset++) {
    if ((complete[offset] ?? false) !== (complete[offset - 1] ?? false)) bounds.push(offset);
  }
  return bounds;
}
const rangesOf = (complete: readonly boolean[]): CompletedRanges => new CompletedRanges(Float64Array.from(boundsOf(complete)));

describe('CompletedRanges', () => {
  it('answers for every offset as the list of complete offsets does, in whatever order it is asked', () => {
    fc.assert(
      fc.property(model, offsets, (complete, asked) => {
        const ranges = rangesOf(complete);
        for (const offset of asked) {
          expect(ranges.isComplete(offset)).toBe(complete[offset] ?? false);
          let next = offset;
          while (complete[next]) next++;
          expect(ranges.nextIncomplete(offset)).toBe(next);
          expect(ranges.countFrom(offset)).toBe(complete.slice(offset).filter(Boolean).length);
        }
      }),
    );
  });

  it('prepends what is complete below a position and forgets what it knew there itself', () => {
    fc.assert(
      fc.property(model, model, fc.integer({ min: 0, max: SPACE }), offsets, (above, below, position, askedBefore) => {
        const ranges = rangesOf(above);
        for (const offset of askedBefore) ranges.isComplete(offset);
        const joined = ranges.prepend(boundsOf(below), position);
        const expected = above.map((complete, offset) => (offset < position ? below[offset] : complete));
        expect([...joined].flat()).toEqual(boundsOf(expected));
      }),
    );
  });

  it('takes single offsets in, one by one', () => {
    fc.assert(
      fc.property(model, offsets, (complete, added) => {
        let ranges = rangesOf(complete);
        const expected = [...complete];
        for (const offset of added) {
          ranges = ranges.add(offset);
          while (expected.length < offset) expected.push(false);
          expected[offset] = true;
        }
        expect([...ranges].flat()).toEqual(boundsOf(expected));
      }),
    );
  });

  it('leaves the ranges that something is prepended to as they were', () => {
    const ranges = rangesOf([false, true, true, false, true]);
    ranges.prepend([0, 1], 4);
    ranges.add(3);
    expect([...ranges]).toEqual([[1, 3], [4, 5]]);
  });

  it('knows its size and where it ends', () => {
    const ranges = new CompletedRanges(Float64Array.of(12, 15, 40, 90));
    expect({ isEmpty: ranges.isEmpty, rangeCount: ranges.rangeCount, end: ranges.end }).toEqual({ isEmpty: false, rangeCount: 2, end: 90 });
    expect({ isEmpty: CompletedRanges.NONE.isEmpty, end: CompletedRanges.NONE.end }).toEqual({ isEmpty: true, end: 0 });
  });
});
