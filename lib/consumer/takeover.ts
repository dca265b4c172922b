import { CompletedRanges } from '../engine/completed-ranges.js';
import type { Engine } from '../engine/engine.js';
import type { HandlerQueue } from '../engine/handler-queue.js';
import type { Lease } from '../engine/lease.js';
import type { PartitionQueue } from '../engine/partition-queue.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import type { Epochs } from './epochs.js';
import type { Fetcher } from './fetcher.js';
import type { GroupListener } from './group-consumer.js';
import type { ResolvedStart, StartPositions } from './start-positions.js';
import type { Tenure } from './tenure.js';
import { described, type Tenures } from './tenures.js';
import type { Pauses } from './pauses.js';

export interface TakeoverDependencies {
  readonly engine: Engine;
  /** By topic. */
  readonly handlers: Pick<ReadonlyMap<string, HandlerQueue>, 'get' | 'has'>;
  readonly lease: Lease;
  readonly starts: Pick<StartPositions, 'resolve'>;
  readonly committer: Pick<Committer, 'add' | 'goOn' | 'progressed' | 'persistStarts'>;
  readonly fetcher: Pick<Fetcher, 'add'>;
  readonly pauses: Pick<Pauses, 'isPaused'>;
  readonly epochs: Epochs;
  readonly clock: Clock;
  readonly listener: () => GroupListener | null;
  /** False once the consumer has finished what it had: what comes now is kept and not consumed. */
  readonly consumes: () => boolean;
}

/** How partitions begin on a member: where, the hooks, the commit of new starts, and only then the first fetch. */
export class Takeover {
  constructor(
    private readonly tenures: Tenures,
    private readonly deps: TakeoverDependencies,
  ) {}

  /** Rejects where a start cannot be found, and no repetition will help. */
  async restore(tenures: readonly Tenure[]): Promise<void> {
    const starts = await this.deps.starts.resolve(tenures, () => tenures.some(({ hasEnded }) => !hasEnded));
    if (starts.length > 0) await this.begin(tenures, starts);
  }

  /** `starts` in the order of the tenures. */
  async begin(tenures: readonly Tenure[], starts: readonly ResolvedStart[]): Promise<void> {
    const { clock, committer, listener } = this.deps;
    const began = clock.now();
    await this.tenures.hooksBefore(tenures);
    const begun = tenures.flatMap((tenure, index) => (tenure.state === 'restoring' ? [{ tenure, queue: this.open(tenure, starts[index]), start: starts[index] }] : []));
    await this.tenures.nameAssigned(begun.map(({ tenure }) => tenure));
    // A hook may have sought another start.
    const unsaved = begun.flatMap(({ tenure: { queue, hasEnded }, queue: opened, start }) => (queue !== null && !hasEnded && (start.mustCommit || queue !== opened) ? [queue] : []));
    await committer.persistStarts(unsaved);
    const owned = begun.flatMap(({ tenure }) => (this.own(tenure) ? [tenure] : []));
    if (owned.length > 0) listener()?.assigned?.(owned.map(described), clock.now() - began);
  }

  /**
   * A seek: the partition goes on from `offset` in a queue of its own, so that nothing of `from` can reach it: what was complete,
   * held or waiting is forgotten. False where the partition was given up before Kafka had the new start.
   */
  async goOn(tenure: Tenure, from: PartitionQueue, offset: number): Promise<boolean> {
    const { committer } = this.deps;
    const { topic, partition } = tenure;
    const wasOwned = tenure.state === 'owned';
    if (wasOwned) tenure.enter('restoring');
    tenure.isRestored = false;
    from.endPauses();
    const queue = this.openQueue({ topic, partition, offset, completed: CompletedRanges.NONE });
    committer.goOn(from, queue);
    this.hold(tenure, queue);
    from.close(new Error(`${topic}/${partition} was sought to offset ${offset} while the handler was running`));
    const isSaved = await committer.persistStarts([queue]);
    // One whose hooks are still running begins after them.
    if (wasOwned) this.own(tenure);
    return isSaved;
  }

  private open(tenure: Tenure, start: ResolvedStart): PartitionQueue {
    const queue = this.openQueue(start);
    this.deps.committer.add(queue, start.committedOffset, start.committedMetadata);
    this.hold(tenure, queue);
    return queue;
  }

  private openQueue(start: Pick<ResolvedStart, 'topic' | 'partition' | 'offset' | 'completed'>): PartitionQueue {
    const { engine, handlers, lease, committer, epochs } = this.deps;
    const { topic, partition, offset, completed } = start;
    const handler = handlers.get(topic);
    if (handler === undefined) throw new Error(`${topic} has no handler`);
    const progressed = (changed: PartitionQueue): void => committer.progressed(changed);
    return engine.open(handler, { topic, partition, epoch: epochs.next(start), offset, completed, lease, progressed });
  }

  private hold(tenure: Tenure, queue: PartitionQueue): void {
    tenure.queue = queue;
    if (this.deps.pauses.isPaused(tenure)) queue.suspend('user');
    if (!this.deps.consumes()) void queue.drain(false);
  }

  /** False where it was revoked or lost meanwhile. */
  private own(tenure: Tenure): boolean {
    tenure.isRestored = true;
    if (tenure.state !== 'restoring') return false;
    tenure.enter('owned');
    if (tenure.queue?.state === 'active') this.deps.fetcher.add(tenure.queue);
    return true;
  }
}
