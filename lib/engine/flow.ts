import type { Engine } from './engine.js';
import type { PartitionQueue } from './partition-queue.js';

/** Why a partition takes and starts nothing: a person asked for it, or it has as many held records as it may. */
export type Suspension = 'user' | 'held';

/** What keeps a partition from taking records, told to the listener as it begins and ends. */
export class Flow {
  private readonly suspensions = new Set<Suspension>();
  private hasNoRoom = false;

  constructor(
    private readonly queue: PartitionQueue,
    private readonly engine: Engine,
  ) {}

  get isSuspended(): boolean {
    return this.suspensions.size > 0;
  }
  get suspendedBy(): Suspension | null {
    return this.suspensions.has('user') ? 'user' : this.suspensions.has('held') ? 'held' : null;
  }
  /** The fetcher was told that there is no room. */
  get isStarved(): boolean {
    return this.hasNoRoom;
  }
  set isStarved(isStarved: boolean) {
    if (isStarved === this.hasNoRoom) return;
    this.hasNoRoom = isStarved;
    if (isStarved) this.engine.listener?.paused?.(this.queue, 'buffer');
    else this.engine.listener?.resumed?.(this.queue, 'buffer');
  }

  /** False where it was so already. */
  suspend(reason: Suspension): boolean {
    if (this.suspensions.has(reason)) return false;
    this.suspensions.add(reason);
    this.engine.listener?.paused?.(this.queue, reason);
    return true;
  }
  /** False where it was not so, or another reason is left. */
  unsuspend(reason: Suspension): boolean {
    if (!this.suspensions.delete(reason)) return false;
    this.engine.listener?.resumed?.(this.queue, reason);
    return !this.isSuspended;
  }

  /** Another queue goes on for the partition: whoever follows the events sees the pauses of this one end. */
  end(): void {
    for (const reason of this.suspensions) this.unsuspend(reason);
    this.isStarved = false;
  }
}
