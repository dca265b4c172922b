import { IncompleteRuns } from '../engine/incomplete-runs.js';
import { encodeOffsetMap } from '../engine/offset-map.js';
import type { PartitionQueue } from '../engine/partition-queue.js';
import { messageOf } from './error-text.js';
import type { Clock } from './clock.js';
import type { GroupLog } from './group-consumer.js';
import { zlibCompression } from './offset-map-compression.js';
import { UnansweredCommits } from './unanswered-commits.js';
import { type CommitOutcome, WireError } from './wire.js';

/** A request becomes one batch of Kafka's offsets topic, which takes 1 MiB by default and refuses the request as a whole above it. */
const REQUEST_BYTES = 512 * 1024;
/** What a partition costs there beside its metadata: names, offset, times. */
const PARTITION_BYTES = 200;
/** A map's characters take three bytes each. */
const BYTES_PER_CHAR = 3;
/** Kafka's default limit for the metadata of a partition, in UTF-16 units. */
const MAP_CHARS = 4096;
/** Long maps take about a millisecond each to write: after so much of it the request goes out, and the event loop has its turn. */
const BUILD_MS = 10;
/** Deflating a long map takes several times as long as all the rest: only one that does not fit is worth it, and only if more fits then. */
const WORTH_DEFLATING = 1.05;
/** So many maps of a partition go undeflated after one that did not gain by it. */
const UNDEFLATED_MAPS = 20;

/** What Kafka has of one partition in one assignment, and what it is to have. */
export class PartitionCommits {
  /** Listed as having something to commit. */
  isDirty = false;
  /** Since when Kafka does not have all of it; null while it has. */
  unsavedSinceMs: number | null = null;
  /** Given up: nothing of it is committed any more. */
  isGone = false;
  /** The start that was resolved for a partition without a commit; it must be in Kafka before the first record. */
  isStartUnsaved = false;
  /** The last watermark put into a request. */
  planned = -1;
  private plannedMetadata = '';
  /** The tracker's revision that Kafka has; −1 before the first commit, unless it began with one. */
  savedRevision: number;
  /** The map was refused: the next commit goes without. */
  isMapRefused = false;
  /** Maps until the next one that may be deflated. */
  untilDeflate = 0;
  failures = 0;
  notBeforeMs = -Infinity;
  /** Sent again though nothing has changed: an unanswered commit may have been stored over it. */
  isRepeatDue = false;
  readonly unanswered = new UnansweredCommits();
  private begin: number;
  private current: PartitionQueue;

  constructor(
    queue: PartitionQueue,
    /** What Kafka has; −1 where it has nothing. */
    public committed: number,
    public savedMetadata: string,
  ) {
    this.current = queue;
    this.savedRevision = committed < 0 ? -1 : queue.tracker.revision;
    this.begin = queue.tracker.watermark;
  }

  get queue(): PartitionQueue {
    return this.current;
  }

  /** A seek: what is complete is told by another queue, and where that begins must be in Kafka, be it below what is committed. */
  goOn(queue: PartitionQueue): void {
    this.current = queue;
    this.begin = queue.tracker.watermark;
    this.isStartUnsaved = true;
    this.isMapRefused = false;
    this.savedRevision = -1;
    this.notBeforeMs = -Infinity;
  }

  get name(): string {
    return `${this.queue.topic}/${this.queue.partition}`;
  }
  get watermarkMoved(): boolean {
    return this.queue.tracker.watermark > this.committed;
  }

  hasSaved({ offset, metadata }: Pick<PlannedCommit, 'offset' | 'metadata'>): boolean {
    return offset === this.committed && metadata === this.savedMetadata;
  }
  hasPlanned({ offset, metadata }: Pick<PlannedCommit, 'offset' | 'metadata'>): boolean {
    return offset === this.planned && metadata === this.plannedMetadata;
  }
  plan({ offset, metadata }: PlannedCommit): void {
    this.planned = offset;
    this.plannedMetadata = metadata;
  }

  /** Kafka has it. Answers how many offsets it covers that were not covered before. */
  acknowledge({ queue, offset, revision, metadata }: PlannedCommit): number {
    const isCurrent = queue === this.current;
    const covered = offset - Math.max(this.committed, isCurrent ? this.begin : 0);
    this.committed = offset;
    this.savedMetadata = metadata;
    this.failures = 0;
    this.notBeforeMs = -Infinity;
    this.isRepeatDue = false;
    // Sent before a seek: it says nothing about where the partition goes on.
    if (!isCurrent) return Math.max(0, covered);
    this.isStartUnsaved = false;
    // What went without its map is not saved yet: it is tried again with a shorter one.
    if (!this.isMapRefused) this.savedRevision = revision;
    this.isMapRefused = false;
    return Math.max(0, covered);
  }
}

/** One partition's part of a request, as it was when the request was built. */
export interface PlannedCommit {
  readonly partition: PartitionCommits;
  readonly queue: PartitionQueue;
  readonly offset: number;
  readonly revision: number;
  readonly metadata: string;
}

/** Cuts what is to be committed into requests that brokers take, and learns from what they refuse. */
export class CommitBatches {
  /** Maps of which only the beginning fitted: after a crash the rest is repeated. */
  truncated = 0;
  private mapChars = MAP_CHARS;
  private requestBytes = REQUEST_BYTES;
  private readonly runs = new IncompleteRuns();

  constructor(
    private readonly withMap: boolean,
    private readonly clock: Clock,
    private readonly log: GroupLog,
  ) {}

  /** Takes from the end of `waiting` what goes into the next request; empty when nothing of it has changed. */
  next(waiting: PartitionCommits[]): PlannedCommit[] {
    const batch: PlannedCommit[] = [];
    const began = this.clock.now();
    let bytes = 0;
    for (let partition = waiting.pop(); partition !== undefined; partition = waiting.pop()) {
      partition.isDirty = false;
      const commit = this.plan(partition);
      if (commit === null) {
        partition.unsavedSinceMs = null;
        continue;
      }
      bytes += bytesOf(commit);
      if (bytes > this.requestBytes && batch.length > 0) {
        partition.isDirty = true;
        waiting.push(partition);
        break;
      }
      partition.plan(commit);
      batch.push(commit);
      if (this.clock.now() - began >= BUILD_MS) break;
    }
    return batch;
  }

  accepted(): void {
    // What was refused once may have been refused for another reason: the limit grows back, slowly.
    this.requestBytes = Math.min(REQUEST_BYTES, this.requestBytes + 1024);
  }

  /** The request was too large: the next ones are half of it, and a partition on its own goes without its map. */
  tooLarge(batch: readonly PlannedCommit[]): void {
    const bytes = batch.reduce((sum, commit) => sum + bytesOf(commit), 0);
    this.requestBytes = Math.max(1, Math.floor(bytes / 2));
    if (batch.length === 1) this.mapTooLarge(batch[0]);
  }

  /** Brokers can be told to take less than the default. The offset is saved without the map first; maps are shorter from now on. */
  mapTooLarge({ partition, metadata }: PlannedCommit): void {
    if (metadata === '') return;
    partition.isMapRefused = true;
    this.mapChars = Math.min(this.mapChars, Math.floor(metadata.length / 2));
    this.log.debug?.(`The offset map of ${partition.name} was refused at ${metadata.length} characters; from now on they have at most ${this.mapChars}`);
  }

  /** Null where Kafka has all of it. */
  private plan(partition: PartitionCommits): PlannedCommit | null {
    const { queue } = partition;
    const { watermark: offset, revision } = queue.tracker;
    if (partition.isGone || (offset < partition.committed && !partition.isStartUnsaved)) return null;
    const mustSend = partition.isStartUnsaved || partition.isRepeatDue;
    if (revision === partition.savedRevision && !mustSend) return null;
    // Where a map was refused the offset goes first, alone.
    partition.isMapRefused &&= offset !== partition.committed;
    const metadata = this.withMap && !partition.isMapRefused ? this.encode(partition, offset) : '';
    if (partition.hasSaved({ offset, metadata }) && !mustSend) {
      partition.savedRevision = revision;
      return null;
    }
    return { partition, queue, offset, revision, metadata };
  }

  private encode(partition: PartitionCommits, offset: number): string {
    const runs = this.runs.clear();
    const end = partition.queue.tracker.collectIncomplete(runs);
    const limit = { chars: this.mapChars };
    let map = encodeOffsetMap(offset, runs, end, limit);
    if (map.end < end && --partition.untilDeflate < 0) {
      const plain = map;
      map = encodeOffsetMap(offset, runs, end, limit, zlibCompression);
      if (map.end - offset < WORTH_DEFLATING * (plain.end - offset)) partition.untilDeflate = UNDEFLATED_MAPS;
    }
    if (map.end < end) {
      this.truncated++;
      this.log.debug?.(`The offset map of ${partition.name} reaches up to ${map.end} of ${end}; after a crash the rest is repeated`);
    }
    return map.metadata;
  }
}

function bytesOf({ partition, metadata }: PlannedCommit): number {
  return BYTES_PER_CHAR * metadata.length + PARTITION_BYTES + 2 * partition.queue.topic.length;
}

/** A request's commits by what became of them, the refused ones by kind. One that the answer does not name counts as refused. */
export function sortOutcomes(
  batch: readonly PlannedCommit[],
  outcomes: readonly CommitOutcome[],
): { acknowledged: PlannedCommit[]; refused: { error: WireError; commits: PlannedCommit[] }[] } {
  const errors = new Map(outcomes.map(({ topic, partition, error }) => [`${topic}/${partition}`, error]));
  const acknowledged: PlannedCommit[] = [];
  const refused: { error: WireError; commits: PlannedCommit[] }[] = [];
  for (const commit of batch) {
    const { name } = commit.partition;
    const answer = errors.get(name);
    if (answer === null) {
      acknowledged.push(commit);
      continue;
    }
    const error = answer ?? new WireError('unavailable', 'NO_ANSWER', `the broker did not say what became of ${name}`);
    const alike = refused.find((group) => group.error.kind === error.kind);
    if (alike === undefined) refused.push({ error, commits: [commit] });
    else alike.commits.push(commit);
  }
  return { acknowledged, refused };
}

export function asWireError(error: unknown): WireError {
  if (error instanceof WireError) return error;
  return new WireError('unavailable', 'CLIENT', messageOf(error), { cause: error });
}
