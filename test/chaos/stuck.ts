/** `npx tsx test/chaos/stuck.ts`: one record is stuck, a million complete above it, then SIGKILL and a restart. See docs/chaos.md. */
import kafkajs from 'kafkajs';
import { startKafka } from '../../scripts/kafka/start-kafka.js';
import { RECORDS, type StuckRun, stuckRun } from './stuck-run.js';

const MOST_MB = 150;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(1);
  return `${sorted.length} commits, median ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms`;
}

function tell(held: number, { idle, full, commitMs, committed, restarted: { report } }: StuckRun): void {
  say(`Offset 0 is stuck, ${RECORDS} records above it, ${held} of which fail and are held`);
  say(`  memory      ${idle.usedMb.toFixed(1)} MB used and ${idle.residentMb.toFixed(0)} MB resident when idle, ${full.usedMb.toFixed(1)} and ${full.residentMb.toFixed(0)} MB with all complete`);
  say(`  commits     ${quantiles(commitMs)}; rebalances ${full.rebalances}`);
  say(`  commit      offset ${committed.offset}, map of ${committed.units} characters tells of ${committed.completed.countFrom(0)} of ${RECORDS - held}`);
  say(`  restart     at the end ${report.atPositionMs} ms after the assignment, ${report.started} delivered: the stuck one, ${held} held, ${report.started - held - 1} complete ones of which the map did not tell`);
}

/** Answers what was not as promised. */
function faultsOf({ idle, full, restarted: { report, expected, wrong } }: StuckRun): string[] {
  const grown = full.usedMb - idle.usedMb;
  // Exactly what the commit does not tell of is delivered again.
  const isExact = wrong === 0 && report.started === expected;
  return [...(grown > MOST_MB ? [`${grown.toFixed(0)} MB above idle`] : []), ...(isExact ? [] : [`${report.started} delivered instead of ${expected}, ${wrong} of them wrong`])];
}

const cluster = await startKafka();
try {
  const kafka = new kafkajs.Kafka({ brokers: cluster.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const faults: string[] = [];
  for (const held of [0, 3_000, 20_000]) {
    const run = await stuckRun(kafka, cluster.brokers, held);
    tell(held, run);
    faults.push(...faultsOf(run));
  }
  for (const fault of faults) say(`BROKEN ${fault}`);
  say(faults.length === 0 ? 'As promised.' : 'Not as promised.');
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
}
