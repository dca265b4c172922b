import type { PartitionLog } from './partition-log.js';
import type { Run } from './run-of-handler.js';

/** What is true of one partition, whatever any member believes. */
export class PartitionTruth {
  /** By offset: a handler has processed or skipped it, or it is not in the log any more. */
  readonly complete: boolean[] = [];
  /** Held at some time: its key may have gone on without it. */
  readonly wasHeld = new Set<number>();
  /** Handlers that run, in whatever process, and whose end somebody will see. */
  readonly runs = new Set<Run>();
  /** Its log was cut: offsets do not mean what they meant, and only that it goes on is checked. */
  isVoid = false;
  /** The last commit that Kafka has taken; null before the first. */
  stored: { readonly offset: number; readonly metadata: string } | null = null;
  commitNumber = 0;
  /** Kafka has an older commit than the last one that it acknowledged. */
  isOvertaken = false;
  private readonly offsetsByKey = new Map<number, { readonly offsets: number[]; next: number }>();
  private first = 0;

  constructor(readonly log: PartitionLog) {}

  get firstIncomplete(): number {
    while (this.complete[this.first]) this.first++;
    return this.first;
  }
  get incompleteCount(): number {
    let count = 0;
    for (let offset = this.firstIncomplete; offset < this.complete.length; offset++) if (!this.complete[offset]) count++;
    return count;
  }

  appended(offset: number): void {
    this.complete[offset] = false;
    const key = this.log.keyAt(offset);
    const ofKey = this.offsetsByKey.get(key);
    if (ofKey === undefined) this.offsetsByKey.set(key, { offsets: [offset], next: 0 });
    else ofKey.offsets.push(offset);
  }

  /** The first record of a key that is neither complete nor out of order. */
  firstOfKey(key: number): number {
    const ofKey = this.offsetsByKey.get(key);
    if (ofKey === undefined) return Infinity;
    const { offsets } = ofKey;
    while (ofKey.next < offsets.length && (this.complete[offsets[ofKey.next]] || this.wasHeld.has(offsets[ofKey.next]))) ofKey.next++;
    return offsets[ofKey.next] ?? Infinity;
  }
  firstInOrder(): number {
    let offset = this.firstIncomplete;
    while (offset < this.complete.length && (this.complete[offset] || this.wasHeld.has(offset))) offset++;
    return offset;
  }

  /** An operator has moved the group: what lies below is done with, what lies above is to be done again. */
  movedTo(target: number): void {
    for (let offset = 0; offset < this.complete.length; offset++) this.complete[offset] = offset < target || !this.log.isPresent(offset);
    this.first = 0;
    for (const ofKey of this.offsetsByKey.values()) ofKey.next = 0;
  }
  cut(end: number): void {
    this.isVoid = true;
    this.complete.length = end;
    this.complete.fill(true);
    this.first = 0;
    this.offsetsByKey.clear();
  }
}

/** The truth of all partitions. */
export class Ledger {
  readonly partitions = new Map<string, PartitionTruth>();

  add(log: PartitionLog): void {
    this.partitions.set(log.name, new PartitionTruth(log));
  }
  of(log: { readonly topic: string; readonly partition: number }): PartitionTruth {
    const truth = this.partitions.get(`${log.topic}/${log.partition}`);
    if (truth === undefined) throw new Error(`there is no ${log.topic}/${log.partition}`);
    return truth;
  }
  appended(log: PartitionLog, offset: number): void {
    this.of(log).appended(offset);
  }
  gone(log: PartitionLog, offset: number): void {
    this.of(log).complete[offset] = true;
  }
}
