import type { PartitionQueue } from '../engine/partition-queue.js';
import type { Clock } from './clock.js';
import type { Committer } from './committer.js';
import { nameOf } from './decisions.js';
import type { Fetcher } from './fetcher.js';
import type { GroupListener, GroupLog } from './group-consumer.js';
import type { GroupOptions } from './options.js';
import type { Tenure } from './tenure.js';
import { described, type Tenures } from './tenures.js';

export interface HandoverDependencies {
  readonly options: Pick<GroupOptions, 'commit' | 'rebalance' | 'sessionTimeoutMs'>;
  readonly committer: Pick<Committer, 'flush'>;
  readonly fetcher: Pick<Fetcher, 'add' | 'remove'>;
  readonly clock: Clock;
  readonly log: GroupLog;
  readonly listener: () => GroupListener | null;
  /** These were released: drained, committed, and no longer claimed. */
  readonly released: (tenures: readonly Tenure[]) => void;
}

/**
 * How partitions are given up: nothing of them is fetched or started any more, handlers in flight end or are aborted at the
 * deadline, the hooks run, what is complete is committed, and then the claim is dropped. Each partition at its own pace; those
 * that are drained at the same moment go together.
 */
export class Handover {
  /** Handlers that were still running at a deadline. */
  aborted = 0;
  /** Until when a shutdown lets handlers run; null where there is none. */
  private shutdownMs: number | null = null;
  private drained: Tenure[] = [];

  constructor(
    private readonly tenures: Tenures,
    private readonly deps: HandoverDependencies,
  ) {}

  /** From now on the hooks are told of a shutdown, which lets handlers run for `timeoutMs`. */
  shutDown(timeoutMs: number): void {
    this.shutdownMs = this.deps.clock.now() + timeoutMs;
  }

  /** Nothing of them starts once this returns. Of two deadlines of a partition the earlier one counts. */
  revoke(tenures: readonly Tenure[], timeoutMs: number): void {
    const unread: Tenure[] = [];
    for (const tenure of tenures) {
      const { queue } = tenure;
      const isNew = tenure.state !== 'revoking';
      if (isNew) tenure.enter('revoking');
      if (queue !== null) {
        if (!tenure.isParting) this.limit(tenure, queue, timeoutMs);
        if (isNew) this.drain(tenure, queue);
        continue;
      }
      this.tenures.end(tenure, 'released', 'nothing of it had begun');
      unread.push(tenure);
    }
    if (unread.length > 0) this.deps.released(unread);
  }

  /** It was being drained and is assigned again. One whose hooks have been called comes back as a new tenure, once this one has ended. */
  callOff(tenure: Tenure): void {
    const { queue } = tenure;
    if (tenure.state !== 'revoking' || tenure.isParting || queue === null || queue.state === 'closed') return;
    queue.reactivate();
    tenure.enter(tenure.isRestored ? 'owned' : 'restoring');
    if (tenure.isRestored) this.deps.fetcher.add(queue);
    this.deps.log.debug?.(`${nameOf(tenure)} stays after all`);
  }

  /** Aborts what is still running. */
  abort(queue: PartitionQueue, timeoutMs: number): void {
    if (queue.running === 0 || queue.state === 'closed') return;
    this.aborted += queue.running;
    this.deps.log.warn(
      `${queue.running} handlers of ${nameOf(queue)} were still running after ${timeoutMs} ms: they are aborted and their records are delivered again`,
    );
    queue.close(new Error(`${nameOf(queue)} was given up while the handler was running`));
  }

  private limit(tenure: Tenure, queue: PartitionQueue, timeoutMs: number): void {
    const { clock } = this.deps;
    tenure.limitDrain(clock.now() + timeoutMs, () =>
      clock.later(timeoutMs, () => {
        this.abort(queue, timeoutMs);
        this.whenDrained(tenure);
      }),
    );
  }

  private drain(tenure: Tenure, queue: PartitionQueue): void {
    this.deps.fetcher.remove(queue);
    tenure.revokedAtMs = this.deps.clock.now();
    void queue.drain(!this.deps.options.commit.offsetMap).then(() => {
      // A drain that was called off ends with the next one, if there is one.
      if (queue.state !== 'active') this.whenDrained(tenure);
    });
  }

  private whenDrained(tenure: Tenure): void {
    if (tenure.state !== 'revoking' || tenure.isParting) return;
    tenure.isParting = true;
    tenure.stopWaiting();
    if (this.drained.push(tenure) === 1) queueMicrotask(() => void this.part(this.drained.splice(0)));
  }

  private async part(batch: readonly Tenure[]): Promise<void> {
    const { clock, committer, listener } = this.deps;
    await this.tenures.nameRevoked(batch.filter(isHeld), this.shutdownMs === null ? 'rebalance' : 'shutdown');
    await committer.flush(batch.filter(isHeld).flatMap(({ queue }) => queue ?? []), this.commitLimitMs);
    const released = batch.filter(isHeld);
    if (released.length === 0) return;
    for (const tenure of released) this.tenures.end(tenure, 'released', 'its handlers had ended');
    const began = Math.min(...released.map(({ revokedAtMs }) => revokedAtMs));
    listener()?.revoked?.(released.map(described), clock.now() - began);
    this.deps.released(released);
  }

  /**
   * A commit that is refused for now waits for the next assignment, which the group may owe to a member that is frozen: as long
   * as the drain itself might have taken, and never less than a session.
   */
  private get commitLimitMs(): number {
    const { clock, options } = this.deps;
    const drainMs = this.shutdownMs === null ? options.rebalance.drainTimeoutMs : this.shutdownMs - clock.now();
    return Math.max(options.sessionTimeoutMs, drainMs);
  }
}

function isHeld({ hasEnded }: Tenure): boolean {
  return !hasEnded;
}
