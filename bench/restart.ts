import kafkajs from 'kafkajs';
import { startKafka } from '../scripts/kafka/start-kafka.js';
import { RECORDS, type StuckRun, stuckRun } from '../test/chaos/stuck-run.js';
import { median, table } from './report.js';

/** One record is stuck and a million are complete above it, without and with some that are held; then SIGKILL and a restart. */
export async function restart(): Promise<string> {
  const cluster = await startKafka();
  try {
    const kafka = new kafkajs.Kafka({ brokers: cluster.brokers, logLevel: kafkajs.logLevel.NOTHING });
    const rows: string[][] = [];
    for (const held of [0, 3_000]) rows.push(row(held, await stuckRun(kafka, cluster.brokers, held)));
    return table(['records held', 'heap above idle', 'RSS MB', 'commit, median', 'map, characters', 'restart: at its position after', 'RSS MB', 'delivered again', 'of which were complete'], rows);
  } finally {
    await cluster.stop();
  }
}

function row(held: number, { idle, full, commitMs, committed, restarted: { report } }: StuckRun): string[] {
  const count = (value: number): string => value.toLocaleString('en');
  return [
    count(held), `${(full.usedMb - idle.usedMb).toFixed(1)} MB`, full.residentMb.toFixed(0), `${median(commitMs).toFixed(1)} ms`, count(committed.units),
    `${report.atPositionMs ?? '?'} ms`, report.residentMb.toFixed(0), count(report.started), `${count(report.started - held - 1)} of ${count(RECORDS - held)}`,
  ];
}
