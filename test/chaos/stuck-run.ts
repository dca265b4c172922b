import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { projectFolder } from '../../scripts/kafka/project-folder.js';
import { zlibCompression } from '../../lib/consumer/offset-map-compression.js';
import type { CompletedRanges } from '../../lib/engine/completed-ranges.js';
import { decodeOffsetMap } from '../../lib/engine/offset-map.js';
import type { StuckConfig, StuckReport } from './stuck-worker.js';

export const RECORDS = 1_000_000;
const BATCH = 5_000;
const WITHIN_MS = 120_000;
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

export interface Committed {
  readonly offset: number;
  readonly units: number;
  readonly completed: CompletedRanges;
}
async function committedOf(admin: Admin, groupId: string, topic: string): Promise<Committed> {
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const { offset, metadata } = partitions[0];
  return { offset: Number(offset), units: metadata?.length ?? 0, completed: decodeOffsetMap(Number(offset), metadata, zlibCompression).completed };
}

async function produceMillion(kafka: Kafka, topic: string): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const messages = Array.from({ length: BATCH }, (_, index) => ({ key: `k${index}`, value: `record ${index}`.padEnd(100, '.'), partition: 0 }));
  for (let sent = 0; sent < RECORDS; sent += BATCH) {
    const [{ errorCode }] = await producer.send({ topic, acks: -1, messages });
    if (errorCode !== 0) throw new Error(`The broker answered ${errorCode}`);
  }
  await producer.disconnect();
}

export interface StuckRun {
  readonly idle: StuckReport;
  /** With all complete but the stuck one and those that are held. */
  readonly full: StuckReport;
  /** Commits while the million passed, and after it. */
  readonly commitMs: readonly number[];
  readonly committed: Committed;
  readonly restarted: Restarted;
}
export interface Restarted {
  readonly report: StuckReport;
  /** What the commit did not tell of: the stuck record, those that were held, and complete ones for which the map had no room. */
  readonly expected: number;
  /** Offsets that were delivered although the commit told of them, or were not although it did not. */
  readonly wrong: number;
}

/** Offset 0 is stuck, a million records above it are complete or, `held` of them, held; then SIGKILL and a restart. */
export async function stuckRun(kafka: Kafka, brokers: readonly string[], held: number): Promise<StuckRun> {
  const admin = kafka.admin();
  await admin.connect();
  const topic = `stuck-${randomUUID().slice(0, 8)}`;
  const groupId = `group-${topic}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value: 'stuck', partition: 0 }] });
  await producer.disconnect();
  const config = { brokers, groupId, topic, records: RECORDS };
  const first = new Worker({ ...config, stuck: { held } });
  const idle = await first.until(({ started }) => started === 1);
  await produceMillion(kafka, topic);
  const passed = await first.until(({ done, held: isHeld }) => done + isHeld === RECORDS);
  let committed = await committedOf(admin, groupId, topic);
  // The last of them is told by a commit, unless the map is full.
  await first.until(async () => (committed = await committedOf(admin, groupId, topic)).completed.countFrom(0) === RECORDS - held || committed.units > 4_000);
  const full = await first.until(() => true);
  await first.kill();
  committed = await committedOf(admin, groupId, topic);
  const restarted = await restart(admin, { ...config, stuck: false }, committed);
  await admin.disconnect();
  return { idle, full, commitMs: [...passed.commitMs, ...full.commitMs], committed, restarted };
}

async function restart(admin: Admin, config: StuckConfig, before: Committed): Promise<Restarted> {
  const second = new Worker(config);
  const report = await second.until(async ({ atPositionMs }) => atPositionMs !== null && (await committedOf(admin, config.groupId, config.topic)).offset === RECORDS + 1);
  await second.kill();
  const offsets = Buffer.from(report.offsets, 'base64');
  let wrong = 0;
  for (let offset = 0; offset <= RECORDS; offset++) {
    const wasDelivered = (offsets[offset >> 3] & (1 << (offset & 7))) !== 0;
    if (wasDelivered === before.completed.isComplete(offset)) wrong++;
  }
  return { report, expected: RECORDS + 1 - before.completed.countFrom(0), wrong };
}
