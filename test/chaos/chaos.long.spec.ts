import { dirname } from 'node:path';
import { rmSync } from 'node:fs';
import { runChaos } from './chaos.js';
import { reportLines } from './report.js';
import { type ChaosSettings, settingsOf } from './settings.js';

/** Of one run, with its brokers' start, its settling and its end. */
const DEADLINE_MS = 180_000;

/** What the judge found wrong; the whole report beside it. */
async function failuresOf(settings: Partial<ChaosSettings>): Promise<unknown> {
  const lines: string[] = [];
  const report = await runChaos(settingsOf(settings), (line) => lines.push(line), AbortSignal.timeout(DEADLINE_MS));
  const { failures } = report.verdict;
  if (failures.length === 0) rmSync(dirname(report.ledger), { recursive: true });
  return failures.length === 0 ? [] : [...lines, ...reportLines(report)];
}

describe('whatever happens to a group, the judge finds nothing lost, nothing repeated without a reason, and no order broken', () => {
  it.each<[string, Partial<ChaosSettings>]>([
    ['processes are killed, frozen and replaced', { faults: ['kill', 'freeze', 'stall', 'term'], seconds: 40, everyMs: 3_000, sessionTimeoutMs: 6_000, longestHandlerMs: 10_000 }],
    ['processes are cut off, half open and slow', { faults: ['cut', 'half-open', 'latency', 'lag'], seconds: 40, everyMs: 5_000, sessionTimeoutMs: 6_000, longestHandlerMs: 5_000 }],
    ['one of three brokers is killed, the coordinator among them', { faults: ['coordinator', 'broker'], brokers: 3, seconds: 45, everyMs: 2_000, longestHandlerMs: 2_000, processes: 2, recoverWithinMs: 25_000 }],
    ['twelve members join and leave every 500 ms', { faults: ['churn'], seconds: 30, everyMs: 500, processes: 12, partitions: 80, longestHandlerMs: 2_000 }],
    ['the partition is the order, and processes are killed and frozen', { faults: ['kill', 'freeze', 'term'], order: 'partition', seconds: 25, everyMs: 3_000, sessionTimeoutMs: 6_000, longestHandlerMs: 3_000 }],
  ])('when %s', async (_, settings) => {
    expect(await failuresOf({ seed: 42, ...settings })).toEqual([]);
  }, DEADLINE_MS + 60_000);
});
