import { ErrorCode } from '../protocol/error-codes.js';

export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}
export interface CommittedOffset extends PartitionName {
  readonly offset: number;
  /** −1 where the client has not said. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}
/** What an OffsetFetch answers for a partition. */
export interface FetchedOffset extends CommittedOffset {
  readonly errorCode: number;
}
interface StoredOffset extends CommittedOffset {
  /** Order of the writes: what was written last counts, whenever its transaction ends. */
  readonly order: number;
}
type Offsets = Map<string, StoredOffset>;

/** The offsets that a group has committed, and those that open transactions hold back. */
export class GroupOffsets {
  private readonly committed: Offsets = new Map();
  /** By producer id. */
  private readonly pending = new Map<number, Offsets>();
  private writes = 0;

  commit(offset: CommittedOffset): void {
    this.committed.set(keyOf(offset), { ...offset, order: this.writes++ });
  }
  commitInTransaction(producerId: number, offset: CommittedOffset): void {
    const offsets: Offsets = this.pending.get(producerId) ?? new Map<string, StoredOffset>();
    this.pending.set(producerId, offsets.set(keyOf(offset), { ...offset, order: this.writes++ }));
  }
  endTransaction(producerId: number, isCommitted: boolean): void {
    const offsets = this.pending.get(producerId);
    this.pending.delete(producerId);
    if (!isCommitted || offsets === undefined) return;
    for (const [key, offset] of offsets) if (offset.order > (this.committed.get(key)?.order ?? -1)) this.committed.set(key, offset);
  }

  /** Those asked for, or all that were committed. `isStable`: what a transaction may still change is refused. */
  fetch(partitions: readonly PartitionName[] | null, isStable: boolean): FetchedOffset[] {
    return (partitions ?? [...this.committed.values()]).map((name) => this.fetchOne(name, isStable));
  }

  delete(name: PartitionName): void {
    for (const offsets of [this.committed, ...this.pending.values()]) offsets.delete(keyOf(name));
  }
  deleteTopic(topic: string): void {
    for (const offsets of [this.committed, ...this.pending.values()]) {
      for (const [key, offset] of offsets) if (offset.topic === topic) offsets.delete(key);
    }
  }

  private fetchOne({ topic, partition }: PartitionName, isStable: boolean): FetchedOffset {
    const key = keyOf({ topic, partition });
    const found = this.committed.get(key);
    const isPending = isStable && [...this.pending.values()].some((offsets) => offsets.has(key));
    if (isPending || found === undefined) {
      return { topic, partition, offset: -1, leaderEpoch: -1, metadata: '', errorCode: isPending ? ErrorCode.UNSTABLE_OFFSET_COMMIT : ErrorCode.NONE };
    }
    const { offset, leaderEpoch, metadata } = found;
    return { topic, partition, offset, leaderEpoch, metadata, errorCode: ErrorCode.NONE };
  }
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${partition} ${topic}`;
}
