import type { TopicPartitions } from '../assignors/claims.js';
import type { AssignmentMark } from '../assignors/user-data.js';
import { CompletedRanges } from '../engine/completed-ranges.js';
import type { PartitionQueue } from '../engine/partition-queue.js';
import type { Committer } from './committer.js';
import { byTopic, decide, nameOf, namesOf } from './decisions.js';
import type { Fetcher } from './fetcher.js';
import type { GroupHooks } from './group-consumer.js';
import { Handover, type HandoverDependencies } from './handover.js';
import { Seeks } from './seeks.js';
import type { StartPositions } from './start-positions.js';
import { Takeover, type TakeoverDependencies } from './takeover.js';
import type { Tenure } from './tenure.js';
import { described, Tenures } from './tenures.js';
import type { TopicPartition } from './wire.js';
import { within } from './within.js';

export interface OwnedPartitionsDependencies extends Omit<HandoverDependencies, 'released'>, Omit<TakeoverDependencies, 'consumes'> {
  readonly starts: Pick<StartPositions, 'resolve' | 'committed'>;
  readonly committer: Pick<Committer, 'add' | 'goOn' | 'remove' | 'progressed' | 'persistStarts' | 'undoubted' | 'flush' | 'isOwn'>;
  readonly fetcher: Pick<Fetcher, 'add' | 'remove'>;
  readonly hooks: GroupHooks;
  /** Claims were dropped; `more` of them are still being drained. */
  readonly released: (more: boolean) => void;
  /** A start cannot be found, and no repetition will help. */
  readonly failed: (error: unknown) => void;
}

/**
 * The partitions of one member: brings what it has in line with what was assigned, each partition at its own pace. What one goes
 * through is drawn in `tenure.ts`.
 */
export class OwnedPartitions {
  private readonly tenures: Tenures;
  private readonly takeover: Takeover;
  private readonly handover: Handover;
  private readonly seeks: Seeks;
  /** What the last assignment gave this member. */
  private assigned: ReadonlySet<string> = new Set();
  /** 'finishing': keeps what it has or is given, without consuming it. 'closed': gives up what it has. */
  private intake: 'open' | 'finishing' | 'closed' = 'open';

  constructor(private readonly deps: OwnedPartitionsDependencies) {
    this.tenures = new Tenures(deps);
    const consumes = (): boolean => this.intake === 'open';
    this.takeover = new Takeover(this.tenures, { ...deps, consumes });
    this.seeks = new Seeks(this.tenures, this.takeover, { ...deps, consumes });
    this.handover = new Handover(this.tenures, { ...deps, released: (tenures) => this.released(tenures) });
  }

  get all(): Iterable<PartitionQueue> {
    return this.tenures.queues();
  }
  get inHooksSinceMs(): number {
    return this.tenures.inHooksSinceMs;
  }
  /** What a join claims: all that is neither released nor lost. */
  get claims(): { owned: TopicPartitions; draining: TopicPartitions } {
    const { all } = this.tenures;
    return { owned: byTopic(all), draining: byTopic(all.filter(({ state }) => state === 'revoking')) };
  }

  /** The answer of a sync. When this returns, nothing starts any more of what was revoked or lost. */
  apply(assigned: TopicPartitions, mark: AssignmentMark): void {
    const given: TopicPartitions = this.intake === 'closed' ? new Map<string, number[]>() : this.readable(assigned);
    this.assigned = namesOf(given);
    const { kept, revoked, lost, added } = decide(this.tenures.all, given, mark);
    void this.drop(lost, mark.honoured ? 'another member has the better claim' : 'the leader is another client, and has given them to others');
    if (this.intake === 'open') for (const tenure of kept) this.handover.callOff(tenure);
    this.handover.revoke(revoked, this.deps.options.rebalance.drainTimeoutMs);
    this.take(added);
  }

  /** The member was not known for a while. What it has not begun to consume begins anew, where others may have left it. */
  doubt(): void {
    const unread = this.tenures.all.filter(({ queue }) => queue === null);
    void this.drop(unread, 'membership is in doubt');
  }

  /**
   * Gives up what others have had meanwhile: what is committed is not our own last commit, be it only the map. False when the answer is not
   * wanted any more, and the question stays open.
   */
  async verify(isWanted: () => boolean): Promise<boolean> {
    const { starts, committer, released } = this.deps;
    const suspects = this.tenures.all.filter(({ queue }) => queue !== null);
    const commits = await starts.committed(suspects, isWanted);
    if (commits === null) return false;
    const moved = suspects.filter(({ queue, hasEnded }, index) => !hasEnded && queue !== null && !committer.isOwn(queue, commits[index]));
    void this.drop(moved, 'something else was committed while this member was away');
    const again = moved.filter((tenure) => this.assigned.has(nameOf(tenure)));
    this.take(again);
    if (again.length < moved.length) released(this.tenures.isDraining);
    return true;
  }

  /**
   * Gives everything up: no record is taken any more, those in flight finish within `timeoutMs` or are aborted, the hooks run,
   * and what is complete is committed. Answers how many handlers were aborted.
   */
  async releaseAll(timeoutMs: number): Promise<number> {
    const before = this.handover.aborted;
    const { all } = this.tenures;
    this.assigned = new Set();
    this.handover.revoke(all, timeoutMs);
    await Promise.all(all.map(({ ended }) => ended));
    return this.handover.aborted - before;
  }

  /** From now on nothing is taken, and nothing that is being revoked comes back: a shutdown, which lets handlers run for `timeoutMs`. */
  close(timeoutMs: number): void {
    this.intake = 'closed';
    this.handover.shutDown(timeoutMs);
    this.assigned = new Set();
  }

  /** Finishes what is in flight, commits, and keeps the partitions without consuming them. Answers how many handlers were aborted. */
  async finishAll(timeoutMs: number): Promise<number> {
    const { clock, fetcher, committer, options } = this.deps;
    const limitMs = clock.now() + timeoutMs;
    if (this.intake === 'open') this.intake = 'finishing';
    const before = this.handover.aborted;
    const queues = [...this.tenures.queues()];
    for (const queue of queues) fetcher.remove(queue);
    await within(clock, timeoutMs, Promise.all(queues.map((queue) => queue.drain(!options.commit.offsetMap))), []);
    for (const queue of queues) this.handover.abort(queue, timeoutMs);
    await committer.flush(queues, Math.max(options.sessionTimeoutMs, limitMs - clock.now()));
    return this.handover.aborted - before;
  }

  has(partition: TopicPartition): boolean {
    return this.tenures.of(partition) !== null;
  }

  /** The partition goes on from `offset`, whatever is complete. Resolves when Kafka has it as its commit. @throws KafkaSeekError */
  seek(partition: TopicPartition, offset: number): Promise<void> {
    return this.seeks.to(partition, offset);
  }

  /** Somebody else may own everything by now: nothing of it is committed. Resolves after the hooks. */
  lose(reason: string): Promise<void> {
    return this.drop(this.tenures.all, reason);
  }

  /** What was done in a topic that is gone is void: its offsets, committed now, would skip records of the next one of this name. */
  forgetTopics(isGone: (topic: string) => boolean): void {
    void this.drop(this.tenures.all.filter(({ topic }) => isGone(topic)), 'the topic does not exist any more');
  }

  /** The log was cut below the position: what was done there is void, and the partition begins anew at `offset`. */
  restart(queue: PartitionQueue, offset: number): void {
    const tenure = this.tenures.find(queue);
    if (tenure?.state !== 'owned') return;
    const { topic, partition } = queue;
    this.deps.log.error(`The log of ${nameOf(queue)} ends at ${offset}, below what was consumed (${queue.tracker.position}): it goes on from there`);
    void this.drop([tenure], 'its log was cut');
    const start = { topic, partition, offset, completed: CompletedRanges.NONE, committedOffset: -1, committedMetadata: '', mustCommit: true };
    void this.takeover.begin([this.tenures.open(queue)], [start]);
  }

  private readable(assigned: TopicPartitions): TopicPartitions {
    const readable = new Map(assigned);
    for (const [topic, partitions] of assigned) {
      if (this.deps.handlers.has(topic)) continue;
      readable.delete(topic);
      // Seen from leaders of other clients, which ignore that members read different topics.
      this.deps.log.warn(`The group's leader assigned ${topic} ${partitions.join(', ')}, which no handler of this process reads; nobody reads it now`);
    }
    return readable;
  }

  private take(partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0 || this.intake === 'closed') return;
    const tenures = partitions.map((partition) => this.tenures.open(partition));
    this.takeover.restore(tenures).catch((error: unknown) => this.deps.failed(error));
  }

  private released(tenures: readonly Tenure[]): void {
    const again = tenures.filter((tenure) => this.assigned.has(nameOf(tenure)));
    this.take(again);
    if (again.length < tenures.length) this.deps.released(this.tenures.isDraining);
  }

  /** At once; resolves after the hooks. */
  private async drop(tenures: readonly Tenure[], reason: string): Promise<void> {
    if (tenures.length === 0) return;
    const { log, clock, listener } = this.deps;
    const began = clock.now();
    for (const tenure of tenures) this.tenures.end(tenure, 'lost', reason);
    const begun = tenures.filter(({ queue }) => queue !== null);
    if (begun.length === 0) return;
    log.warn(`Lost ${begun.map(nameOf).join(', ')} (${reason}); what is in flight there is delivered again`);
    await this.tenures.nameRevoked(begun, 'lost');
    listener()?.lost?.(begun.map(described), clock.now() - began);
  }
}
