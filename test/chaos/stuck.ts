/** `npx tsx test/chaos/stuck.ts`: one record is stuck, a million complete above it, then SIGKILL and a restart. See docs/chaos.md. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { projectFolder } from '../../scripts/kafka/project-folder.js';
import { startKafka } from '../../scripts/kafka/start-kafka.js';
import { zlibCompression } from '../../lib/consumer/offset-map-compression.js';
import type { CompletedRanges } from '../../lib/engine/completed-ranges.js';
import { decodeOffsetMap } from '../../lib/engine/offset-map.js';
import type { StuckConfig, StuckReport } from './stuck-worker.js';

const RECORDS = 1_000_000;
const BATCH = 5_000;
const WITHIN_MS = 120_000;
const MOST_MB = 150;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

class Worker {
  private readonly child: ChildProcess;

  constructor(config: StuckConfig) {
    this.child = fork(join(projectFolder(), 'test', 'chaos', 'stuck-worker.ts'), [], { execArgv: ['--import', 'tsx', '--expose-gc'], env: { ...process.env, STUCK_WORKER: JSON.stringify(config) } });
    children.add(this.child);
  }
  report(): Promise<StuckReport> {
    return new Promise((resolve, reject) => {
      this.child.once('exit', (code) => reject(new Error(`The process has ended with ${code}`)));
      this.child.once('message', (report: StuckReport) => {
        this.child.removeAllListeners('exit');
        resolve(report);
      });
      this.child.send('report');
    });
  }
  async until(condition: (report: StuckReport) => boolean | Promise<boolean>): Promise<StuckReport> {
    const deadline = performance.now() + WITHIN_MS;
    const commitMs: number[] = [];
    for (;;) {
      const report = await this.report();
      commitMs.push(...report.commitMs);
      if (await condition(report)) return { ...report, commitMs };
      if (performance.now() > deadline) throw new Error(`Not within ${WITHIN_MS} ms: ${JSON.stringify({ ...report, offsets: '', commitMs })}`);
      await delay(250);
    }
  }
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    children.delete(this.child);
  }
}

interface Committed {
  readonly offset: number;
  readonly units: number;
  readonly completed: CompletedRanges;
}
async function committedOf(admin: Admin, groupId: string, topic: string): Promise<Committed> {
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const { offset, metadata } = partitions[0];
  return { offset: Number(offset), units: metadata?.length ?? 0, completed: decodeOffsetMap(Number(offset), metadata, zlibCompression).completed };
}

async function produceMillion(kafka: kafkajs.Kafka, topic: string): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const messages = Array.from({ length: BATCH }, (_, index) => ({ key: `k${index}`, value: `record ${index}`.padEnd(100, '.'), partition: 0 }));
  for (let sent = 0; sent < RECORDS; sent += BATCH) {
    const [{ errorCode }] = await producer.send({ topic, acks: -1, messages });
    if (errorCode !== 0) throw new Error(`The broker answered ${errorCode}`);
  }
  await producer.disconnect();
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(1);
  return `${sorted.length} commits, median ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms`;
}

/** Answers what was not as promised. */
async function scenario(kafka: kafkajs.Kafka, brokers: readonly string[], admin: Admin, held: number): Promise<string[]> {
  const topic = `stuck-${randomUUID().slice(0, 8)}`;
  const groupId = `group-${topic}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value: 'stuck', partition: 0 }] });
  await producer.disconnect();
  const config = { brokers, groupId, topic, records: RECORDS };
  say(`Offset 0 is stuck, ${RECORDS} records above it, ${held} of which fail and are held`);
  const first = new Worker({ ...config, stuck: { held } });
  const idle = await first.until(({ started }) => started === 1);
  await produceMillion(kafka, topic);
  const full = await first.until(({ done, held: isHeld }) => done + isHeld === RECORDS);
  let newest = await committedOf(admin, groupId, topic);
  // The last of them is told by a commit, unless the map is full.
  await first.until(async () => (newest = await committedOf(admin, groupId, topic)).completed.countFrom(0) === RECORDS - held || newest.units > 4_000);
  const after = await first.until(() => true);
  await first.kill();
  newest = await committedOf(admin, groupId, topic);
  say(`  memory      ${idle.usedMb.toFixed(1)} MB used and ${idle.residentMb.toFixed(0)} MB resident when idle, ${after.usedMb.toFixed(1)} and ${after.residentMb.toFixed(0)} MB with all complete`);
  say(`  commits     ${quantiles([...full.commitMs, ...after.commitMs])}; rebalances ${full.rebalances}`);
  say(`  commit      offset ${newest.offset}, map of ${newest.units} characters tells of ${newest.completed.countFrom(0)} of ${RECORDS - held}`);
  return [...memoryFaults(idle, after), ...(await restart(admin, { ...config, stuck: false }, newest, held))];
}

function memoryFaults(idle: StuckReport, after: StuckReport): string[] {
  const grown = after.usedMb - idle.usedMb;
  return grown > MOST_MB ? [`${grown.toFixed(0)} MB above idle`] : [];
}

/** Exactly what the commit does not tell of is delivered again. */
async function restart(admin: Admin, config: StuckConfig, before: Committed, held: number): Promise<string[]> {
  const began = performance.now();
  const second = new Worker(config);
  const report = await second.until(async () => (await committedOf(admin, config.groupId, config.topic)).offset === RECORDS + 1);
  await second.kill();
  const offsets = Buffer.from(report.offsets, 'base64');
  let wrong = 0;
  for (let offset = 0; offset <= RECORDS; offset++) {
    const wasDelivered = (offsets[offset >> 3] & (1 << (offset & 7))) !== 0;
    if (wasDelivered === before.completed.isComplete(offset)) wrong++;
  }
  const expected = RECORDS + 1 - before.completed.countFrom(0);
  say(`  restart     at the end after ${((performance.now() - began) / 1_000).toFixed(1)} s, ${report.started} delivered: the stuck one, ${held} held, ${report.started - held - 1} complete ones of which the map did not tell`);
  return wrong > 0 || report.started !== expected ? [`${report.started} delivered instead of ${expected}, ${wrong} of them wrong`] : [];
}

const cluster = await startKafka();
try {
  const kafka = new kafkajs.Kafka({ brokers: cluster.brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const faults: string[] = [];
  for (const held of [0, 3_000, 20_000]) faults.push(...(await scenario(kafka, cluster.brokers, admin, held)));
  await admin.disconnect();
  for (const fault of faults) say(`BROKEN ${fault}`);
  say(faults.length === 0 ? 'As promised.' : 'Not as promised.');
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
}
