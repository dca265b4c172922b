import type { PartitionQueue } from '../engine/partition-queue.js';
import { backOffMs } from './back-off.js';
import { FetchPosition, gapChunk } from './fetch-position.js';
import type { GroupLog } from './group-consumer.js';
import { LeaderLoop, type LeaderLoopDependencies, type LeaderLoopHost } from './leader-loop.js';
import { LogThrottle } from './log-throttle.js';
import type { GroupOptions } from './options.js';
import { explained } from './remedies.js';
import type { TopicMetadata } from './topic-metadata.js';
import { type FetchedPartition, type FetchFault, type TopicPartition, type Wire, WireError } from './wire.js';

const MOVED_RETRY_MS = 200;
const LONGEST_BACK_OFF_MS = 2000;
/** For what needs a person. */
const LONGEST_FAULT_BACK_OFF_MS = 30_000;
/** A leader that was deposed and does not know it yet has a shorter log: metadata is asked for between these. */
const BEYOND_END_ANSWERS = 3;
const BEYOND_END_RETRY_MS = 1000;
const RESTART_RETRY_MS = 5000;

export interface FetcherDependencies extends LeaderLoopDependencies {
  readonly wire: Pick<Wire, 'fetch' | 'offsets'>;
  readonly options: Pick<GroupOptions, 'fetch' | 'isolation' | 'metadataMaxAgeMs'>;
  readonly log: GroupLog;
  readonly metadata: Pick<TopicMetadata, 'leaderOf' | 'request' | 'onRefresh'>;
  /**
   * The log ends before the partition's position: records that were handled are gone, and others will get their offsets.
   * Within one assignment commits never go back, so the partition must be given up without a commit and taken again, from
   * `offset` on, with nothing complete. Called again every 5 s as long as nothing has happened.
   */
  readonly restart?: (queue: PartitionQueue, offset: number) => void;
}

export interface PartitionFault extends TopicPartition {
  readonly fault: FetchFault;
  readonly reason: string;
}

/** Keeps a member's partitions fetched: one loop per broker, and whatever is wrong with one partition costs only that one. */
export class Fetcher implements LeaderLoopHost {
  private readonly positions = new Map<PartitionQueue, FetchPosition>();
  private readonly loops = new Map<number, LeaderLoop>();
  private readonly broken = new Set<number>();
  private readonly throttle: LogThrottle;
  private isStopped = false;

  constructor(private readonly deps: FetcherDependencies) {
    this.throttle = new LogThrottle(deps.clock);
    deps.metadata.onRefresh(() => this.placeAll());
  }

  /** Fetches a partition from its tracker's position on. */
  add(queue: PartitionQueue): void {
    if (this.isStopped || this.positions.has(queue)) return;
    const position = new FetchPosition(queue);
    this.positions.set(queue, position);
    this.place(position);
  }

  /** What is under way for it is dropped. */
  remove(queue: PartitionQueue): void {
    const position = this.positions.get(queue);
    if (position === undefined) return;
    this.positions.delete(queue);
    position.loop?.remove(position);
  }

  /** A partition that could not take records may do so now. */
  wake(): void {
    for (const loop of this.loops.values()) loop.wake();
  }

  /** Final. Requests under way end by themselves; their answers are dropped. */
  stop(): void {
    this.isStopped = true;
    for (const queue of [...this.positions.keys()]) this.remove(queue);
    for (const loop of this.loops.values()) loop.stop();
  }

  /**
   * Records between the watermark and the end that can be read (under 'read_committed' the last stable offset), as of the last
   * answer; null before the first one, and for partitions that are not fetched.
   */
  lag(queue: PartitionQueue): number | null {
    const endOffset = this.positions.get(queue)?.endOffset ?? null;
    return endOffset === null ? null : Math.max(0, endOffset - queue.tracker.watermark);
  }

  /** Partitions that cannot be read now, for health and statistics. */
  get faults(): readonly PartitionFault[] {
    const faults: PartitionFault[] = [];
    for (const { queue, fault } of this.positions.values()) {
      if (fault !== null) faults.push({ topic: queue.topic, partition: queue.partition, ...fault });
    }
    return faults;
  }

  /** Since when no request of some broker has come to an end, good or bad; now, where there is nothing to ask for. */
  get aliveAtMs(): number {
    let aliveAtMs = this.deps.clock.now();
    for (const loop of this.loops.values()) aliveAtMs = Math.min(aliveAtMs, loop.aliveAtMs);
    return aliveAtMs;
  }

  /** Nodes whose loop has ended by a defect, though it has something to fetch. */
  get brokenLoops(): readonly number[] {
    return [...this.broken].filter((node) => (this.loops.get(node)?.all.length ?? 0) > 0);
  }

  judge(position: FetchPosition, result: FetchedPartition): boolean {
    if (result.fault !== null) {
      this.faulted(position, result.fault, result.reason ?? result.fault);
      return false;
    }
    if (position.fault !== null) this.recovered(position);
    position.beyondEnd = 0;
    const endOffset = this.deps.options.isolation === 'read_committed' ? result.lastStableOffset : result.highWatermark;
    if (endOffset >= 0) position.endOffset = endOffset;
    if (result.preferredReplica >= 0 && result.preferredReplica !== position.loop?.node) this.follow(position, result.preferredReplica);
    return result.chunk !== null;
  }

  requestFailed(loop: LeaderLoop, error: unknown, failures: number): number {
    const isFatal = !(error instanceof WireError) || error.kind === 'fatal';
    const delayMs = backOffMs(failures, MOVED_RETRY_MS, isFatal ? LONGEST_FAULT_BACK_OFF_MS : LONGEST_BACK_OFF_MS);
    if (this.throttle.allows(`broker ${loop.node}`)) {
      if (isFatal) this.deps.log.error(`Fetching from broker ${loop.node} failed; it is tried again`, error);
      else this.deps.log.warn(`Fetching from broker ${loop.node} failed (${explained(error)}); it is tried again`);
    }
    for (const position of [...loop.all]) if (position.replica?.node === loop.node) this.leaveReplica(position);
    this.deps.metadata.request(`a fetch from broker ${loop.node} failed`);
    return delayMs;
  }

  private faulted(position: FetchPosition, fault: FetchFault, reason: string): void {
    if (position.replica !== null) {
      // A replica may be behind, or not be one any more. What the leader says counts.
      this.leaveReplica(position);
      return this.retryIn(position, MOVED_RETRY_MS);
    }
    position.fault = { fault, reason };
    const failures = position.failures++;
    switch (fault) {
      case 'out-of-range':
        void this.findBack(position);
        return;
      case 'moved':
        this.deps.metadata.request(`${position.name} has moved`);
        return this.retryIn(position, MOVED_RETRY_MS);
      case 'unavailable':
        return this.retryIn(position, backOffMs(failures, MOVED_RETRY_MS, LONGEST_BACK_OFF_MS));
      case 'unauthorized':
      case 'corrupt':
        this.reportFault(position, fault, reason);
        return this.retryIn(position, backOffMs(failures, BEYOND_END_RETRY_MS, LONGEST_FAULT_BACK_OFF_MS));
    }
  }

  private reportFault(position: FetchPosition, fault: 'unauthorized' | 'corrupt', reason: string): void {
    if (!this.throttle.allows(position.name)) return;
    const remedy =
      fault === 'unauthorized'
        ? 'allow the client to read the topic'
        : 'it is not skipped, because records would be lost: install what is missing to decode it, or move the group past it with a tool of your choice';
    this.deps.log.error(`${position.name} cannot be read at offset ${position.offset} (${reason}); it is tried again, the other partitions go on. Remedy: ${remedy}`);
  }

  private recovered(position: FetchPosition): void {
    position.fault = null;
    position.failures = 0;
    this.throttle.forget(position.name);
  }

  /** The position is not in the leader's log: below its start the records are gone, above its end the log was cut. */
  private async findBack(position: FetchPosition): Promise<void> {
    const { queue } = position;
    const { wire, clock, log, metadata } = this.deps;
    position.notBeforeMs = Infinity;
    const earliest = await earliestOf(wire, queue);
    if (this.positions.get(queue) !== position) return;
    const at = queue.position;
    if (earliest !== null && at < earliest) {
      log.warn(`${position.name} begins at offset ${earliest}; ${at} to ${earliest - 1} were deleted before this group had read them. It goes on at ${earliest}`);
      queue.receive(gapChunk(queue.topic, queue.partition, at, earliest), clock.now());
      return this.retryIn(position, 0);
    }
    metadata.request(`${position.name} has no offset ${at}`);
    if (earliest === null) return this.retryIn(position, backOffMs(position.failures, MOVED_RETRY_MS, LONGEST_BACK_OFF_MS));
    if (++position.beyondEnd < BEYOND_END_ANSWERS) return this.retryIn(position, BEYOND_END_RETRY_MS);
    this.retryIn(position, RESTART_RETRY_MS);
    if (this.throttle.allows(position.name)) {
      log.warn(`The log of ${position.name} ends before offset ${at}, which is to be read next: it was cut, or the topic made anew. It must be read again from its start, ${earliest}`);
    }
    this.deps.restart?.(queue, earliest);
  }

  private retryIn(position: FetchPosition, delayMs: number): void {
    position.notBeforeMs = this.deps.clock.now() + delayMs;
    position.loop?.wake();
  }

  private follow(position: FetchPosition, node: number): void {
    this.deps.log.debug?.(`${position.name} is read from replica ${node} from now on`);
    position.replica = { node, untilMs: this.deps.clock.now() + this.deps.options.metadataMaxAgeMs };
    this.place(position);
  }

  private leaveReplica(position: FetchPosition): void {
    position.replica = null;
    this.place(position);
  }

  private placeAll(): void {
    for (const position of this.positions.values()) this.place(position);
  }

  /** Hands a position to the loop of the broker that has it. */
  private place(position: FetchPosition): void {
    const { queue, replica } = position;
    const isFollowing = replica !== null && replica.untilMs > this.deps.clock.now();
    if (!isFollowing) position.replica = null;
    const node = isFollowing ? replica.node : this.deps.metadata.leaderOf(queue.topic, queue.partition);
    if ((position.loop?.node ?? null) === node) return;
    position.loop?.remove(position);
    if (node === null) return this.deps.metadata.request(`${position.name} has no leader`);
    if (position.fault?.fault === 'moved') position.notBeforeMs = -Infinity;
    this.loopOf(node).add(position);
  }

  private loopOf(node: number): LeaderLoop {
    const existing = this.loops.get(node);
    if (existing !== undefined) return existing;
    const loop = new LeaderLoop(node, this.deps, this);
    this.loops.set(node, loop);
    loop.run().catch((error: unknown) => {
      this.broken.add(node);
      this.deps.log.error(`The fetch loop of broker ${node} has ended by a defect; its partitions stand still until a restart`, error);
    });
    return loop;
  }
}

async function earliestOf(wire: Pick<Wire, 'offsets'>, { topic, partition }: TopicPartition): Promise<number | null> {
  try {
    const [found] = await wire.offsets([{ topic, partition, at: 'earliest' }]);
    return found.offset;
  } catch {
    return null;
  }
}
