import type { PartitionQueue } from '../engine/partition-queue.js';
import { backOffMs } from './back-off.js';
import type { Clock } from './clock.js';
import { asWireError, CommitBatches, PartitionCommits, type PlannedCommit, sortOutcomes } from './commit-batches.js';
import type { GroupListener, GroupLog } from './group-consumer.js';
import { LogThrottle } from './log-throttle.js';
import type { GroupOptions } from './options.js';
import { explained, sentences } from './remedies.js';
import type { CommitOutcome, CommittedOffset, MemberIdentity, Wire, WireError } from './wire.js';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;
/** For what no repetition will help, until a person has. */
const FATAL_RETRY_MS = 5000;
/** While somebody waits for a commit that the member may not make yet. */
const IDENTITY_POLL_MS = 200;
/** Refusals in a row after which it is worth a line in the log. */
const PATIENCE = 5;

export interface CommitterDependencies {
  readonly wire: Pick<Wire, 'commit'>;
  readonly options: Pick<GroupOptions, 'commit' | 'sessionTimeoutMs'>;
  readonly clock: Clock;
  readonly log: GroupLog;
  /** As of the last assignment; null while nothing may be committed. */
  readonly identity: () => MemberIdentity | null;
  /** Whether an identity may come that commits what this one cannot: the member is about to join, or has not got its reply yet. */
  readonly expectsIdentity: () => boolean;
  readonly listener: () => GroupListener | null;
}

export interface FlushResult {
  /** Kafka has all that was complete. */
  readonly committed: readonly PartitionQueue[];
  /** What is complete and not committed there is delivered again. */
  readonly refused: readonly PartitionQueue[];
}

/**
 * Makes the progress of a member's partitions durable: watermark and offset map, by one request at a time, each carrying the
 * identity that was valid when its offsets were taken.
 *
 * ```
 *   progressed --> dirty --(interval | records | at once)--> round: request, request, ... --> acknowledged
 *                    ^                                                    |
 *                    +---- refused: kept, later, with its newest value ---+
 * ```
 *
 * While a member owns a partition its offset is the member's alone: one that is set from outside meanwhile is overwritten by the
 * next commit. Reset a group's offsets while it is stopped.
 */
export class Committer {
  /** Offsets that acknowledged commits have moved past, over all partitions so far. */
  committedCount = 0;
  private readonly partitions = new Map<PartitionQueue, PartitionCommits>();
  private readonly batches: CommitBatches;
  private readonly throttle: LogThrottle;
  private readonly watchers = new Set<() => void>();
  private dirty: PartitionCommits[] = [];
  private completions = 0;
  /** An identity that was refused: it is not tried again. */
  private refused: MemberIdentity | null = null;
  private isRunning = false;
  private isWanted = false;
  private isStopped = false;
  private timer: { readonly dueMs: number; readonly cancel: () => void } | null = null;

  constructor(private readonly deps: CommitterDependencies) {
    this.batches = new CommitBatches(deps.options.commit.offsetMap, deps.clock, deps.log);
    this.throttle = new LogThrottle(deps.clock);
  }

  /** Maps of which only the beginning fitted into a commit. */
  get truncatedMaps(): number {
    return this.batches.truncated;
  }

  /** `committed` is what Kafka has for this partition, −1 for nothing: no lower offset is ever committed, but by a seek. */
  add(queue: PartitionQueue, committed: number, metadata = ''): void {
    this.partitions.set(queue, new PartitionCommits(queue, committed, metadata));
  }

  /**
   * A seek: within the assignment the partition goes on in another queue, whose start may be below what is committed. What the
   * earlier queue had completed does not matter any more. `persistStarts` saves the start.
   */
  goOn(from: PartitionQueue, to: PartitionQueue): void {
    const partition = this.partitions.get(from);
    if (partition === undefined) return;
    this.partitions.delete(from);
    this.partitions.set(to, partition);
    partition.goOn(to);
    this.tellWatchers();
  }

  /** The partition belongs to somebody else: nothing of it is sent any more. */
  remove(queue: PartitionQueue): void {
    const partition = this.partitions.get(queue);
    if (partition === undefined) return;
    partition.isGone = true;
    this.partitions.delete(queue);
    this.tellWatchers();
  }

  /** −1 without a commit. */
  committedOffset(queue: PartitionQueue): number {
    return this.partitions.get(queue)?.committed ?? -1;
  }

  /** Since when something should have been committed that is not; Infinity where nothing is. */
  get dueSinceMs(): number {
    let unsavedSinceMs = Infinity;
    for (const partition of this.partitions.values()) unsavedSinceMs = Math.min(unsavedSinceMs, partition.unsavedSinceMs ?? Infinity);
    return unsavedSinceMs + this.deps.options.commit.intervalMs;
  }

  /** What a commit would say has changed. Called for every record. */
  progressed(queue: PartitionQueue): void {
    const partition = this.partitions.get(queue);
    if (partition === undefined) return;
    const { strategy, records, intervalMs } = this.deps.options.commit;
    if (!partition.isDirty) {
      this.list(partition);
      this.planAt(this.deps.clock.now() + intervalMs);
    }
    if (strategy === 'batch' && ++this.completions >= records) this.commitNow();
    else if (strategy === 'immediate' && queue.tracker.watermark > Math.max(partition.planned, partition.committed)) this.commitNow();
  }

  /**
   * Commits where these partitions start, however long that takes. Resolves when Kafka has all of them but those that were
   * removed meanwhile, or when the committer was stopped: to true where it has all.
   */
  async persistStarts(queues: readonly PartitionQueue[]): Promise<boolean> {
    const starting = this.of(queues);
    for (const partition of starting) {
      partition.isStartUnsaved = true;
      this.list(partition);
    }
    await this.waitUntil(() => this.isStopped || starting.every(({ isStartUnsaved, isGone }) => isGone || !isStartUnsaved), Infinity);
    return starting.every(({ isStartUnsaved }) => !isStartUnsaved);
  }

  /** Resolves when no commit that nobody answered can be stored over the newest one of this partition any more, or when it is removed. */
  async undoubted(queue: PartitionQueue): Promise<void> {
    const [partition] = this.of([queue]);
    await this.waitUntil(() => this.isStopped || partition === undefined || partition.isGone || !partition.unanswered.isAny, Infinity);
  }

  /** Whether what Kafka has for a partition is something that this member has put there, or began with. */
  isOwn(queue: PartitionQueue, found: Pick<CommittedOffset, 'offset' | 'metadata'>): boolean {
    const partition = this.partitions.get(queue);
    // An acknowledgement may be under way.
    return partition !== undefined && (partition.hasSaved(found) || partition.hasPlanned(found) || partition.unanswered.has(found));
  }

  /** There is a new identity: what waited for one is committed now, and what an unanswered commit may have been stored over. */
  identityChanged(): void {
    for (const partition of this.partitions.values()) if (partition.unanswered.isAny) this.repeat(partition);
    if (this.dirty.length > 0) this.commitNow();
  }

  /**
   * The last commit before partitions are given up. What is refused for now is tried again until `limitMs` have passed; a member
   * that may not commit, and will not be allowed to, is told so at once.
   */
  async flush(queues: readonly PartitionQueue[], limitMs = this.deps.options.sessionTimeoutMs): Promise<FlushResult> {
    const goals = this.of(queues).map((partition) => ({ partition, revision: partition.queue.tracker.revision }));
    for (const { partition } of goals) {
      partition.notBeforeMs = -Infinity;
      this.list(partition);
    }
    const isSaved = ({ partition, revision }: (typeof goals)[number]): boolean => partition.savedRevision >= revision && !partition.isStartUnsaved;
    const isDone = (): boolean =>
      this.isStopped || goals.every((goal) => isSaved(goal) || goal.partition.isGone) || (!this.isRunning && this.usableIdentity() === null && !this.deps.expectsIdentity());
    await this.waitUntil(isDone, limitMs);
    const committed = goals.filter(isSaved).map(({ partition }) => partition.queue);
    return { committed, refused: queues.filter((queue) => !committed.includes(queue)) };
  }

  /** Final. A request under way ends by itself. */
  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
    this.timer = null;
    this.tellWatchers();
  }

  private of(queues: readonly PartitionQueue[]): PartitionCommits[] {
    return queues.flatMap((queue) => this.partitions.get(queue) ?? []);
  }

  private repeat(partition: PartitionCommits): void {
    partition.isRepeatDue = true;
    this.list(partition);
  }

  private list(partition: PartitionCommits): void {
    if (partition.isDirty) return;
    partition.isDirty = true;
    partition.unsavedSinceMs ??= this.deps.clock.now();
    this.dirty.push(partition);
  }

  private async waitUntil(isDone: () => boolean, limitMs: number): Promise<void> {
    if (isDone()) return;
    this.commitNow();
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        cancel();
        this.watchers.delete(check);
        resolve();
      };
      const check = (): void => {
        if (isDone()) finish();
      };
      const cancel = limitMs === Infinity ? () => {} : this.deps.clock.later(limitMs, finish);
      this.watchers.add(check);
    });
  }

  private tellWatchers(): void {
    for (const check of [...this.watchers]) check();
  }

  private commitNow(): void {
    this.isWanted = true;
    if (!this.isRunning && !this.isStopped) void this.run();
  }

  private planAt(dueMs: number): void {
    if (this.isStopped || (this.timer !== null && this.timer.dueMs <= dueMs)) return;
    this.timer?.cancel();
    const cancel = this.deps.clock.later(Math.max(0, dueMs - this.deps.clock.now()), () => {
      this.timer = null;
      this.commitNow();
    });
    this.timer = { dueMs, cancel };
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    // What completes in the same turn goes into the same request.
    await Promise.resolve();
    while (this.isWanted && !this.isStopped) {
      this.isWanted = false;
      await this.round();
    }
    this.isRunning = false;
    this.planNext();
    this.tellWatchers();
  }

  /** Commits what is dirty now; what becomes dirty meanwhile is for the next round. */
  private async round(): Promise<void> {
    this.completions = 0;
    const now = this.deps.clock.now();
    const due = this.dirty.filter(({ notBeforeMs }) => notBeforeMs <= now);
    this.dirty = this.dirty.filter(({ notBeforeMs }) => notBeforeMs > now);
    // Taken from the end: a watermark is worth more than a map.
    const waiting = [...due.filter((partition) => !partition.watermarkMoved), ...due.filter((partition) => partition.watermarkMoved)];
    while (waiting.length > 0 && !this.isStopped) {
      const identity = this.usableIdentity();
      if (identity === null) break;
      const batch = this.batches.next(waiting);
      if (batch.length > 0) await this.send(identity, batch);
    }
    for (const partition of waiting) this.dirty.push(partition);
    this.tellWatchers();
  }

  private usableIdentity(): MemberIdentity | null {
    const identity = this.deps.identity();
    if (identity === null || this.refused === null) return identity;
    if (identity.memberId === this.refused.memberId && identity.generation === this.refused.generation) return null;
    this.refused = null;
    return identity;
  }

  private async send(identity: MemberIdentity, batch: readonly PlannedCommit[]): Promise<void> {
    const { wire, clock } = this.deps;
    const sentMs = clock.now();
    const offsets = batch.map(({ partition: { queue }, offset, metadata }) => ({ topic: queue.topic, partition: queue.partition, offset, metadata }));
    let outcomes: readonly CommitOutcome[];
    try {
      outcomes = await wire.commit(identity, offsets);
    } catch (error) {
      const failure = asWireError(error);
      if (failure.kind === 'unavailable') for (const commit of batch) commit.partition.unanswered.add(identity, commit);
      this.refuse(batch, failure, identity);
      return;
    }
    this.settle(batch, outcomes, identity, clock.now() - sentMs);
  }

  private settle(batch: readonly PlannedCommit[], outcomes: readonly CommitOutcome[], identity: MemberIdentity, durationMs: number): void {
    const { acknowledged, refused } = sortOutcomes(batch, outcomes);
    if (acknowledged.length > 0) this.acknowledge(acknowledged, identity, durationMs);
    for (const { error, commits } of refused) this.refuse(commits, error, identity);
  }

  private acknowledge(commits: readonly PlannedCommit[], identity: MemberIdentity, durationMs: number): void {
    this.batches.accepted();
    const { clock, options } = this.deps;
    for (const commit of commits) {
      const { partition } = commit;
      this.committedCount += partition.acknowledge(commit);
      partition.unsavedSinceMs = partition.isDirty ? clock.now() : null;
      if (partition.unanswered.mayFollow(identity, clock.now(), options.sessionTimeoutMs)) this.repeat(partition);
      if (partition.savedRevision === commit.revision) continue;
      this.list(partition);
      this.isWanted = true;
    }
    const listener = this.deps.listener();
    listener?.committed?.(
      commits.map(({ partition: { queue }, offset }) => ({ topic: queue.topic, partition: queue.partition, offset })),
      durationMs,
    );
    this.deps.log.debug?.(`Committed ${commits.map(({ partition, offset }) => `${partition.name}@${offset}`).join(' ')}`);
  }

  /** None of these is taken as committed; each is committed later, with what it has then. */
  private refuse(commits: readonly PlannedCommit[], error: WireError, identity: MemberIdentity): void {
    for (const { partition } of commits) this.list(partition);
    this.deps.log.debug?.(`${commits.length} commits were refused: ${error.message}`);
    switch (error.kind) {
      case 'too-large':
      case 'metadata-too-large':
        return this.refuseSize(commits, error);
      case 'fenced':
      case 'unknown-member':
        this.refused = identity;
        // A rebalance may have ended while the request was under way.
        if (this.usableIdentity() !== null) this.isWanted = true;
        return;
      default:
        this.backOff(commits, error);
    }
  }

  private refuseSize(commits: readonly PlannedCommit[], error: WireError): void {
    const isHopeless = commits.every(({ metadata }) => metadata === '') && (commits.length === 1 || error.kind === 'metadata-too-large');
    if (isHopeless) return this.backOff(commits, error);
    if (error.kind === 'too-large') this.batches.tooLarge(commits);
    else for (const commit of commits) this.batches.mapTooLarge(commit);
    this.isWanted = true;
  }

  private backOff(commits: readonly PlannedCommit[], error: WireError): void {
    const { clock, log } = this.deps;
    const isFatal = error.kind === 'fatal' || error.kind === 'too-large' || error.kind === 'metadata-too-large';
    let failures = 0;
    for (const { partition } of commits) {
      failures = Math.max(failures, partition.failures);
      const delayMs = isFatal ? FATAL_RETRY_MS : backOffMs(partition.failures, FIRST_RETRY_MS, LONGEST_RETRY_MS);
      partition.notBeforeMs = clock.now() + delayMs;
      partition.failures++;
    }
    if (!isFatal && failures < PATIENCE) return;
    if (!this.throttle.allows(error.kind)) return;
    const message = `Offsets of ${commits.length} partitions (${commits[0].partition.name}, ...) are not committed: ${sentences(explained(error))} They are kept and tried again; after a crash now, what is complete since then is repeated`;
    if (isFatal) log.error(message, error);
    else log.warn(message);
  }

  private planNext(): void {
    if (this.dirty.length === 0) return;
    const { intervalMs } = this.deps.options.commit;
    const now = this.deps.clock.now();
    const patienceMs = this.watchers.size > 0 ? Math.min(intervalMs, IDENTITY_POLL_MS) : intervalMs;
    let dueMs = Infinity;
    for (const { notBeforeMs } of this.dirty) dueMs = Math.min(dueMs, notBeforeMs > now ? notBeforeMs : now + patienceMs);
    this.planAt(dueMs);
  }
}
