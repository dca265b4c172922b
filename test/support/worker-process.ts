import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { testBrokers } from './kafka.js';
import type { Ledger } from './ledger.js';
import type { WorkerConfig } from './worker.js';

/** Processes of a test, each a consumer of the group that writes what it does into the ledger. */
export class Workers {
  private readonly processes = new Set<WorkerProcess>();

  constructor(
    private readonly ledger: Ledger,
    private readonly config: Omit<WorkerConfig, 'brokers' | 'ledger'>,
  ) {}

  get alive(): WorkerProcess[] {
    return [...this.processes].filter(({ hasEnded }) => !hasEnded);
  }

  start(overrides: Partial<WorkerConfig> = {}): WorkerProcess {
    const worker = new WorkerProcess({ ...this.config, brokers: testBrokers(), ledger: this.ledger.file, ...overrides });
    this.processes.add(worker);
    return worker;
  }

  async killAll(): Promise<void> {
    await Promise.all(this.alive.map((worker) => worker.kill()));
  }
}

export class WorkerProcess {
  hasEnded = false;
  output = '';
  private readonly child: ChildProcess;
  private readonly exit: Promise<number | null>;

  constructor(config: WorkerConfig) {
    this.child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'worker.ts')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WORKER: JSON.stringify(config) },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.exit = new Promise((resolve) =>
      this.child.once('exit', (code) => {
        this.hasEnded = true;
        resolve(code);
      }),
    );
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }
  /** SIGKILL: nothing is finished, committed or said. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
  }
  /** SIGTERM: it stops as an application would. Answers the exit code. */
  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.exit;
  }
  freeze(): void {
    this.child.kill('SIGSTOP');
  }
  thaw(): void {
    this.child.kill('SIGCONT');
  }
}
