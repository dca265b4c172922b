import { CompletedRanges } from '../engine/completed-ranges.js';
import type { Engine } from '../engine/engine.js';
import type { HandlerQueue } from '../engine/handler-queue.js';
import type { Lease } from '../engine/lease.js';
import type { PartitionQueue } from '../engine/partition-queue.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import type { Fetcher } from './fetcher.js';
import type { GroupHooks, GroupListener, GroupLog, OwnedPartition } from './group-consumer.js';
import type { GroupOptions } from './options.js';
import type { ResolvedStart, StartPositions } from './start-positions.js';
import type { TopicPartition } from './wire.js';

export interface OwnedPartitionsDependencies {
  readonly options: GroupOptions;
  readonly engine: Engine;
  readonly handlers: ReadonlyMap<string, HandlerQueue>;
  readonly lease: Lease;
  readonly starts: StartPositions;
  readonly committer: Committer;
  readonly fetcher: Fetcher;
  readonly hooks: GroupHooks;
  readonly epochs: Epochs;
  readonly clock: Clock;
  readonly log: GroupLog;
  readonly listener: () => GroupListener | null;
}

/** Counts the assignments of each partition to this process. */
export class Epochs {
  private readonly counts = new Map<string, number>();
  next(partition: TopicPartition): number {
    const name = nameOf(partition);
    const epoch = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, epoch);
    return epoch;
  }
}

/**
 * The partitions of one member, and the order in which they come and go.
 *
 * ```
 *  (none) --take--> RESTORING ------------> OWNED --release--> REVOKING ------------------------> (none)
 *                   read offset and map,                       stop fetching, drain up to the
 *                   assigned hooks,                            deadline, revoked hooks,
 *                   commit the start                           final commit
 *  any ----lose---> (none)    abort, ignore results, no commit, revoked hooks with reason 'lost'
 * ```
 */
export class OwnedPartitions {
  private readonly queues = new Map<string, PartitionQueue>();
  /** Grows with every loss: what began before it must not go on after it. */
  private losses = 0;
  private isDrained = false;

  constructor(private readonly deps: OwnedPartitionsDependencies) {}

  get all(): Iterable<PartitionQueue> {
    return this.queues.values();
  }
  get size(): number {
    return this.queues.size;
  }

  /** Takes what is new of an assignment. Resolves when fetching has begun; nothing is taken that is out of date by then. */
  async take(assigned: ReadonlyMap<string, readonly number[]>, isCurrent: () => boolean): Promise<void> {
    const losses = this.losses;
    const resolved = await this.deps.starts.resolve(this.addedOf(assigned), () => losses === this.losses && isCurrent());
    if (losses === this.losses) await this.begin(resolved);
  }

  /**
   * Gives partitions up: no record is taken any more, those in flight finish within `timeoutMs` or are aborted, the hooks run,
   * and what is complete is committed. Answers how many handlers were aborted.
   */
  async release(queues: readonly PartitionQueue[], reason: 'rebalance' | 'shutdown', timeoutMs: number): Promise<number> {
    if (queues.length === 0) return 0;
    const { clock, committer } = this.deps;
    const began = clock.now();
    const aborted = await this.drain(queues, timeoutMs);
    const released = queues.filter((queue) => this.owns(queue));
    await this.callHook('revoked', () => this.deps.hooks.revoked(released.map(withOffset), reason));
    const owned = released.filter((queue) => this.owns(queue));
    await committer.flush(owned);
    for (const queue of owned) this.forget(queue, 'the partition was given up');
    if (owned.length > 0) this.deps.listener()?.revoked?.(owned.map(withOffset), clock.now() - began);
    return aborted;
  }

  /** Drains all, and whatever is assigned from now on takes nothing. Answers how many handlers were aborted. */
  drainForGood(timeoutMs: number): Promise<number> {
    this.isDrained = true;
    return this.drain([...this.queues.values()], timeoutMs);
  }

  /** Stops fetching and starting, and waits for those in flight; aborts what is left at the end. Answers how many those were. */
  async drain(queues: readonly PartitionQueue[], timeoutMs: number): Promise<number> {
    const { clock, fetcher, options, log } = this.deps;
    for (const queue of queues) fetcher.remove(queue);
    const fillGaps = !options.commit.offsetMap;
    const drained = Promise.all(queues.map((queue) => queue.drain(fillGaps)));
    let cancel = (): void => {};
    const deadline = new Promise<void>((resolve) => (cancel = clock.later(timeoutMs, resolve)));
    await Promise.race([drained, deadline]);
    cancel();
    let aborted = 0;
    for (const queue of queues) {
      if (queue.running === 0 || queue.state === 'closed') continue;
      aborted += queue.running;
      log.warn(
        `${queue.running} handlers of ${queue.topic}/${queue.partition} were still running after ${timeoutMs} ms: ` +
          'they are aborted and their records are delivered again',
      );
      queue.close(new Error(`${queue.topic}/${queue.partition} was given up while the handler was running`));
    }
    return aborted;
  }

  /** Somebody else may own them by now: nothing of them is committed. */
  async lose(reason: string): Promise<void> {
    this.losses++;
    const began = this.deps.clock.now();
    const lost = [...this.queues.values()];
    if (lost.length === 0) return;
    for (const queue of lost) this.forget(queue, `the partition was lost: ${reason}`);
    this.deps.log.warn(`Lost ${lost.length} partitions (${reason}); what is in flight there is delivered again`);
    await this.callHook('revoked', () => this.deps.hooks.revoked(lost.map(withOffset), 'lost'));
    this.deps.listener()?.lost?.(lost.map(withOffset), this.deps.clock.now() - began);
  }

  /** The log was cut below the position: what was done there is void, and the partition begins anew at `offset`. */
  async restart(queue: PartitionQueue, offset: number): Promise<void> {
    if (!this.owns(queue)) return;
    const { topic, partition } = queue;
    this.deps.log.error(`The log of ${topic}/${partition} ends at ${offset}, below what was consumed (${queue.tracker.position}): it goes on from there`);
    this.forget(queue, 'its log was cut');
    await this.callHook('revoked', () => this.deps.hooks.revoked([withOffset(queue)], 'lost'));
    await this.begin([{ topic, partition, offset, completed: CompletedRanges.NONE, committedOffset: -1, mustCommit: true }]);
  }

  owns(queue: PartitionQueue): boolean {
    return this.queues.get(nameOf(queue)) === queue;
  }

  /** Hooks, then the commit of new starts, then the first fetch. */
  private async begin(starts: readonly ResolvedStart[]): Promise<void> {
    if (starts.length === 0) return;
    const { clock, committer, fetcher } = this.deps;
    const began = clock.now();
    const queues = starts.map((start) => this.open(start));
    await this.callHook('assigned', () => this.deps.hooks.assigned(queues.map(withOffset)));
    await committer.persistStarts(queues.filter((queue, index) => starts[index].mustCommit && this.owns(queue)));
    const kept = queues.filter((queue) => this.owns(queue) && queue.state === 'active');
    for (const queue of kept) fetcher.add(queue);
    if (kept.length > 0) this.deps.listener()?.assigned?.(kept.map(withOffset), clock.now() - began);
  }

  private addedOf(assigned: ReadonlyMap<string, readonly number[]>): TopicPartition[] {
    const added: TopicPartition[] = [];
    for (const [topic, partitions] of assigned) {
      if (!this.deps.handlers.has(topic)) {
        // Seen from leaders of other clients, which ignore that members read different topics.
        this.deps.log.warn(`The group's leader assigned ${topic} ${partitions.join(', ')}, which no handler of this process reads; nobody reads it now`);
        continue;
      }
      for (const partition of partitions) if (!this.queues.has(nameOf({ topic, partition }))) added.push({ topic, partition });
    }
    return added;
  }

  private open(start: ResolvedStart): PartitionQueue {
    const { engine, handlers, lease, committer, epochs } = this.deps;
    const handler = handlers.get(start.topic);
    if (handler === undefined) throw new Error(`${start.topic} has no handler`);
    const queue = engine.open(handler, {
      topic: start.topic,
      partition: start.partition,
      epoch: epochs.next(start),
      offset: start.offset,
      completed: start.completed,
      lease,
      progressed: (changed) => committer.progressed(changed),
    });
    if (this.isDrained) void queue.drain(false);
    this.queues.set(nameOf(start), queue);
    committer.add(queue, start.committedOffset);
    return queue;
  }

  private forget(queue: PartitionQueue, reason: string): void {
    if (!this.owns(queue)) return;
    this.queues.delete(nameOf(queue));
    this.deps.fetcher.remove(queue);
    this.deps.committer.remove(queue);
    queue.close(new Error(`${queue.topic}/${queue.partition}: ${reason}`));
  }

  private async callHook(name: string, call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.deps.log.error(`A hook for ${name} partitions failed; the rest goes on`, error);
    }
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

function withOffset({ topic, partition, epoch, tracker }: PartitionQueue): OwnedPartition {
  return { topic, partition, epoch, offset: tracker.watermark };
}
