import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFailure, shrink } from './failure-report.js';
import { type Outcome, simulate } from './simulate.js';

const MINUTE_MS = 60_000;

interface FailedSeed {
  readonly seed: number;
  readonly found: string;
}
const failed = JSON.parse(readFileSync(join(__dirname, 'failed-seeds.json'), 'utf8')) as FailedSeed[];

async function expectToHold(outcome: Outcome): Promise<void> {
  if (outcome.violation === null) return;
  const without = await shrink(outcome);
  throw new Error(describeFailure(await simulate(outcome.seed, { without }), without, 60));
}

describe('a simulated group', () => {
  it.each(failed)('keeps every invariant with seed $seed, which once found: $found', async ({ seed }) => {
    await expectToHold(await simulate(seed));
  });

  it(
    'keeps every invariant for a minute of fresh seeds',
    async () => {
      const untilMs = performance.now() + MINUTE_MS;
      const first = Math.floor(Math.random() * 2 ** 31);
      for (let seed = first; performance.now() < untilMs; seed++) await expectToHold(await simulate(seed));
    },
    2 * MINUTE_MS,
  );
});
