import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { startOwnKafka } from '../scripts/kafka/start-kafka.js';
import { eventually } from '../test/support/kafka.js';
import type { OwnerReport, OwnerSettings } from './partitions/settings.js';
import { table } from './report.js';

const MAIN = fileURLToPath(new URL('../.cache/bench/built/bench/partitions/main.js', import.meta.url));
const COUNTS = [100, 1_000, 10_000];
const TOPICS = 10;
const PHASE_MS = 10_000;
const SETTLE_MS = 3_000;
const RECORDS_PER_SECOND = 2_000;
const TICK_MS = 50;
const RECORDS = (RECORDS_PER_SECOND * PHASE_MS) / 1000;
const PATIENT = { within: 120_000, every: 250 };
/** Ten thousand logs: their indexes are mapped, 10 MB each by default, and the broker's heap holds their state. */
const BROKER = { heapMb: 1024, config: { 'log.index.size.max.bytes': '65536', 'num.io.threads': '8' } };

/** RSS and CPU of one process that owns 100, 1,000 and 10,000 partitions, idle and with records for random ones of them. */
export async function manyPartitions(): Promise<string> {
  // Of our own: a broker that is used for other things does not want them.
  const cluster = await startOwnKafka(BROKER);
  try {
    const kafka = new Kafka({ clientId: 'bench', brokers: cluster.brokers, logLevel: logLevel.NOTHING, requestTimeout: 120_000 });
    const rows: string[][] = [];
    for (const count of COUNTS) rows.push(await measure(kafka, cluster.brokers, count));
    return table(['partitions', 'assigned after', 'idle: RSS MB', 'CPU, share of a core', 'busy: RSS MB', 'CPU, share of a core', 'CPU µs/record'], rows);
  } finally {
    await cluster.stop();
  }
}

async function measure(kafka: Kafka, brokers: readonly string[], count: number): Promise<string[]> {
  const topics = Array.from({ length: TOPICS }, (_, index) => `bench-${count}-partitions-${index}`);
  const admin = kafka.admin();
  await admin.connect();
  await create(admin, topics, count / TOPICS);
  await admin.disconnect();
  const began = performance.now();
  const owner = new Owner({ brokers, topics, groupId: `bench-${randomUUID()}` });
  try {
    await eventually(async () => (await owner.report()).owned === count, { what: `${count} partitions are fetched`, ...PATIENT });
    const assignedMs = performance.now() - began;
    await delay(SETTLE_MS);
    const idle = await owner.during(() => delay(PHASE_MS));
    const busy = await owner.during(async () => {
      await produce(kafka, topics, count / TOPICS);
      await eventually(async () => (await owner.report()).handled === RECORDS, { what: 'all records are handled', ...PATIENT });
    });
    console.error(`${count} partitions: idle ${JSON.stringify(idle)}, busy ${JSON.stringify(busy)}`);
    const perRecord = (busy.cpuUs - (idle.cpuUs * busy.seconds) / idle.seconds) / busy.handled;
    return [count.toLocaleString('en'), `${(assignedMs / 1000).toFixed(1)} s`, ...columns(idle), ...columns(busy), perRecord.toFixed(0)];
  } finally {
    await owner.end();
  }
}

async function create(admin: Admin, topics: readonly string[], numPartitions: number): Promise<void> {
  for (const topic of topics) {
    // One by one: a request for 10,000 partitions or more is refused.
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false, timeout: 120_000 });
    await eventually(async () => (await admin.fetchTopicOffsets(topic)).length === numPartitions, { what: `${topic} can be used`, ...PATIENT });
  }
}

async function produce(kafka: Kafka, topics: readonly string[], partitions: number): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const perTick = (RECORDS_PER_SECOND * TICK_MS) / 1000;
  for (let tick = 0; tick < PHASE_MS / TICK_MS; tick++) {
    const next = delay(TICK_MS);
    const topic = topics[tick % topics.length];
    const messages = Array.from({ length: perTick }, () => ({ value: 'x'.repeat(200), partition: Math.floor(Math.random() * partitions) }));
    await Promise.all([producer.send({ topic, acks: 1, messages }), next]);
  }
  await producer.disconnect();
}

interface Phase {
  readonly seconds: number;
  readonly cpuUs: number;
  readonly handled: number;
  readonly residentMb: number;
}

function columns({ seconds, cpuUs, residentMb }: Phase): string[] {
  return [residentMb.toFixed(0), `${((100 * cpuUs) / 1e6 / seconds).toFixed(1)} %`];
}

class Owner {
  private readonly child: ChildProcess;

  constructor(settings: OwnerSettings) {
    this.child = fork(MAIN, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  async report(): Promise<OwnerReport> {
    const answered = new AbortController();
    const { signal } = answered;
    this.child.send('report');
    const ended = once(this.child, 'exit', { signal }).then(([code]) => Promise.reject(new Error(`The process has ended with ${code}`)));
    try {
      const [report] = (await Promise.race([once(this.child, 'message', { signal }), ended])) as [OwnerReport];
      return report;
    } finally {
      answered.abort();
      ended.catch(() => undefined);
    }
  }

  async during(work: () => Promise<void>): Promise<Phase> {
    const [before, began] = [await this.report(), performance.now()];
    await work();
    const after = await this.report();
    return {
      seconds: (performance.now() - began) / 1000,
      cpuUs: after.cpuUs - before.cpuUs,
      handled: after.handled - before.handled,
      residentMb: after.residentMb,
    };
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
