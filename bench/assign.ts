import { assign } from '../lib/assignors/assign.js';
import { LARGE_GROUPS, STRATEGIES } from '../test/unit/assignors/large-groups.js';

/** How long a leader takes to divide 2,000 partitions among 50 members: the median of seven, in milliseconds. `npx tsx bench/assign.ts` */
const RUNS = 7;

for (const { name, members, partitions } of LARGE_GROUPS) {
  const times = STRATEGIES.map((strategy) => {
    const group = members(strategy);
    const runs = Array.from({ length: RUNS }, () => {
      const began = performance.now();
      assign(strategy, group, partitions);
      return performance.now() - began;
    });
    return `${strategy} ${runs.sort((a, b) => a - b)[RUNS >> 1].toFixed(1)} ms`;
  });
  console.log(`${name.padEnd(32)} ${times.join('   ')}`);
}
