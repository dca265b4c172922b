import { compact } from '../log/compaction.js';
import type { BatchHead } from '../log/batch-header.js';
import { type Appended, PartitionLog, type TransactionEnd } from '../log/partition-log.js';
import type { Node } from '../nodes.js';
import type { Topic } from './topic.js';

/** A partition: its log, who leads it, and who waits for it. */
export class Partition {
  readonly log = new PartitionLog();
  leader: Node | null = null;
  leaderEpoch = -1;
  private segmentBegan = 0;
  private readonly watchers = new Set<() => void>();

  constructor(
    readonly topic: Topic,
    readonly index: number,
    /** The first is the preferred leader. */
    readonly replicas: readonly Node[],
  ) {
    this.elect();
  }

  append(bytes: Buffer, head: BatchHead, nowMs: number): Appended {
    this.roll(nowMs);
    const appended = this.log.append(bytes, head, this.leaderEpoch, this.topic.config.appendTime ? nowMs : null);
    this.changed();
    return appended;
  }

  /** A segment is over when the next append comes after its time; of a compacted topic it is then compacted, at once. */
  private roll(nowMs: number): void {
    const { compacted, segmentMs } = this.topic.config;
    if (nowMs - this.segmentBegan < segmentMs) return;
    this.segmentBegan = nowMs;
    if (compacted) this.log.batches.replace(compact(this.log.batches.all));
  }

  /** Writes a transaction's marker. */
  endTransaction(end: TransactionEnd, nowMs: number): void {
    this.log.endTransaction(end, this.leaderEpoch, nowMs);
    this.changed();
  }

  /** @throws KafkaError OFFSET_OUT_OF_RANGE for an offset beyond the end. */
  deleteBefore(offset: number): void {
    this.log.deleteBefore(offset);
    this.changed();
  }

  /** Gives the partition a leader that lives, if it has none; the preferred one first. Null while no replica lives. */
  elect(): void {
    if (this.leader?.alive === true) return;
    this.lead(this.replicas.find(node => node.alive) ?? null);
  }

  lead(node: Node | null): void {
    if (this.leader === node && this.leaderEpoch >= 0) return;
    this.leader = node;
    this.leaderEpoch++;
    this.changed();
  }

  /** `look` runs after each change, until it is taken back. */
  watch(look: () => void): () => void {
    this.watchers.add(look);
    return () => void this.watchers.delete(look);
  }

  /** Records, markers, a new leader, or the end of the topic. */
  changed(): void {
    for (const look of [...this.watchers]) look();
  }
}
