import type { CommittedOffset, FetchRequest, OffsetCommit, SyncReply } from '../../lib/consumer/wire.js';
import type { OwnedPartition } from '../../lib/consumer/group-consumer.js';
import type { Delivery } from '../../lib/engine/delivery.js';
import { CommitChecks, type StoredCommit } from './commit-checks.js';
import type { CoordinatorObserver, Removal } from './coordinator.js';
import { Ledger } from './ledger.js';
import type { SimulatedProcess } from './process.js';
import { RunChecks } from './run-checks.js';
import { nameOf, type Run } from './run-of-handler.js';
import type { Scheduler } from './scheduler.js';
import type { SimulatedWire } from './simulated-wire.js';
import type { Trace } from './trace.js';

/** Names of the invariants in docs/simulation.md. */
export type Invariant = 'commits' | 'handover' | 'order' | 'once' | 'membership' | 'paused' | 'concurrency' | 'buffers' | 'metadata' | 'repeats' | 'outcome' | 'liveness' | 'defect';

export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
  readonly atMs: number;
}

export interface JudgeSettings {
  readonly fromBeginning: boolean;
  readonly ordering: 'key' | 'partition' | 'none';
  readonly offsetMap: boolean;
  /** A final commit is given up after so long without an acknowledgement. */
  readonly flushLimitMs: number;
}

/** What is worth knowing of a run beside its verdict. */
export class Counts {
  runs = 0;
  completions = 0;
  repeats = 0;
  rebalances = 0;
  evictions = 0;
  truncatedMaps = 0;
  lateCommits = 0;
}

/** Sees everything that crosses the borders of the library, and compares it with the truth. The first violation stands. */
export class Judge implements CoordinatorObserver {
  readonly ledger = new Ledger();
  readonly counts = new Counts();
  violation: Violation | null = null;
  /** A leader that knows nothing of claims has given partitions to others while they were being worked on: nobody can prevent that. */
  isForeignLed = false;
  readonly runs: RunChecks;
  readonly commits: CommitChecks;
  /** Why members are not in the group any more. */
  private readonly removals = new Map<string, Removal>();
  private readonly members = new Map<string, SimulatedProcess>();
  private commitRequests = 0;

  constructor(
    readonly settings: JudgeSettings,
    readonly scheduler: Scheduler,
    readonly trace: Trace,
  ) {
    this.runs = new RunChecks(this);
    this.commits = new CommitChecks(this);
  }

  broken(invariant: Invariant, message: string): void {
    this.note(`VIOLATION of ${invariant}: ${message}`);
    this.violation ??= { invariant, message, atMs: this.scheduler.nowMs };
  }
  note(text: string): void {
    this.trace.note(text);
  }

  removalOf(memberId: string): Removal | null {
    return this.removals.get(memberId) ?? null;
  }
  memberRemoved(memberId: string, why: Removal): void {
    this.removals.set(memberId, why);
    const process = this.members.get(memberId);
    if (process !== undefined) process.troubledAtMs = Math.max(process.troubledAtMs, this.scheduler.nowMs);
    if (why === 'session') this.counts.evictions++;
    this.runs.orphan(memberId);
  }
  memberRestored(memberId: string): void {
    this.removals.delete(memberId);
  }
  assigned(generation: number, assignments: ReadonlyMap<string, SyncReply>): void {
    this.counts.rebalances++;
    // Ours always leave a mark.
    this.isForeignLed = [...assignments.values()].every(({ userData }) => userData.length === 0);
    if (this.isForeignLed) this.runs.orphanAll();
    this.note(`coordinator: generation ${generation} is ${Array.from(assignments, ([id, { partitions }]) => `${id}: ${Array.from(partitions, ([topic, numbers]) => `${topic}/${numbers.join(',')}`).join(' ')}`).join(' | ')}`);
  }

  synced(wire: SimulatedWire, generation: number, { partitions }: SyncReply): void {
    const { process } = wire;
    this.members.set(wire.memberId, process);
    for (const [topic, numbers] of partitions) {
      for (const partition of numbers) {
        process.holders.set(`${topic}/${partition}`, wire);
        this.runs.adopt(wire, `${topic}/${partition}`);
      }
    }
    this.note(`${process.name}: ${wire.memberId} has its assignment of generation ${generation}`);
  }

  // What the consumer's hooks and listeners tell.

  begins(process: SimulatedProcess, partitions: readonly OwnedPartition[]): void {
    for (const { topic, partition, epoch, offset } of partitions) this.commits.begins(process, `${topic}/${partition}`, epoch, offset ?? 0);
  }
  ends(process: SimulatedProcess, partitions: readonly OwnedPartition[], how: 'released' | 'lost'): void {
    for (const { topic, partition, epoch } of partitions) this.commits.ends(process, `${topic}/${partition}`, epoch, how);
  }
  started(run: Run): void {
    this.counts.runs++;
    this.runs.started(run);
  }
  processed(process: SimulatedProcess, delivery: Delivery): void {
    const run = this.runs.of(process, delivery);
    if (run?.outcome !== 'succeeded') this.broken('outcome', `${process.name} takes ${nameOf(delivery)} as processed, and its attempt ${delivery.attempt} has ${run === null ? 'not been seen' : `${run.outcome ?? 'not ended'}`}`);
    this.complete(process, delivery);
  }
  complete(process: SimulatedProcess, delivery: Delivery): void {
    this.counts.completions++;
    const truth = this.ledger.of(delivery);
    if (!truth.isVoid) truth.complete[delivery.offset] = true;
    process.tenure(delivery)?.completed(delivery.offset, this.scheduler.steps);
    this.note(`${process.name}: ${nameOf(delivery)} is complete`);
  }
  held(process: SimulatedProcess, delivery: Delivery): void {
    this.ledger.of(delivery).wasHeld.add(delivery.offset);
    this.note(`${process.name}: ${nameOf(delivery)} is held`);
  }

  // What crosses the wire.

  committedRead(process: SimulatedProcess, found: readonly CommittedOffset[]): void {
    for (const { topic, partition, offset, metadata } of found) process.reads.set(`${topic}/${partition}`, { offset, metadata });
  }
  /** Answers the number of the request: one that is repeated keeps it. */
  commitSent(process: SimulatedProcess, offsets: readonly OffsetCommit[]): number {
    for (const commit of offsets) this.commits.sent(process, commit);
    return ++this.commitRequests;
  }
  commitFailed(process: SimulatedProcess, kinds: readonly string[]): void {
    this.coordinatorFailed(process);
    process.hasShortMaps ||= kinds.some((kind) => kind === 'too-large' || kind === 'metadata-too-large');
  }
  /** A commit was refused, or the member gets no identity to commit with. */
  coordinatorFailed(process: SimulatedProcess): void {
    process.coordinatorFailedAtMs = this.scheduler.nowMs;
  }
  commitStored(commit: StoredCommit): void {
    this.commits.stored(commit);
  }
  fetchSent(process: SimulatedProcess, request: FetchRequest): void {
    process.checkBuffers(request);
  }
}
