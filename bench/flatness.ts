import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Cost, Load } from './flatness/load.js';
import { median, table } from './report.js';

const MAIN = fileURLToPath(new URL('../.cache/bench/built/bench/flatness/main.js', import.meta.url));
const ROUNDS = 3;
const run = promisify(execFile);

const BASE: Load = { inFlight: 100, holes: 0, keys: 10_000, partitions: 10 };
const GROWING: readonly (readonly [name: string, steps: readonly Partial<Load>[]])[] = [
  ['handlers in flight: 100, 1,000, 10,000', [{ inFlight: 100 }, { inFlight: 1_000 }, { inFlight: 10_000 }]],
  ['holes, records held below all others: 100, 1,000, 10,000', [{ holes: 100 }, { holes: 1_000 }, { holes: 10_000 }]],
  ['keys: 10,000, 100,000, 1,000,000', [{ keys: 10_000 }, { keys: 100_000 }, { keys: 1_000_000 }]],
  ['partitions: 10, 100, 1,000', [{ partitions: 10 }, { partitions: 100 }, { partitions: 1_000 }]],
];

/** CPU time of a record in the engine alone, as one thing grows by 10 and by 100. Each point is a process, in turn within a round. */
export async function flatness(): Promise<string> {
  const points = GROWING.flatMap(([, steps]) => steps.map((step) => ({ load: { ...BASE, ...step }, costs: [] as Cost[] })));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { load, costs } of round % 2 === 0 ? points : points.toReversed()) costs.push(await measure(load));
  }
  const rows = GROWING.map(([name, steps], row) => {
    const cpuUs = steps.map((_, step) => median(points[row * steps.length + step].costs.map((cost) => cost.cpuUs)));
    return [name, ...cpuUs.map((us) => us.toFixed(2)), ...cpuUs.slice(1).map((us) => `${(us / cpuUs[0]).toFixed(2)} ×`)];
  });
  return table(['CPU µs/record in the engine', 'as it is', 'by 10', 'by 100', 'ratio by 10', 'ratio by 100'], rows);
}

async function measure(load: Load): Promise<Cost> {
  const { stdout } = await run(process.execPath, [MAIN, JSON.stringify(load)]);
  console.error(`engine alone, ${JSON.stringify(load)}: ${stdout.trim()}`);
  return JSON.parse(stdout) as Cost;
}
