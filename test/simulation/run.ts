/**
 * `npm run test:simulation -- --seconds 60 [--seed N] [--without 3,5] [--verbose]`: fresh seeds for so long, or one seed again.
 * Exits with 1 and the way to replay it when a seed fails.
 */
import { parseArgs } from 'node:util';
import { describeFailure, shrink } from './failure-report.js';
import { simulate } from './simulate.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    /** Where fresh seeds begin. */
    from: { type: 'string' },
    without: { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    /** How many of the last events are printed. */
    events: { type: 'string', default: '60' },
    /** Goes on after a failure, and prints one line for each. */
    all: { type: 'boolean', default: false },
    /** One line for a failure, and no attempt to shrink it. */
    brief: { type: 'boolean', default: false },
  },
});

// Thousands of simulated faults, whose stacks nobody reads.
if (!values.verbose) Error.stackTraceLimit = 0;
if (values.seed !== undefined) process.exitCode = await replay(Number(values.seed));
else process.exitCode = await explore(values.from === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.from));

async function replay(seed: number): Promise<number> {
  const without = new Set(values.without === '' ? [] : values.without.split(',').map(Number));
  const outcome = await simulate(seed, { without, verbose: values.verbose });
  if (outcome.violation !== null) console.error(describeFailure(outcome, without, Number(values.events)));
  const { steps, simulatedMs, counts, digest } = outcome;
  console.log(`seed ${seed}: ${outcome.violation === null ? 'held' : 'failed'}, ${steps} steps, ${(simulatedMs / 1000).toFixed(0)} simulated seconds, ${JSON.stringify(counts)}, digest ${digest}`);
  return outcome.violation === null ? 0 : 1;
}

async function explore(from: number): Promise<number> {
  const beganMs = performance.now();
  const untilMs = beganMs + 1000 * Number(values.seconds);
  let failures = 0;
  let simulatedMs = 0;
  const totals: Record<string, number> = {};
  let seed = from;
  for (; performance.now() < untilMs; seed++) {
    const outcome = await simulate(seed);
    simulatedMs += outcome.simulatedMs;
    for (const [name, count] of Object.entries(outcome.counts)) totals[name] = (totals[name] ?? 0) + (count as number);
    if (outcome.violation === null) continue;
    failures++;
    if (values.all || values.brief) console.error(`seed ${seed}: ${outcome.violation.invariant}: ${outcome.violation.message}`);
    if (values.all) continue;
    if (values.brief) break;
    const without = await shrink(outcome);
    console.error(describeFailure(await simulate(seed, { without }), without, Number(values.events)));
    break;
  }
  const count = seed - from + (failures > 0 && !values.all ? 1 : 0);
  const minutes = (performance.now() - beganMs) / 60_000;
  console.log(`${count} seeds from ${from}, ${failures} failed, ${Math.round(count / minutes)} seeds per minute, ${Math.round(simulatedMs / 60_000)} simulated minutes`);
  console.log(JSON.stringify(totals));
  return failures > 0 ? 1 : 0;
}
