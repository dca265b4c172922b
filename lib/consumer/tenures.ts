import type { PartitionQueue } from '../engine/partition-queue.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import { nameOf } from './decisions.js';
import type { Fetcher } from './fetcher.js';
import type { GroupHooks, GroupLog, OwnedPartition } from './group-consumer.js';
import { HookOrder } from './hook-order.js';
import type { GroupOptions } from './options.js';
import { Tenure } from './tenure.js';
import type { TopicPartition } from './wire.js';
import { within } from './within.js';

export interface TenuresDependencies {
  readonly fetcher: Pick<Fetcher, 'remove'>;
  readonly committer: Pick<Committer, 'remove'>;
  readonly hooks: GroupHooks;
  readonly options: Pick<GroupOptions, 'rebalance' | 'sessionTimeoutMs'>;
  readonly clock: Clock;
  readonly log: GroupLog;
}

/** What a member has at this moment, at most one tenure of each partition, and the hooks that name it. */
export class Tenures {
  private readonly byName = new Map<string, Tenure>();
  private readonly hookOrder = new HookOrder();

  constructor(private readonly deps: TenuresDependencies) {}

  get all(): readonly Tenure[] {
    return [...this.byName.values()];
  }
  get isDraining(): boolean {
    for (const { state } of this.byName.values()) if (state === 'revoking') return true;
    return false;
  }
  /** Of the assigned hooks that have been running for longest; Infinity where none is. */
  get inHooksSinceMs(): number {
    let sinceMs = Infinity;
    for (const tenure of this.byName.values()) sinceMs = Math.min(sinceMs, tenure.inHooksSinceMs);
    return sinceMs;
  }
  *queues(): Generator<PartitionQueue, void, undefined> {
    for (const { queue } of this.byName.values()) if (queue !== null) yield queue;
  }
  find(queue: PartitionQueue): Tenure | null {
    const tenure = this.byName.get(nameOf(queue));
    return tenure?.queue === queue ? tenure : null;
  }

  of(partition: TopicPartition): Tenure | null {
    return this.byName.get(nameOf(partition)) ?? null;
  }

  open({ topic, partition }: TopicPartition): Tenure {
    const tenure = new Tenure(topic, partition);
    this.byName.set(nameOf(tenure), tenure);
    return tenure;
  }

  /** At once: nothing of it is fetched, started or committed any more, and results of what still runs are ignored. */
  end(tenure: Tenure, how: 'released' | 'lost', reason: string): void {
    const { queue } = tenure;
    this.byName.delete(nameOf(tenure));
    if (queue !== null) {
      this.deps.fetcher.remove(queue);
      this.deps.committer.remove(queue);
      queue.close(new Error(`${nameOf(tenure)} was given up: ${reason}`));
    }
    tenure.enter(how);
  }

  /** Resolves when the hooks of earlier tenures of the same partitions have ended. */
  async hooksBefore(tenures: readonly Tenure[]): Promise<void> {
    await this.hookOrder.settled(tenures);
  }

  async nameAssigned(tenures: readonly Tenure[]): Promise<void> {
    for (const tenure of tenures) tenure.inHooksSinceMs = this.deps.clock.now();
    const hook = this.call('assigned', tenures, (named) => this.deps.hooks.assigned(named));
    for (const tenure of tenures) tenure.assignedHook = hook;
    await hook;
    for (const tenure of tenures) tenure.inHooksSinceMs = Infinity;
  }

  /**
   * Each tenure is named once at most, and only if it was named as assigned. A hook that hangs must not keep the partitions from
   * whoever is to have them next: it may take as long as a drain, and at a
   * stop, which has a limit of its own, as long as a session.
   */
  nameRevoked(tenures: readonly Tenure[], reason: 'rebalance' | 'shutdown' | 'lost'): Promise<void> {
    const named = tenures.filter(({ assignedHook, isNamedRevoked }) => assignedHook !== null && !isNamedRevoked);
    for (const tenure of named) tenure.isNamedRevoked = true;
    const { clock, options, log } = this.deps;
    const limitMs = reason === 'shutdown' ? options.sessionTimeoutMs : options.rebalance.drainTimeoutMs;
    const work = async (): Promise<true> => {
      await Promise.all(named.flatMap(({ assignedHook }) => assignedHook ?? []));
      await this.call('revoked', named, (partitions) => this.deps.hooks.revoked(partitions, reason));
      return true;
    };
    return this.hookOrder.follow(named, async () => {
      if (await within(clock, limitMs, work(), false)) return;
      log.error(`The hooks of ${named.map(nameOf).join(', ')} have not ended within ${limitMs} ms: the partitions are given up without waiting for them`);
    });
  }

  private async call(what: string, tenures: readonly Tenure[], hook: (named: readonly OwnedPartition[]) => Promise<void>): Promise<void> {
    if (tenures.length === 0) return;
    try {
      await hook(tenures.map(described));
    } catch (error) {
      this.deps.log.error(`A hook for ${what} partitions failed; the rest goes on`, error);
    }
  }
}

export function described({ topic, partition, queue }: Tenure): OwnedPartition {
  return { topic, partition, epoch: queue?.epoch ?? 0, offset: queue?.tracker.watermark };
}
