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

export interface TakeoverDependencies {
  readonly engine: Engine;
  /** By topic. */
  readonly handlers: Pick<ReadonlyMap<string, HandlerQueue>, 'get' | 'has'>;
  readonly lease: Lease;
  readonly starts: Pick<StartPositions, 'resolve'>;
  readonly committer: Pick<Committer, 'add' | 'progressed' | 'persistStarts'>;
  readonly fetcher: Pick<Fetcher, 'add'>;
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
    await committer.persistStarts(begun.flatMap(({ tenure, queue, start }) => (start.mustCommit && !tenure.hasEnded ? [queue] : [])));
    const owned = begun.flatMap(({ tenure, queue }) => (this.own(tenure, queue) ? [tenure] : []));
    if (owned.length > 0) listener()?.assigned?.(owned.map(described), clock.now() - began);
  }

  private open(tenure: Tenure, start: ResolvedStart): PartitionQueue {
    const { engine, handlers, lease, committer, epochs } = this.deps;
    const { topic, partition, offset, completed } = start;
    const handler = handlers.get(topic);
    if (handler === undefined) throw new Error(`${topic} has no handler`);
    const progressed = (changed: PartitionQueue): void => committer.progressed(changed);
    const queue = engine.open(handler, { topic, partition, epoch: epochs.next(start), offset, completed, lease, progressed });
    committer.add(queue, start.committedOffset, start.committedMetadata);
    tenure.queue = queue;
    if (!this.deps.consumes()) void queue.drain(false);
    return queue;
  }

  /** False where it was revoked or lost meanwhile. */
  private own(tenure: Tenure, queue: PartitionQueue): boolean {
    tenure.isRestored = true;
    if (tenure.state !== 'restoring') return false;
    tenure.enter('owned');
    if (queue.state === 'active') this.deps.fetcher.add(queue);
    return true;
  }
}
