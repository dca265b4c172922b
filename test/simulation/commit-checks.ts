import type { OffsetCommit, TopicPartition } from '../../lib/consumer/wire.js';
import { zlibCompression } from '../../lib/consumer/offset-map-compression.js';
import { CompletedRanges } from '../../lib/engine/completed-ranges.js';
import { decodeOffsetMap } from '../../lib/engine/offset-map.js';
import type { Judge } from './judge.js';
import { JudgedTenure } from './judged-tenure.js';
import type { PartitionTruth } from './ledger.js';
import type { PartitionLog } from './partition-log.js';
import type { SimulatedProcess } from './process.js';

const MOST_CHARS = 4096;
/** From this length on a map may be cut off. */
const NEARLY_FULL = 4000;

/** A commit as it becomes Kafka's. */
export interface StoredCommit {
  readonly memberId: string;
  /** Of its request, in the order in which all requests were sent. */
  readonly number: number;
  readonly log: PartitionLog;
  readonly offset: number;
  readonly metadata: string;
  /** Who has the partition by the current assignment. */
  readonly holder: string | null;
}

/** What commits may say, when, and of what. */
export class CommitChecks {
  constructor(private readonly judge: Judge) {}

  begins(process: SimulatedProcess, name: string, epoch: number, offset: number): void {
    const truth = this.judge.ledger.partitions.get(name);
    if (truth === undefined) return;
    const read = process.reads.get(name) ?? { offset: -1, metadata: '' };
    const completed = read.offset < 0 || truth.isVoid ? CompletedRanges.NONE : decodeOffsetMap(read.offset, read.metadata, zlibCompression).completed;
    const start = truth.isVoid ? offset : read.offset;
    process.tenures.set(`${name}#${epoch}`, new JudgedTenure(truth, epoch, start, completed));
    process.epochs.set(name, epoch);
    this.judge.note(`${process.name}: ${name} begins at ${offset}, epoch ${epoch}`);
  }

  ends(process: SimulatedProcess, name: string, epoch: number, how: 'released' | 'lost'): void {
    const tenure = process.tenures.get(`${name}#${epoch}`);
    this.judge.note(`${process.name}: ${name} is ${how}, epoch ${epoch}`);
    // What had not begun is named without an epoch.
    if (tenure === undefined) return;
    tenure.end = how;
    if (how === 'released') this.checkHandedOver(process, name, tenure);
  }

  sent(process: SimulatedProcess, { topic, partition, offset, metadata }: OffsetCommit): void {
    const { judge } = this;
    const name = `${topic}/${partition}`;
    const tenure = process.committing(name);
    judge.note(`${process.name}: commits ${name}@${offset} (${metadata.length})`);
    if (tenure === undefined) return judge.broken('handover', `${process.name} commits ${name}@${offset}, which it does not have`);
    if (tenure.end !== null) judge.broken('handover', `${process.name} commits ${name}@${offset} after it has ${tenure.end} it`);
    if (offset < tenure.floor) judge.broken('commits', `${process.name} commits ${name}@${offset} after ${tenure.floor} in the same assignment`);
    tenure.floor = Math.max(tenure.floor, offset);
    if (metadata.length > MOST_CHARS) judge.broken('metadata', `${name}@${offset}: ${metadata.length} characters`);
    const { completed, problem } = decodeOffsetMap(offset, metadata, zlibCompression);
    if (problem !== null) judge.broken('metadata', `${name}@${offset}: ${problem}`);
    if (tenure.truth.isVoid || !judge.settings.offsetMap || process.hasShortMaps) return;
    if (metadata.length > NEARLY_FULL) return void judge.counts.truncatedMaps++;
    const missing = tenure.missingFrom(offset, completed, judge.scheduler.steps);
    if (missing !== null) judge.broken('repeats', `${process.name} commits ${name}@${offset} without saying that ${missing} is complete`);
  }

  stored({ memberId, number, log, offset, metadata, holder }: StoredCommit): void {
    const { judge } = this;
    const truth = judge.ledger.of(log);
    judge.note(`stored ${log.name}@${offset} by ${memberId}`);
    if (truth.isVoid) return;
    if (holder !== null && holder !== memberId) judge.broken('handover', `${memberId} commits ${log.name}@${offset}, which ${holder} has`);
    this.checkDirection(truth, number, offset);
    if (this.isFirstStart(truth, offset)) truth.movedTo(offset);
    if (offset > truth.firstIncomplete) judge.broken('commits', `${log.name}@${offset} is committed, and ${truth.firstIncomplete} is not complete`);
    for (const [from, to] of decodeOffsetMap(offset, metadata, zlibCompression).completed) {
      for (let one = from; one < to; one++) if (!truth.complete[one]) judge.broken('commits', `the map of ${log.name}@${offset} says that ${one} is complete, which it is not`);
    }
    truth.stored = { offset, metadata };
  }

  acknowledged({ name }: SimulatedProcess, { topic, partition, offset }: TopicPartition & { readonly offset: number }): void {
    const truth = this.judge.ledger.of({ topic, partition });
    if (truth.isVoid || truth.isOvertaken || (truth.stored !== null && offset <= truth.stored.offset)) return;
    this.judge.broken('commits', `${name} takes ${topic}/${partition}@${offset} for committed, and Kafka has ${truth.stored?.offset ?? 'nothing'}`);
  }

  /** A request whose connection was given up may be served after later ones: Kafka then has an older state, until the member repeats the newer one. */
  private checkDirection(truth: PartitionTruth, number: number, offset: number): void {
    truth.isOvertaken = number < truth.commitNumber;
    truth.commitNumber = Math.max(truth.commitNumber, number);
    if (truth.isOvertaken) this.judge.counts.lateCommits++;
    else if (truth.stored !== null && offset < truth.stored.offset) this.judge.broken('commits', `${truth.log.name} goes back from ${truth.stored.offset} to ${offset}`);
  }

  /** Without `fromBeginning` the group begins where the first commit says. */
  private isFirstStart(truth: PartitionTruth, offset: number): boolean {
    return truth.stored === null && !this.judge.settings.fromBeginning && !truth.log.isAddedLater && offset <= truth.log.end;
  }

  /** What is released has its last commit in Kafka, unless Kafka has refused it for as long as the member waits. */
  private checkHandedOver(process: SimulatedProcess, name: string, tenure: JudgedTenure): void {
    const { judge } = this;
    if (tenure.truth.isVoid || tenure.truth.stored === null || process.hasShortMaps) return;
    if (judge.scheduler.nowMs - Math.max(process.coordinatorFailedAtMs, process.troubledAtMs) <= judge.settings.flushLimitMs) return;
    const { offset, metadata } = tenure.truth.stored;
    const completed = judge.settings.offsetMap ? decodeOffsetMap(offset, metadata, zlibCompression).completed : CompletedRanges.NONE;
    const missing = metadata.length > NEARLY_FULL || !judge.settings.offsetMap ? null : tenure.missingFrom(offset, completed, judge.scheduler.steps);
    if (missing !== null) judge.broken('handover', `${process.name} releases ${name}, and Kafka (${offset}) does not know that ${missing} is complete`);
  }
}
