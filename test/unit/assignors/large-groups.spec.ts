import { assign } from '../../../lib/assignors/assign.js';
import { LARGE_GROUPS, STRATEGIES } from './large-groups.js';

describe.each(STRATEGIES)('2,000 partitions and 50 members under %s', (strategy) => {
  // `bench/assign.ts` measures less than 100 ms on a busy machine: what this bound is for is a strategy whose work grows with the square of them.
  it.each(LARGE_GROUPS)('are divided within a second: $name', ({ members, partitions }) => {
    const group = members(strategy);
    const began = performance.now();
    assign(strategy, group, partitions);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
