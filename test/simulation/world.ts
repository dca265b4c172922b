import { ForeignMember } from './foreign-member.js';
import { Judge } from './judge.js';
import { SimulatedKafka } from './kafka.js';
import { Network } from './network.js';
import { NO_KEY } from '../../lib/engine/record-chunk.js';
import { Operator } from './operator.js';
import type { PartitionLog } from './partition-log.js';
import { SimulatedProcess, type Surroundings } from './process.js';
import { Random } from './random.js';
import type { Action, Scenario } from './scenario.js';
import { Scheduler } from './scheduler.js';
import { Trace } from './trace.js';

const MOST_PROCESSES = 5;

/** A group of processes, its Kafka, and what happens to both. */
export class World {
  readonly scheduler = new Scheduler();
  readonly trace = new Trace(() => this.scheduler.nowMs);
  readonly judge: Judge;
  readonly kafka: SimulatedKafka;
  readonly network: Network;
  readonly processes: SimulatedProcess[] = [];
  private readonly random: Random;
  private readonly surroundings: Surroundings;
  private readonly operator: Operator;
  private isCalm = false;

  constructor(
    readonly scenario: Scenario,
    verbose: boolean,
  ) {
    const { options, handler, drainTimeoutMs } = scenario;
    this.random = new Random(scenario.seed ^ 0x5eed);
    const flushLimitMs = Math.max(options.sessionTimeoutMs, drainTimeoutMs) + 5000;
    this.judge = new Judge({ fromBeginning: options.fromBeginning, ordering: handler.ordering, offsetMap: options.commit.offsetMap, flushLimitMs }, this.scheduler, this.trace);
    this.kafka = new SimulatedKafka(this.scheduler, this.random.fork(), this.judge, scenario);
    this.network = new Network(this.scheduler, this.random.fork());
    const topics = scenario.topics.map((_, index) => `t${index}`);
    this.surroundings = { scenario, scheduler: this.scheduler, random: this.random.fork(), judge: this.judge, kafka: this.kafka, network: this.network, topics, verbose };
    this.operator = new Operator(this, this.random.fork());
    scenario.topics.forEach((partitions, topic) => {
      for (let partition = 0; partition < partitions; partition++) this.append(this.kafka.addPartition(topics[topic], partition, false), scenario.backlog);
    });
    for (let process = 0; process < scenario.processes; process++) this.scheduler.after(this.random.between(0, 3000), () => this.join());
  }

  get logs(): readonly PartitionLog[] {
    return [...this.kafka.logs.values()];
  }
  /** Neither dead nor about to be. */
  get staying(): readonly SimulatedProcess[] {
    return this.processes.filter(({ state, isStopping }) => state !== 'dead' && !isStopping);
  }
  get living(): readonly SimulatedProcess[] {
    return this.processes.filter(({ state }) => state !== 'dead');
  }

  join(): void {
    if (this.living.length >= MOST_PROCESSES || this.operator.isAtWork) return;
    const { scenario, random } = this;
    const concurrency = random.int(1, 12);
    const settings = { concurrency, handlerConcurrency: random.chance(0.2) ? random.int(1, concurrency) : Infinity, members: random.chance(0.2) ? 2 : 1, protocol: random.pick(scenario.protocols) };
    const process = new SimulatedProcess(`p${this.processes.length + 1}`, settings, this.surroundings);
    if (this.isCalm) process.handler.calmDown();
    this.processes.push(process);
    this.judge.note(`${process.name} is started, ${JSON.stringify(settings)}`);
    void process.start();
  }

  append(log: PartitionLog, count: number): void {
    if (this.judge.ledger.of(log).isVoid && !this.isCalm) return;
    const { keys } = this.scenario;
    this.kafka.append(log, Array.from({ length: count }, () => (this.random.chance(0.15) ? NO_KEY : this.random.int(0, keys - 1))));
  }

  apply(action: Action): void {
    if (action.kind !== 'append') this.judge.note(`--- ${action.kind} ${JSON.stringify(action)}`);
    const process = at(this.staying, action.pick);
    const log = at(this.logs, action.pick);
    switch (action.kind) {
      case 'append':
        return log === undefined ? undefined : this.append(log, action.count);
      case 'join':
        this.join();
        // Somebody who restarts what has just been started.
        if (this.random.chance(0.3)) this.scheduler.after(this.random.between(0, 1000), () => this.restart(this.staying.at(-1)));
        return;
      case 'crash':
        return process === undefined ? undefined : this.crash(process);
      case 'freeze':
        return process === undefined ? undefined : this.freeze(process, action.durationMs, action.timersFirst);
      case 'stop':
        return process === undefined ? undefined : this.stop(process, action);
      case 'cut off':
        return process === undefined ? undefined : this.cutOff(process, action.durationMs);
      case 'pause':
        return process === undefined || log === undefined ? undefined : this.pause(process, log, action);
      case 'foreign member':
        return this.welcomeForeigner(action.durationMs);
      case 'relay':
        return process === undefined ? undefined : this.relay(process, action.durationMs, action.crashes);
      case 'noise':
        return this.noise(action);
      case 'coordinator moves':
        return this.kafka.coordinator.moves(action.durationMs);
      case 'operator':
        return this.operator.work(action.crashes, action.reset);
      default:
        return this.operator.changeLog(action.kind, log, action.pick);
    }
  }

  crash(process: SimulatedProcess): void {
    this.judge.note(`${process.name} crashes`);
    this.bury(process);
  }

  stop(process: SimulatedProcess, { timeoutMs, drainFirst, startsAgain }: { timeoutMs: number; drainFirst: boolean; startsAgain: boolean }): void {
    const { sessionTimeoutMs } = this.scenario.options;
    const limitMs = (drainFirst ? 2 : 1) * (timeoutMs + 2 * sessionTimeoutMs) + 3000;
    const beganMs = this.scheduler.nowMs;
    let isDone = false;
    this.scheduler.after(limitMs, () => {
      if (!isDone && process.state === 'running' && process.troubledAtMs < beganMs) this.judge.broken('liveness', `${process.name} has not stopped within ${limitMs.toFixed(0)} ms`);
    });
    void process.stop(timeoutMs, drainFirst).then(() => {
      isDone = true;
      this.judge.note(`${process.name} has stopped`);
      if (!startsAgain || this.operator.isAtWork || this.isCalm) return this.bury(process);
      process.isStopping = false;
      void process.start();
    });
  }

  private welcomeForeigner(durationMs: number): void {
    const foreigner = new ForeignMember(this.kafka, this.scheduler, this.surroundings.topics);
    foreigner.join();
    this.scheduler.after(Math.min(durationMs, this.scenario.durationMs - this.scheduler.nowMs), () => foreigner.leave());
  }

  private relay(process: SimulatedProcess, durationMs: number, crashes: boolean): void {
    const { scheduler } = this;
    this.freeze(process, durationMs, true);
    scheduler.after(this.random.between(0.5, 1) * durationMs, () => {
      if (this.isCalm) return;
      for (const other of this.staying) {
        if (other === process) continue;
        if (crashes) this.crash(other);
        else this.stop(other, { timeoutMs: 1000, drainFirst: false, startsAgain: false });
      }
    });
  }

  private restart(process: SimulatedProcess | undefined): void {
    if (process !== undefined && !this.isCalm) this.stop(process, { timeoutMs: 1000, drainFirst: false, startsAgain: true });
  }

  private freeze(process: SimulatedProcess, durationMs: number, timersFirst: boolean): void {
    if (process.state !== 'running') return;
    process.state = 'frozen';
    process.troubledAtMs = Infinity;
    this.scheduler.after(durationMs, () => {
      if (process.state === 'frozen') this.thaw(process, timersFirst);
    });
  }
  private thaw(process: SimulatedProcess, timersFirst: boolean): void {
    this.judge.note(`${process.name} thaws`);
    process.state = 'running';
    process.troubledAtMs = this.scheduler.nowMs;
    this.scheduler.thaw(process, timersFirst);
  }

  private cutOff(process: SimulatedProcess, durationMs: number): void {
    process.isCutOff = true;
    process.troubledAtMs = Infinity;
    this.scheduler.after(durationMs, () => this.reconnect(process));
  }
  private reconnect(process: SimulatedProcess): void {
    process.isCutOff = false;
    if (process.state === 'running') process.troubledAtMs = this.scheduler.nowMs;
  }

  /** What is resumed is what was paused, whatever was paused beside it meanwhile. */
  private pause(process: SimulatedProcess, { topic, partition }: PartitionLog, { durationMs, extent }: { durationMs: number; extent: 'partition' | 'topic' | 'everything' }): void {
    const target = extent === 'everything' ? {} : extent === 'topic' ? { topic } : { topic, partitions: [partition] };
    process.pause(target);
    this.scheduler.after(durationMs, () => process.resume(target));
  }

  private noise({ durationMs, loss, late, refusals }: { durationMs: number; loss: number; late: number; refusals: number }): void {
    const set = (lossShare: number, lateShare: number, refusalShare: number): void => {
      this.network.lossShare = lossShare;
      this.network.lateShare = lateShare;
      this.kafka.refusalShare = refusalShare;
    };
    set(loss, late, refusals);
    this.scheduler.after(durationMs, () => set(0, 0, 0));
  }

  /** Faults stop, handlers are quick, and somebody is there. */
  calmDown(): void {
    this.judge.note('--- calm');
    this.isCalm = true;
    this.network.lossShare = this.network.lateShare = this.kafka.refusalShare = 0;
    for (const process of this.living) {
      if (process.state === 'frozen') this.thaw(process, true);
      this.reconnect(process);
      process.resume({});
      process.handler.calmDown();
    }
    this.keepOneAlive();
  }
  keepOneAlive(): void {
    if (this.staying.length === 0) this.join();
  }

  private bury(process: SimulatedProcess): void {
    process.state = 'dead';
    for (const run of process.runs) this.judge.runs.ended(run);
  }
}

function at<T>(items: readonly T[], pick: number): T | undefined {
  return items[Math.floor(pick * items.length)];
}
