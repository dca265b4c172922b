export interface Edit {
  /** Below `lib/`. */
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}
export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const bug = (name: string, ...edits: readonly Edit[]): PlantedBug => ({ name, edits });
const edit = (file: string, search: string, replace: string): Edit => ({ file, search, replace });

/** Each is a mistake that somebody could make. The simulation has to find every one of them. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    'commits the highest complete offset instead of the gap-free prefix',
    edit('consumer/commit-batches.ts', 'const { watermark: offset, revision } = queue.tracker;', 'const { watermark, highestCompleted, revision } = queue.tracker; const offset = Math.max(watermark, highestCompleted + 1);'),
  ),
  bug('takes the late result of an earlier attempt for that of the running one', edit('engine/engine.ts', 'if (delivery.isRunning(attempt)) return true;', 'if (delivery.state === DeliveryState.RUNNING) return true;')),
  bug('redelivers a held record as the same delivery', edit('engine/partition-queue.ts', 'const delivery = new Delivery(this, held.retained, held.index, held.offset, held.lane);', 'const delivery = held; delivery.attempt = 0;'), edit('engine/partition-queue.ts', 'this.tracker.replace(held, delivery);\n      held.state = DeliveryState.DROPPED;', 'held.state = DeliveryState.QUEUED;')),
  bug('releases a partition before its last commit', edit('consumer/handover.ts', 'await committer.flush(', 'void committer.flush(')),
  bug('goes on committing a partition that was lost or released', edit('consumer/tenures.ts', 'this.deps.committer.remove(queue);', '')),
  bug('as leader, lets the older of two claims stand', edit('assignors/claims.ts', 'return member.claims.generation > rival.claims.generation;', 'return member.claims.generation < rival.claims.generation;')),
  bug('after an absence, trusts its claims without looking at the commits', edit('consumer/owned-partitions.ts', '!committer.isOwn(queue, commits[index])', 'commits[index].offset < 0')),
  bug('does not doubt itself after an absence', edit('consumer/standing.ts', 'this.isSuspect = true;', '')),
  bug('starts what was buffered before a pause', edit('engine/partition-queue.ts', '!this.flow.isSuspended && nowMs', 'nowMs')),
  bug('forgets the pause of a partition that comes later', edit('consumer/takeover.ts', "if (this.deps.pauses.isPaused(tenure)) queue.suspend('user');", '')),
  bug('ignores the lease', edit('engine/partition-queue.ts', '&& nowMs < this.lease.untilMs', '&& nowMs < Infinity')),
  bug(
    'takes what was fetched for an earlier position',
    edit('consumer/leader-loop.ts', 'if (position === undefined || position.request !== id) continue;', 'if (position === undefined) continue;'),
    edit('engine/partition-queue.ts', 'chunk.from > this.position || ', ''),
  ),
  bug('takes a refused commit for an acknowledged one', edit('consumer/commit-batches.ts', 'if (answer === null) {', 'if (answer !== undefined) {')),
  bug('does not repeat what an unanswered commit may have been stored over', edit('consumer/committer.ts', 'if (partition.unanswered.mayFollow(identity, clock.now(), options.sessionTimeoutMs)) this.repeat(partition);', '')),
  bug('takes a drain back without fetching again what it dropped', edit('engine/partition-queue.ts', 'this.tracker.refetch(listed.filter((delivery) => delivery.state === DeliveryState.DROPPED));', '')),
  bug('as leader, gives a partition away while another member still claims it', edit('assignors/assign.ts', '  withholdMoving(plan, seats, holders);\n', '')),
  bug('leaves the base out of what the offset map checks', edit('engine/offset-map.ts', 'rest = base;', 'rest = 0;')),
  bug('leaves the last complete stretch out of the offset map', edit('engine/offset-map.ts', 'return bounds.subarray(0, used);', 'return bounds.subarray(0, Math.max(0, used - 2));')),
  bug('starts records before the start of the partition is committed', edit('consumer/takeover.ts', 'await committer.persistStarts(unsaved)', 'void committer.persistStarts(unsaved)')),
  bug('lets records of a key overtake each other', edit('engine/lanes.ts', 'tail.laneNext = delivery;\n      return false;', 'return true;')),
  bug('runs one handler more than it may', edit('engine/engine.ts', 'this.inFlight < concurrency &&', 'this.inFlight <= concurrency &&')),
  bug('fetches without regard to its buffer', edit('engine/partition-queue.ts', 'return this.buffered < limits.recordsPerPartition &&', 'return')),
  bug('forgets to fetch on when there is room again', edit('engine/partition-queue.ts', 'if (this.flow.isStarved && this.isFetchable) this.engine.roomAppeared();', '')),
  bug(
    'takes a start that was stopped for the next one',
    edit('consumer/create-group-consumer.ts', '      this.starting = null;\n      await this.endMembers(timeoutMs);', '      await this.endMembers(timeoutMs);'),
  ),
];
