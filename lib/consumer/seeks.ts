import type { PartitionQueue } from '../engine/partition-queue.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import { nameOf } from './decisions.js';
import { KafkaSeekError } from './errors.js';
import type { Fetcher } from './fetcher.js';
import type { GroupLog } from './group-consumer.js';
import type { GroupOptions } from './options.js';
import type { Takeover } from './takeover.js';
import type { Tenure } from './tenure.js';
import type { Tenures } from './tenures.js';
import type { TopicPartition } from './wire.js';
import { within } from './within.js';

export interface SeeksDependencies {
  readonly options: Pick<GroupOptions, 'rebalance'>;
  readonly committer: Pick<Committer, 'undoubted'>;
  readonly fetcher: Pick<Fetcher, 'remove'>;
  readonly clock: Clock;
  readonly log: GroupLog;
  /** False once the consumer has finished what it had. */
  readonly consumes: () => boolean;
}

/**
 * Moves partitions within their assignment. What is in flight ends first; then the partition goes on from the target in a new
 * queue, and the target is committed before its first record. The claim stays, and no hook runs.
 *
 * ```
 *   OWNED --- nothing is fetched or started, handlers end ---> RESTORING --- target committed ---> OWNED
 *                           |                                       |
 *                           +--- revoked, lost: nothing changed     +--- revoked: the target is what the drain commits
 * ```
 *
 * Seeks of one partition follow each other.
 */
export class Seeks {
  private readonly last = new Map<string, Promise<void>>();

  constructor(
    private readonly tenures: Tenures,
    private readonly takeover: Takeover,
    private readonly deps: SeeksDependencies,
  ) {}

  /** Resolves when the partition goes on from `offset`, and would after a crash. @throws KafkaSeekError where it does not */
  async to(partition: TopicPartition, offset: number): Promise<void> {
    const name = nameOf(partition);
    const before = this.last.get(name);
    const seek = before === undefined ? this.run(partition, offset) : before.catch(() => undefined).then(() => this.run(partition, offset));
    this.last.set(name, seek);
    try {
      await seek;
    } finally {
      if (this.last.get(name) === seek) this.last.delete(name);
    }
  }

  private async run(partition: TopicPartition, offset: number): Promise<void> {
    const { clock, committer, log } = this.deps;
    const began = clock.now();
    const { tenure, queue } = await this.ready(partition);
    if (tenure.state === 'owned') await this.finish(tenure, queue);
    const wasCommittable = queue.tracker.watermark;
    const isSaved = await this.takeover.goOn(tenure, queue, offset);
    if (!isSaved) throw new KafkaSeekError(partition, 'interrupted', 'it was given up while the new start was being committed. Whoever has it now may go on from there, or from where it was');
    if (tenure.queue !== null) await committer.undoubted(tenure.queue);
    log.info(`${nameOf(partition)} goes on from offset ${offset} by a seek; its first offset that was not complete was ${wasCommittable}. It took ${Math.round(clock.now() - began)} ms`);
  }

  /** A start that is under way is waited for, unless it waits for its hooks: one of them may be what seeks. */
  private async ready(partition: TopicPartition): Promise<{ tenure: Tenure; queue: PartitionQueue }> {
    const tenure = this.tenures.of(partition);
    while (tenure?.state === 'restoring' && !tenure.isInHooks) await tenure.changed();
    const isThere = tenure?.state === 'owned' || tenure?.state === 'restoring';
    if (!isThere || tenure.queue === null) throw new KafkaSeekError(partition, 'not-assigned', 'it is being given up by this process, or was');
    this.requireConsuming(partition);
    return { tenure, queue: tenure.queue };
  }

  private async finish(tenure: Tenure, queue: PartitionQueue): Promise<void> {
    const { clock, fetcher, options, log } = this.deps;
    const { drainTimeoutMs } = options.rebalance;
    const { transitions } = tenure;
    fetcher.remove(queue);
    await within(clock, drainTimeoutMs, Promise.race([queue.drain(false), tenure.changed()]), undefined);
    this.requireConsuming(tenure);
    if (tenure.transitions !== transitions) throw new KafkaSeekError(tenure, 'interrupted', 'it was to be given up while its handlers in flight ended. Nothing has changed');
    if (queue.running > 0) log.warn(`${queue.running} handlers of ${nameOf(tenure)} were still running ${drainTimeoutMs} ms after a seek: they are aborted`);
  }

  private requireConsuming(partition: TopicPartition): void {
    if (!this.deps.consumes()) throw new KafkaSeekError(partition, 'stopped', 'the consumer stops or has been drained. Start it, and seek then');
  }
}
