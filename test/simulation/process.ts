import type { Clock } from '../../lib/consumer/clock.js';
import { createGroupConsumer } from '../../lib/consumer/create-group-consumer.js';
import type { GroupConsumer, GroupHooks, GroupListener, GroupLog } from '../../lib/consumer/group-consumer.js';
import type { GroupOptions } from '../../lib/consumer/options.js';
import type { PartitionTarget } from '../../lib/consumer/pauses.js';
import type { FetchRequest, TopicPartition } from '../../lib/consumer/wire.js';
import type { Delivery } from '../../lib/engine/delivery.js';
import type { Engine } from '../../lib/engine/engine.js';
import { SimulatedHandler } from './handler.js';
import type { Judge } from './judge.js';
import type { JudgedTenure } from './judged-tenure.js';
import type { SimulatedKafka } from './kafka.js';
import type { Network, Peer } from './network.js';
import { BYTES_PER_RECORD } from './partition-log.js';
import type { Random } from './random.js';
import type { Run } from './run-of-handler.js';
import type { Scenario } from './scenario.js';
import type { ScheduledEvent, Scheduler } from './scheduler.js';
import { SimulatedWire } from './simulated-wire.js';

export interface ProcessSettings {
  readonly concurrency: number;
  readonly handlerConcurrency: number;
  readonly members: number;
  readonly protocol: GroupOptions['rebalance']['protocol'];
}
export interface Surroundings {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly judge: Judge;
  readonly kafka: SimulatedKafka;
  readonly network: Network;
  readonly topics: readonly string[];
  /** Lines of the library, too. */
  readonly verbose: boolean;
}

/** One process of the application: the consumer under test, on a clock, a network and handlers of the simulation. */
export class SimulatedProcess implements Peer {
  state: 'running' | 'frozen' | 'dead' = 'running';
  readonly heldBack: ScheduledEvent[] = [];
  isCutOff = false;
  isStopping = false;
  readonly clock: Clock;
  readonly handler: SimulatedHandler;

  // What the judge knows of it.
  readonly runs = new Set<Run>();
  lastEnded: Run | null = null;
  /** By partition, the member whose assignment has named it last. */
  readonly holders = new Map<string, SimulatedWire>();
  readonly reads = new Map<string, { readonly offset: number; readonly metadata: string }>();
  readonly tenures = new Map<string, JudgedTenure>();
  readonly epochs = new Map<string, number>();
  private readonly paused = new Set<string>();
  coordinatorFailedAtMs = -Infinity;
  /** It was frozen, cut off, or out of the group. */
  troubledAtMs = -Infinity;
  /** A map was refused for its size. */
  hasShortMaps = false;

  private readonly consumer: GroupConsumer;

  constructor(
    readonly name: string,
    readonly settings: ProcessSettings,
    private readonly world: Surroundings,
  ) {
    const { scheduler, scenario, judge, random } = world;
    const skewMs = random.between(0, 1e6);
    this.clock = {
      now: () => scheduler.nowMs + skewMs,
      later: (delayMs, work) => scheduler.after(Math.max(1, delayMs) + (random.chance(0.02) ? random.between(0, 60) : random.between(0, 1)), work, this),
      nextTurn: (work) => void scheduler.after(random.between(0, 0.2), work, this, 'message'),
    };
    this.handler = new SimulatedHandler(this, scenario, scheduler, judge, random.fork());
    this.consumer = this.createConsumer();
    this.consumer.listener = this.listener();
  }

  get kafka(): SimulatedKafka {
    return this.world.kafka;
  }
  get stats(): ReturnType<GroupConsumer['stats']> {
    return this.consumer.stats();
  }
  get retainedBytes(): number {
    return (Reflect.get(this.consumer, 'engine') as Engine).retainedBytes;
  }
  tenure({ topic, partition, epoch }: Delivery): JudgedTenure | null {
    return this.tenures.get(`${topic}/${partition}#${epoch}`) ?? null;
  }
  /**
   * The tenure that a commit of the process is of: the latest that is not over, else the latest. Of two members in a process one
   * may get what the other, in doubt of its place, has not given up; which of them may commit is told by the coordinator.
   */
  committing(name: string): JudgedTenure | undefined {
    const latest = this.epochs.get(name) ?? 0;
    for (let epoch = latest; epoch > 0; epoch--) {
      const tenure = this.tenures.get(`${name}#${epoch}`);
      if (tenure?.end === null) return tenure;
    }
    return this.tenures.get(`${name}#${latest}`);
  }
  redeliverHeld(): void {
    void this.consumer.redeliverHeld();
  }
  pause(target: PartitionTarget): void {
    if (this.state !== 'running') return;
    try {
      this.consumer.pause(target);
    } catch (error) {
      // A partition that its metadata does not show yet.
      return this.world.judge.note(`${this.name}: ${String(error)}`);
    }
    this.markPaused(true, target);
  }
  resume(target: PartitionTarget): void {
    if (this.state !== 'running') return;
    this.markPaused(false, target);
    try {
      this.consumer.resume(target);
    } catch (error) {
      this.world.judge.note(`${this.name}: ${String(error)}`);
    }
  }
  isPaused({ topic, partition }: TopicPartition): boolean {
    return this.paused.has(`${topic}/${partition}`);
  }

  async start(): Promise<void> {
    while (!this.isStopping) {
      try {
        await this.consumer.connect();
        await this.consumer.start();
        return this.world.judge.note(`${this.name}: has started`);
      } catch (error) {
        this.world.judge.note(`${this.name}: does not start: ${String(error)}`);
        await new Promise<void>((resolve) => void this.clock.later(500, resolve));
      }
    }
  }

  /** As on SIGTERM. */
  async stop(timeoutMs: number, drainFirst: boolean): Promise<void> {
    this.isStopping = true;
    try {
      if (drainFirst) await this.consumer.drain(timeoutMs);
      await this.consumer.stop(timeoutMs);
    } catch (error) {
      this.world.judge.broken('defect', `${this.name} does not stop: ${String(error)}`);
    }
  }

  checkBuffers({ positions }: FetchRequest): void {
    const { judge, scenario } = this.world;
    const { buffer, fetch } = scenario.options;
    const { buffered, partitions } = this.stats;
    const perFetch = Math.max(1, fetch.maxBytesPerPartition / BYTES_PER_RECORD);
    // What was held comes back beside what is there.
    const redelivered = scenario.handler.maxHeldPerPartition + this.settings.concurrency;
    const most = partitions.length * (buffer.recordsPerPartition - 1 + perFetch + redelivered);
    if (buffered > most) judge.broken('buffers', `${this.name} buffers ${buffered} records of ${partitions.length} partitions, and may buffer ${most}`);
    const bytes = buffer.bytes + (partitions.length + positions.length) * perFetch * BYTES_PER_RECORD + partitions.length * redelivered * BYTES_PER_RECORD * 2;
    if (this.retainedBytes > bytes) judge.broken('buffers', `${this.name} keeps ${this.retainedBytes} bytes, and may keep ${bytes}`);
  }

  private markPaused(isPaused: boolean, { topic, partitions }: PartitionTarget): void {
    for (const name of this.kafka.logs.keys()) {
      const [ofTopic, number] = name.split('/');
      if (topic !== undefined && ofTopic !== topic) continue;
      if (partitions !== undefined && !partitions.includes(Number(number))) continue;
      if (isPaused) this.paused.add(name);
      else this.paused.delete(name);
    }
  }

  private createConsumer(): GroupConsumer {
    const { concurrency, handlerConcurrency, members, protocol } = this.settings;
    const { scenario, kafka, network, judge, topics } = this.world;
    const rebalance = { protocol, assignment: scenario.assignment, drainTimeoutMs: scenario.drainTimeoutMs };
    return createGroupConsumer(
      {
        options: { ...scenario.options, concurrency, members, rebalance },
        handlers: [this.handler.asHandler(topics, handlerConcurrency)],
        wire: () => new SimulatedWire(this, kafka, network, judge, scenario.options.sessionTimeoutMs),
        hooks: this.hooks(),
        log: this.log(),
      },
      this.clock,
    );
  }

  private hooks(): GroupHooks {
    const { judge, random, scenario } = this.world;
    const work = async (): Promise<void> => {
      if (scenario.hookMs > 0) await new Promise<void>((resolve) => void this.clock.later(random.between(0, scenario.hookMs), resolve));
      if (scenario.hookMs > 0 && random.chance(0.1)) throw new Error('simulated failure of a hook');
    };
    return {
      assigned: (partitions) => {
        judge.begins(this, partitions);
        return work();
      },
      revoked: work,
    };
  }

  private log(): GroupLog {
    const { judge, verbose } = this.world;
    const write = (message: string): void => {
      if (verbose) judge.note(`${this.name} log: ${message}`);
    };
    const error = (message: string, cause?: unknown): void => {
      write(`${message} ${cause instanceof Error ? cause.stack ?? '' : ''}`);
      if (/defect|for good/.test(message)) judge.broken('defect', `${this.name}: ${message} ${String(cause)}`);
    };
    return { info: write, warn: write, error, debug: verbose ? write : null };
  }

  private listener(): GroupListener {
    const { judge } = this.world;
    return {
      revoked: (partitions) => judge.ends(this, partitions, 'released'),
      lost: (partitions) => judge.ends(this, partitions, 'lost'),
      processed: (delivery) => judge.processed(this, delivery),
      skipped: (delivery) => judge.complete(this, delivery),
      held: (delivery) => judge.held(this, delivery),
      abandoned: (delivery) => judge.runs.abandoned(this, delivery),
      committed: (offsets) => {
        for (const commit of offsets) judge.commits.acknowledged(this, commit);
      },
      crashed: (error) => judge.broken('defect', `${this.name} has failed: ${String(error)}`),
    };
  }
}
