import type { Delivery } from '../../lib/engine/delivery.js';
import type { Judge } from './judge.js';
import type { PartitionTruth } from './ledger.js';
import { NO_KEY } from '../../lib/engine/record-chunk.js';
import type { SimulatedProcess } from './process.js';
import { nameOf, type Run } from './run-of-handler.js';
import type { SimulatedWire } from './simulated-wire.js';

/** Which handlers may start when: once at a time, in order, by members only, within the concurrency. */
export class RunChecks {
  constructor(private readonly judge: Judge) {}

  started(run: Run): void {
    const { process, delivery } = run;
    const truth = this.judge.ledger.of(delivery);
    this.judge.note(`${process.name}: ${nameOf(delivery)} attempt ${run.attempt} starts`);
    this.checkTenure(run, truth);
    this.checkMembership(run);
    if (!run.isOrphaned) this.checkOthers(run, truth);
    truth.runs.add(run);
    process.runs.add(run);
    this.checkConcurrency(process);
    if (truth.complete[delivery.offset] && !truth.isVoid) this.judge.counts.repeats++;
  }

  ended(run: Run): void {
    run.process.runs.delete(run);
    this.judge.ledger.of(run.delivery).runs.delete(run);
  }

  of(process: SimulatedProcess, delivery: Delivery): Run | null {
    for (const run of process.runs) if (run.delivery === delivery && run.attempt === delivery.attempt) return run;
    return process.lastEnded?.delivery === delivery && process.lastEnded.attempt === delivery.attempt ? process.lastEnded : null;
  }

  abandoned(process: SimulatedProcess, delivery: Delivery): void {
    const run = this.of(process, delivery);
    if (run !== null) run.isAbandoned = true;
  }
  orphan(memberId: string): void {
    for (const { runs } of this.judge.ledger.partitions.values()) for (const run of runs) if (run.member?.memberId === memberId) run.isOrphaned = true;
  }
  orphanAll(): void {
    for (const { runs } of this.judge.ledger.partitions.values()) for (const run of runs) run.isOrphaned = true;
  }
  /** Its member has been given the partition again. */
  adopt(member: SimulatedWire, name: string): void {
    for (const run of this.judge.ledger.partitions.get(name)?.runs ?? []) if (run.member === member) run.isOrphaned = false;
  }

  private checkTenure({ process, delivery }: Run, truth: PartitionTruth): void {
    const { judge } = this;
    const tenure = process.tenure(delivery);
    if (tenure === null) return judge.broken('membership', `${process.name} starts ${nameOf(delivery)} before its assigned hook`);
    if (process.isPaused(delivery)) judge.broken('paused', `${process.name} starts ${nameOf(delivery)}, which is paused there`);
    if (tenure.end !== null) judge.broken('membership', `${process.name} starts ${nameOf(delivery)}, which it has ${tenure.end}`);
    if (truth.isVoid) return;
    if (!process.kafka.offsets.has(truth.log.name)) judge.broken('commits', `${process.name} starts ${nameOf(delivery)} before the partition's start is committed`);
    if (tenure.wasComplete(delivery.offset)) judge.broken('repeats', `${process.name} starts ${nameOf(delivery)}, which the commit says is complete from which it began (${tenure.startOffset})`);
  }

  /** By the lease: who has not been heard of for a session starts nothing. Of other removals a member cannot know before it is told. */
  private checkMembership(run: Run): void {
    const { process, delivery, member } = run;
    const removal = member === null ? null : this.judge.removalOf(member.memberId);
    if (removal !== null || this.judge.isForeignLed) run.isOrphaned = true;
    if (removal === 'session') this.judge.broken('membership', `${process.name} starts ${nameOf(delivery)} although the session of ${member?.memberId} is over`);
  }

  private checkOthers(run: Run, truth: PartitionTruth): void {
    const { judge } = this;
    const { process, delivery } = run;
    const key = delivery.chunk.keyHash(delivery.index);
    for (const other of truth.runs) {
      if (!counts(other)) continue;
      const who = `${process.name} starts ${nameOf(delivery)} while ${other.process.name} runs ${nameOf(other.delivery)}`;
      if (other.delivery.offset === delivery.offset) judge.broken('once', who);
      else if (this.isOrdered(key) && this.sharesOrder(key, other.delivery)) judge.broken('order', who);
    }
    if (truth.isVoid || !this.isOrdered(key)) return;
    const first = judge.settings.ordering === 'partition' ? truth.firstInOrder() : truth.firstOfKey(key);
    if (first < delivery.offset) judge.broken('order', `${process.name} starts ${nameOf(delivery)} before ${first} of the same order is complete`);
  }

  private isOrdered(key: number): boolean {
    const { ordering } = this.judge.settings;
    return ordering === 'partition' || (ordering === 'key' && key !== NO_KEY);
  }
  private sharesOrder(key: number, other: Delivery): boolean {
    return this.judge.settings.ordering === 'partition' || other.chunk.keyHash(other.index) === key;
  }

  private checkConcurrency(process: SimulatedProcess): void {
    let inFlight = 0;
    let abandoned = 0;
    for (const { isAbandoned } of process.runs) if (isAbandoned) abandoned++;
      else inFlight++;
    const limit = Math.min(process.settings.concurrency, process.settings.handlerConcurrency);
    if (inFlight > limit) this.judge.broken('concurrency', `${process.name} runs ${inFlight} handlers, and may run ${limit}`);
    if (abandoned >= process.settings.concurrency) this.judge.broken('concurrency', `${process.name} starts a handler beside ${abandoned} abandoned ones`);
  }
}

/** Of a run that has lost its partition, its process or its place nobody expects that it stays alone. */
function counts({ process, delivery, isAbandoned, isOrphaned }: Run): boolean {
  return process.state === 'running' && !isAbandoned && !isOrphaned && delivery.queue.state !== 'closed';
}
