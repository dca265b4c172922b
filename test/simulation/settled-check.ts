import type { PartitionLog } from './partition-log.js';
import type { World } from './world.js';

const POLL_MS = 250;
const REDELIVERY_MS = 2000;
/** After the last fault: sessions end, drains reach their limits, what failed is tried again. */
const SETTLE_LIMIT_MS = 180_000;
const PROBE_LIMIT_MS = 30_000;
const STOP_MS = 5000;

/**
 * When faults have stopped: every record that is not held is processed and committed, every partition has exactly one owner,
 * none stands still, and a stop leaves nothing behind.
 */
export class SettledCheck {
  isDone = false;
  private deadlineMs = Infinity;

  constructor(private readonly world: World) {}

  begin(): void {
    this.world.calmDown();
    this.deadlineMs = this.world.scheduler.nowMs + SETTLE_LIMIT_MS;
    this.redeliver();
    this.when(() => this.probe());
  }

  private probe(): void {
    const { world } = this;
    world.judge.note('--- settled: each partition gets two more records');
    for (const log of world.logs) world.append(log, 2);
    this.deadlineMs = world.scheduler.nowMs + PROBE_LIMIT_MS;
    this.when(() => this.stopAll());
  }

  private stopAll(): void {
    const { world } = this;
    for (const process of world.staying) {
      const { retainedBytes, stats } = process;
      if (retainedBytes !== 0 || stats.buffered !== 0 || stats.inFlight !== 0) {
        world.judge.broken('buffers', `${process.name} has nothing to do, and keeps ${retainedBytes} bytes and ${stats.buffered} records, ${stats.inFlight} in flight`);
      }
      world.stop(process, { timeoutMs: STOP_MS, drainFirst: false, startsAgain: false });
    }
    const finish = (): void => {
      if (world.living.length > 0) return void world.scheduler.after(POLL_MS, finish);
      for (const log of world.logs) {
        const problem = this.uncommitted(log);
        if (problem !== null) world.judge.broken('liveness', `after the last stop ${problem}`);
      }
      this.isDone = true;
    };
    finish();
  }

  private when(next: () => void): void {
    const { scheduler, judge } = this.world;
    this.world.keepOneAlive();
    const problem = this.problem();
    if (problem === null) return next();
    if (scheduler.nowMs > this.deadlineMs) return judge.broken('liveness', `faults have stopped long ago, and ${problem}`);
    scheduler.after(POLL_MS, () => this.when(next));
  }

  private redeliver(): void {
    for (const process of this.world.staying) process.redeliverHeld();
    this.world.scheduler.after(REDELIVERY_MS, () => this.redeliver());
  }

  private problem(): string | null {
    const { living, staying, logs } = this.world;
    if (living.length !== staying.length) return `${living.length - staying.length} processes have not stopped`;
    const owners = new Map<string, string[]>();
    for (const process of living) {
      const { state, partitions, inFlight } = process.stats;
      if (inFlight > 0) return `${process.name} runs handlers`;
      if (state !== 'running') return `${process.name} is ${state}`;
      for (const { topic, partition } of partitions) owners.set(`${topic}/${partition}`, [...(owners.get(`${topic}/${partition}`) ?? []), process.name]);
    }
    for (const log of logs) {
      const of = owners.get(log.name) ?? [];
      if (of.length !== 1) return `${log.name} is owned by ${of.length === 0 ? 'nobody' : of.join(' and ')}`;
      const problem = this.uncommitted(log);
      if (problem !== null) return problem;
    }
    return null;
  }

  private uncommitted(log: PartitionLog): string | null {
    const { judge, kafka } = this.world;
    const truth = judge.ledger.of(log);
    const committed = kafka.offsets.get(log.name)?.offset ?? -1;
    if (!truth.isVoid && truth.firstIncomplete < log.end) return `${truth.incompleteCount} records of ${log.name} are not complete, the first is ${truth.firstIncomplete}`;
    if (committed !== log.end) return `${log.name} is committed at ${committed} and ends at ${log.end}`;
    return null;
  }
}
