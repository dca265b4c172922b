import { LineRate } from '../../../lib/runner/line-rate.js';

describe('the rate of log lines', () => {
  it('lets one line per interval through, with the number of those it kept back', () => {
    let nowMs = 0;
    const rate = new LineRate(1000, () => nowMs);
    const at = (ms: number): number | null => ((nowMs = ms), rate.next());
    expect([at(0), at(1), at(999), at(1000), at(1500), at(5000)]).toEqual([0, null, null, 2, null, 1]);
  });
});
