import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectFolder } from '../../scripts/kafka/project-folder.js';
import type { Ledger } from '../support/ledger.js';
import type { MemberConfig } from './member.js';
import { Network } from './network.js';

const READY_WITHIN_MS = 90_000;

/** Also where we are ended ourselves: nobody else knows of a frozen child. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** One process of the group, its network, and what was done to it. */
export class ChaosProcess {
  hasEnded = false;
  /** It is not there yet, or a fault is being played on it. */
  isBusy = true;
  isMember = true;
  output = '';
  private readonly exit: Promise<number | null>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly network: Network,
    private readonly ledger: Ledger,
  ) {
    children.add(child);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (this.output = (this.output + data.toString()).slice(-4_000)));
    this.exit = new Promise((resolve) =>
      child.once('exit', (code) => {
        this.hasEnded = true;
        children.delete(child);
        void network.close();
        resolve(code);
      }),
    );
  }

  static async start(config: Omit<MemberConfig, 'ways'>, ledger: Ledger): Promise<ChaosProcess> {
    const network = await Network.to(config.brokers);
    const settings: MemberConfig = { ...config, ways: network.ways };
    const worker = join(projectFolder(), 'test', 'chaos', 'worker.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', worker], {
      cwd: projectFolder(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, CHAOS_WORKER: JSON.stringify(settings) },
    });
    return new ChaosProcess(child, network, ledger);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exit;
    this.note('kill');
  }
  /** As an orchestrator does it. Answers the exit code. */
  terminate(): Promise<number | null> {
    this.note('terminate');
    this.child.kill('SIGTERM');
    return this.exit;
  }
  freeze(): void {
    this.note('freeze');
    this.child.kill('SIGSTOP');
  }
  thaw(): void {
    this.child.kill('SIGCONT');
    this.note('thaw');
  }
  leave(): Promise<void> {
    return this.tell('leave', 'left');
  }
  join(): Promise<void> {
    return this.tell('join', 'joined');
  }
  strike(fault: 'cut' | 'half-open' | { readonly latencyMs: number }): void {
    this.note('network');
    if (fault === 'cut') this.network.cut();
    else if (fault === 'half-open') this.network.halfOpen();
    else this.network.slow(fault.latencyMs);
  }
  heal(): void {
    this.network.heal();
    this.note('heal');
  }

  /** It has joined for the first time: from now on it is there for faults. */
  async ready(): Promise<void> {
    const tooLong = delay(READY_WITHIN_MS, 'late' as const, { ref: false });
    if ((await Promise.race([this.answer('joined'), tooLong])) === 'late') throw new Error(`Process ${this.pid} is not ready after ${READY_WITHIN_MS} ms`);
    if (this.hasEnded) throw new Error(`Process ${this.pid} has ended before it was ready:\n${this.output}`);
    this.isBusy = false;
  }

  private tell(what: 'leave' | 'join', answer: 'left' | 'joined'): Promise<void> {
    this.isMember = what === 'join';
    const answered = this.answer(answer);
    if (!this.hasEnded) this.child.send(what);
    return answered;
  }

  /** Resolves at the answer, or when the process has ended. */
  private answer(expected: 'left' | 'joined'): Promise<void> {
    return new Promise((resolve) => {
      const hear = (said: unknown): void => {
        if (said !== expected) return;
        this.child.off('message', hear);
        resolve();
      };
      this.child.on('message', hear);
      void this.exit.then(() => resolve());
    });
  }

  private note(text: string): void {
    this.ledger.write({ event: 'fault', text, target: this.pid });
  }
}

/** The processes of the group. */
export class Processes {
  private readonly started: ChaosProcess[] = [];

  constructor(
    private readonly config: Omit<MemberConfig, 'ways'>,
    private readonly ledger: Ledger,
  ) {}

  get alive(): ChaosProcess[] {
    return this.started.filter(({ hasEnded }) => !hasEnded);
  }
  /** With which nothing is being done. */
  get idle(): ChaosProcess[] {
    return this.alive.filter(({ isBusy }) => !isBusy);
  }
  /** Those that ended by themselves. */
  get crashed(): ChaosProcess[] {
    return this.started.filter(({ hasEnded, isBusy }) => hasEnded && !isBusy);
  }

  /** Resolves once it has joined. */
  async start(): Promise<void> {
    const started = await ChaosProcess.start(this.config, this.ledger);
    this.started.push(started);
    await started.ready();
  }

  /** Answers the exit codes that are not 0. */
  async stopAll(): Promise<string[]> {
    const { alive } = this;
    for (const each of alive) each.isBusy = true;
    const codes = await Promise.all(alive.map((each) => each.terminate()));
    return codes.flatMap((code, index) => (code === 0 ? [] : [`process ${alive[index].pid} ended with ${code}: ${alive[index].output}`]));
  }

  async killAll(): Promise<void> {
    await Promise.all(this.alive.map((each) => each.kill()));
  }
}
