import type { TopicHandler } from '../../lib/consumer/group-consumer.js';
import type { Delivery } from '../../lib/engine/delivery.js';
import type { Verdict } from '../../lib/engine/failure-policy.js';
import type { Judge } from './judge.js';
import type { SimulatedProcess } from './process.js';
import type { Random } from './random.js';
import type { Run } from './run-of-handler.js';
import type { Scenario } from './scenario.js';
import type { Scheduler } from './scheduler.js';

class SimulatedFailure extends Error {
  constructor(
    readonly kind: Verdict['kind'],
    readonly delayMs?: number,
  ) {
    super(`simulated ${kind}`);
  }
}

/** The application's handler in one process: quick, slow, failing, hanging, as chance has it; only quick once calm has come. */
export class SimulatedHandler {
  isCalm = false;
  /** Ends those that hang, when calm comes. */
  private readonly hanging = new Set<() => void>();

  constructor(
    private readonly process: SimulatedProcess,
    private readonly scenario: Scenario,
    private readonly scheduler: Scheduler,
    private readonly judge: Judge,
    private readonly random: Random,
  ) {}

  calmDown(): void {
    this.isCalm = true;
    for (const end of [...this.hanging]) end();
  }

  asHandler(topics: readonly string[], concurrency: number): TopicHandler {
    const { retries, retryDelayMs, ...options } = this.scenario.handler;
    return {
      name: 'Simulated.handle',
      topics,
      options: { ...options, concurrency, retry: { retries, delayMs: () => retryDelayMs, retryable: () => true } },
      invoke: (delivery) => this.invoke(delivery),
      classify: (error) => (error instanceof SimulatedFailure ? { kind: error.kind, error, delayMs: error.delayMs } : { kind: 'failed', error }),
    };
  }

  private invoke(delivery: Delivery): unknown {
    const { process, random } = this;
    const { habits } = this.scenario;
    const member = process.holders.get(`${delivery.topic}/${delivery.partition}`) ?? null;
    const run: Run = { process, delivery, attempt: delivery.attempt, member, isAbandoned: false, isOrphaned: false, outcome: null };
    this.judge.started(run);
    if (!this.isCalm && random.chance(habits.hanging)) return this.hang(run);
    const error = !this.isCalm && random.chance(habits.failing) ? this.failure() : null;
    if (random.chance(habits.instant)) return this.endAtOnce(run, error);
    const isSlow = !this.isCalm && random.chance(habits.slow);
    const durationMs = isSlow ? random.between(0.2, 1) * habits.slowMs : random.between(0, 2) * habits.typicalMs;
    return this.takesTime(run, error, durationMs);
  }

  private failure(): SimulatedFailure {
    const kind = this.random.pick(['failed', 'failed', 'failed', 'retry', 'exhausted', 'skip'] as const);
    return new SimulatedFailure(kind, kind === 'retry' ? this.random.between(0, 3000) : undefined);
  }

  private endAtOnce(run: Run, error: SimulatedFailure | null): unknown {
    this.end(run, error);
    if (error !== null) throw error;
    this.acknowledge(run);
    return undefined;
  }

  private takesTime(run: Run, error: SimulatedFailure | null, durationMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.scheduler.after(
        durationMs,
        () => {
          const answersFalse = error?.kind === 'failed' && this.random.chance(0.3);
          this.end(run, error);
          if (answersFalse) return resolve(false);
          if (error !== null) return reject(error);
          this.acknowledge(run);
          if (this.scenario.handler.ack === 'auto') return resolve(undefined);
          // The handler may do more after its acknowledgement.
          this.scheduler.after(this.random.between(0, 200), () => resolve(undefined), this.process, 'message');
        },
        this.process,
        'message',
      );
    });
  }

  /** Some end when their signal aborts, others do not care. */
  private hang(run: Run): Promise<unknown> {
    const listens = this.random.chance(0.5);
    return new Promise((_, reject) => {
      const end = (): void => {
        if (!this.hanging.delete(end)) return;
        this.end(run, new SimulatedFailure('failed'));
        reject(new SimulatedFailure('failed'));
      };
      this.hanging.add(end);
      this.scheduler.after(this.random.between(5000, 60_000), end, this.process, 'message');
      if (listens) run.delivery.signal.addEventListener('abort', () => this.scheduler.after(this.random.between(0, 100), end, this.process, 'message'));
    });
  }

  private acknowledge({ delivery, attempt }: Run): void {
    if (this.scenario.handler.ack === 'manual') delivery.ack(attempt);
  }

  private end(run: Run, error: SimulatedFailure | null): void {
    run.outcome = error === null ? 'succeeded' : 'failed';
    this.judge.runs.ended(run);
    this.process.lastEnded = run;
    this.judge.note(`${this.process.name}: ${run.delivery.topic}/${run.delivery.partition}@${run.delivery.offset} attempt ${run.attempt} ${run.outcome}`);
  }
}
