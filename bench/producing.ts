import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startKafka } from '../scripts/kafka/start-kafka.js';
import type { SendingCost } from './producing/main.js';
import { median, table } from './report.js';
import { Topics } from './topics.js';

const MAIN = fileURLToPath(new URL('../.cache/bench/built/bench/producing/main.js', import.meta.url));
const ROUNDS = 3;
const run = promisify(execFile);

const ROWS = [
  ['100,000 records in one call; kafkajs: `sendBatch` with 10,000 in a call, since the broker refuses more', 'lists'],
  ['one record in a call, 1,000 callers that await each (100,000 ours, 10,000 kafkajs)', 'sends'],
] as const;

/** What our producer and kafkajs's need for the same records. */
export async function producing(): Promise<string> {
  const cluster = await startKafka();
  const topics = new Topics(cluster.brokers);
  try {
    const { stdout } = await run(process.execPath, [MAIN, cluster.brokers.join(','), await topics.empty(), String(ROUNDS)]);
    const costs = JSON.parse(stdout) as Readonly<Record<string, readonly SendingCost[]>>;
    const medianOf = (name: string, figure: keyof SendingCost): number => median(costs[name].map((cost) => cost[figure]));
    const rows = ROWS.map(([what, name]) => {
      const [ours, theirs] = [`${name}, ours`, `${name}, kafkajs`];
      const [rate, theirRate, cpu, theirCpu] = [medianOf(ours, 'perSecond'), medianOf(theirs, 'perSecond'), medianOf(ours, 'cpuUs'), medianOf(theirs, 'cpuUs')];
      return [what, ...[rate, theirRate].map((each) => Math.round(each).toLocaleString('en')), `${(rate / theirRate).toFixed(1)} ×`, cpu.toFixed(1), theirCpu.toFixed(1), `${Math.round((100 * cpu) / theirCpu)} %`];
    });
    return table(['', 'ours, records/s', 'kafkajs', 'ratio', 'ours, CPU µs/record', 'kafkajs', 'ratio'], rows);
  } finally {
    await topics.delete();
    await cluster.stop();
  }
}
