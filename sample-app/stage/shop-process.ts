import { type ChildProcess, fork } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KafkaPartitionStats } from 'nestjs-kafka-many-threads';
import type { WorkerReport } from '../worker.js';
import type { Stage } from './stage.js';

const LAST_LINES = 15;
const STOPS_WITHIN_MS = 15_000;

export interface ShopOptions {
  readonly runs?: 'orders' | 'everything';
  /** Variables as `Settings` reads them. */
  readonly settings: Readonly<Record<string, string | number>>;
}

/** The shop in a process of its own. */
export class ShopProcess {
  /** What it told last; empty before the first word. */
  report: WorkerReport = [];
  private readonly output: string[] = [];
  private readonly ended: Promise<void>;
  private isWanted = true;

  private constructor(
    private readonly child: ChildProcess,
    private readonly stage: Stage,
  ) {
    child.on('message', (report: WorkerReport) => (this.report = report));
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => this.keep(String(text)));
    this.ended = new Promise((resolve) => child.once('exit', () => resolve()));
  }

  static start(stage: Stage, { runs = 'orders', settings }: ShopOptions): ShopProcess {
    const environment = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
    const child = fork(workerFile(), [runs], { silent: true, env: { ...process.env, KAFKA_BROKERS: stage.brokers.join(','), ...environment } });
    const shop = new ShopProcess(child, stage);
    stage.atEnd(() => shop.kill());
    return shop;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Handlers in flight in all its groups, as it told last. */
  get inFlight(): number {
    return this.report.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Records below the committed offsets of its partitions, as it told last. */
  get committed(): number {
    return this.report.flatMap(({ partitions }) => partitions).reduce((sum, { committedOffset }) => sum + Math.max(0, committedOffset), 0);
  }

  /** Partitions that it has in this group, as it told last. */
  partitions(group: string): readonly KafkaPartitionStats[] {
    return this.report.find(({ groupId }) => groupId === group)?.partitions ?? [];
  }

  /** kill -9: no last commit, no good-bye to the group. */
  async kill(): Promise<void> {
    this.isWanted = false;
    if (this.isRunning) this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM: it drains, commits and leaves the group. */
  async stop(): Promise<void> {
    this.assertRunning();
    this.isWanted = false;
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOPS_WITHIN_MS);
    await this.ended;
    clearTimeout(late);
    if (this.child.signalCode === 'SIGKILL') throw new Error(`The shop (process ${this.pid}) did not stop within ${STOPS_WITHIN_MS} ms of SIGTERM.\n${this.output.join('\n')}`);
  }

  /** @throws with its last lines, where it has ended although nobody asked it to. */
  assertRunning(): void {
    if (!this.isWanted || this.isRunning || this.stage.signal.aborted) return;
    throw new Error(`The shop (process ${this.pid}) has ended by itself. Its last lines:\n${this.output.join('\n')}`);
  }

  private get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  private keep(text: string): void {
    this.output.push(...text.split('\n').filter((line) => line !== ''));
    this.output.splice(0, this.output.length - LAST_LINES);
  }
}

/** Beside the sources it is TypeScript, beside what was built from them it is not. */
function workerFile(): string {
  const own = fileURLToPath(import.meta.url);
  return join(dirname(own), '..', `worker${extname(own)}`);
}
