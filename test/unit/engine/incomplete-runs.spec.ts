import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import { IncompleteRuns } from '../../../lib/engine/incomplete-runs.js';

const listed = (runs: IncompleteRuns): number[][] => Array.from({ length: runs.count }, (_, run) => [runs.from(run), runs.to(run)]);

describe('IncompleteRuns', () => {
  it('joins runs that touch and drops empty ones', () => {
    const runs = new IncompleteRuns();
    runs.add(4, 5);
    runs.add(5, 7);
    runs.add(9, 9);
    runs.add(10, 11);
    expect(listed(runs)).toEqual([[4, 7], [10, 11]]);
  });

  it('joins a run that begins at offset 0 to nothing', () => {
    const runs = new IncompleteRuns();
    runs.add(0, 2);
    expect(listed(runs)).toEqual([[0, 2]]);
  });

  it('refuses a run below the end of the last one', () => {
    const runs = new IncompleteRuns();
    runs.add(4, 8);
    expect(() => runs.add(7, 9)).toThrow(new RangeError('Runs of incomplete offsets must ascend: 7 follows one that ends at 8'));
  });

  it('keeps thousands of runs, and none of them after clear', () => {
    const runs = new IncompleteRuns();
    for (let offset = 0; offset < 20_000; offset += 2) runs.add(offset, offset + 1);
    expect([runs.count, runs.from(9_999), runs.to(9_999)]).toEqual([10_000, 19_998, 19_999]);
    expect(listed(runs.clear())).toEqual([]);
  });

  it('adds the gaps that completed ranges leave from a position on, and tells where they end', () => {
    const completed = new CompletedRanges(Float64Array.of(2, 4, 10, 15, 20, 21));
    const runs = new IncompleteRuns();
    expect(runs.addGaps(completed, 12)).toBe(21);
    expect(listed(runs)).toEqual([[15, 20]]);
    expect(runs.clear().addGaps(completed, 5)).toBe(21);
    expect(listed(runs)).toEqual([[5, 10], [15, 20]]);
    expect(runs.clear().addGaps(completed, 30)).toBe(30);
    expect(listed(runs)).toEqual([]);
  });
});
