import { NO_KEY, type RecordChunk } from '../../lib/engine/record-chunk.js';
import type { Clock } from '../../lib/consumer/clock.js';
import type { GroupLog } from '../../lib/consumer/group-consumer.js';
import {
  type CommitOutcome,
  type CommittedOffset,
  type FetchedPartition,
  type FetchRequest,
  type JoinReply,
  type JoinRequest,
  type MemberIdentity,
  type OffsetCommit,
  type OffsetQuery,
  type PartitionOffset,
  type SyncReply,
  type SyncRequest,
  type TopicMetadata,
  type TopicPartition,
  type Wire,
  WireError,
  type WireErrorKind,
} from '../../lib/consumer/wire.js';

/** Time that only the test moves. */
export class ManualClock implements Clock {
  private time = 0;
  private readonly timers = new Set<{ readonly dueMs: number; readonly work: () => void }>();

  get timerCount(): number {
    return this.timers.size;
  }
  now(): number {
    return this.time;
  }
  later(delayMs: number, work: () => void): () => void {
    const timer = { dueMs: this.time + delayMs, work };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }
  nextTurn(work: () => void): void {
    setImmediate(work);
  }
  /** Moves on, stopping at every timer on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let next = this.next(end); next !== null; next = this.next(end)) {
      this.timers.delete(next);
      this.time = next.dueMs;
      next.work();
      await settle();
    }
    this.time = end;
  }
  private next(endMs: number): { readonly dueMs: number; readonly work: () => void } | null {
    let next: { readonly dueMs: number; readonly work: () => void } | null = null;
    for (const timer of this.timers) if (timer.dueMs <= endMs && (next === null || timer.dueMs < next.dueMs)) next = timer;
    return next;
  }
}

/** Lets what is already decided happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export class FakeLog implements GroupLog {
  readonly infos: string[] = [];
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly debug = null;
  info(message: string): void {
    this.infos.push(message);
  }
  warn(message: string): void {
    this.warnings.push(message);
  }
  error(message: string): void {
    this.errors.push(message);
  }
}

/** A request that waits in the broker until the test answers it. */
export class PendingFetch {
  isAnswered = false;
  constructor(
    readonly request: FetchRequest,
    private readonly resolve: (fetched: readonly FetchedPartition[]) => void,
    private readonly reject: (error: Error) => void,
  ) {}
  get offsets(): string[] {
    return this.request.positions.map(({ topic, partition, offset }) => `${topic}/${partition}@${offset}`);
  }
  async answer(...fetched: FetchedPartition[]): Promise<void> {
    this.isAnswered = true;
    this.resolve(fetched);
    await settle();
  }
  async fail(kind: WireErrorKind): Promise<void> {
    this.isAnswered = true;
    this.reject(wireError(kind));
    await settle();
  }
}

export function wireError(kind: WireErrorKind): WireError {
  return new WireError(kind, kind.toUpperCase(), `scripted: ${kind}`);
}

export function fetched(topic: string, partition: number, more: Partial<FetchedPartition> = {}): FetchedPartition {
  return { topic, partition, fault: null, chunk: null, highWatermark: 0, lastStableOffset: 0, logStartOffset: 0, preferredReplica: -1, ...more };
}

/** A chunk that covers [from, to) and has a record without a key at each of `offsets`, all of them by default. */
export function chunk(topic: string, partition: number, from: number, to: number, offsets?: readonly number[]): RecordChunk {
  const at = offsets ?? Array.from({ length: to - from }, (_, index) => from + index);
  return {
    topic,
    partition,
    from,
    to,
    count: at.length,
    bytes: 10 * at.length,
    offset: (index) => at[index],
    keyHash: () => NO_KEY,
    key: () => null,
    value: () => null,
    text: () => null,
    headers: () => ({}),
    timestampMs: () => 0,
    attributes: () => 0,
    copy: (index) => chunk(topic, partition, at[index], at[index] + 1),
  };
}

/** Answers a fetch with the records of one partition. */
export function records(topic: string, partition: number, from: number, to: number, offsets?: readonly number[]): FetchedPartition {
  return fetched(topic, partition, { chunk: chunk(topic, partition, from, to, offsets), highWatermark: to, lastStableOffset: to });
}

interface FakePartition {
  leader: number | null;
  start: number;
  end: number;
}
type CommitScript = (identity: MemberIdentity, offsets: readonly OffsetCommit[]) => readonly CommitOutcome[] | WireError;

/**
 * A broker as fetching, committing and start positions see it. Fetches wait for the test; everything else is answered from
 * what is set here, unless a failure is scripted for it.
 */
export class FakeFetchWire implements Wire {
  readonly partitions = new Map<string, Map<number, FakePartition>>();
  readonly stored = new Map<string, { offset: number; metadata: string }>();
  /** Topics that metadata is refused for. */
  readonly refusals = new Map<string, WireError>();
  /** Names that are listed without partitions. */
  readonly listed: string[] = [];
  readonly fetches: PendingFetch[] = [];
  readonly commits: { identity: MemberIdentity; offsets: readonly OffsetCommit[] }[] = [];
  readonly asked: { committed: (readonly TopicPartition[])[]; offsets: (readonly OffsetQuery[])[]; metadata: number; topics: number } = { committed: [], offsets: [], metadata: 0, topics: 0 };
  /** Taken from the front; null: this one is answered. */
  readonly failures: Record<'committed' | 'offsets' | 'metadata', (WireError | null)[]> = { committed: [], offsets: [], metadata: [] };
  /** Each answers one commit. */
  readonly commitScripts: CommitScript[] = [];
  limits = { metadataChars: 4096, requestBytes: 1024 * 1024 };
  /** While set, commits wait for `releaseCommits`. */
  holdsCommits = false;
  private heldCommits: (() => void)[] = [];
  commitsUnderWay = 0;
  mostCommitsUnderWay = 0;

  topic(topic: string, count: number, leader: number | null = 1): this {
    const partitions = new Map<number, FakePartition>();
    for (let partition = 0; partition < count; partition++) partitions.set(partition, this.partitions.get(topic)?.get(partition) ?? { leader, start: 0, end: 0 });
    this.partitions.set(topic, partitions);
    return this;
  }
  set(topic: string, partition: number, more: Partial<FakePartition>): this {
    Object.assign(this.at(topic, partition), more);
    return this;
  }
  get open(): PendingFetch[] {
    return this.fetches.filter(({ isAnswered }) => !isAnswered);
  }
  /** The one fetch that waits. */
  get only(): PendingFetch {
    const { open } = this;
    if (open.length !== 1) throw new Error(`${open.length} fetches wait: ${open.map(({ offsets }) => offsets.join(' ')).join(' | ')}`);
    return open[0];
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  topics(): Promise<readonly string[]> {
    this.asked.topics++;
    return Promise.resolve([...this.partitions.keys(), ...this.listed]);
  }
  metadata(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>> {
    this.asked.metadata++;
    const failure = this.failures.metadata.shift();
    if (failure) return Promise.reject(failure);
    const found = topics.flatMap((topic): [string, TopicMetadata][] => {
      const refusal = this.refusals.get(topic);
      if (refusal !== undefined) return [[topic, { topic, partitions: [], refusal }]];
      const partitions = this.partitions.get(topic);
      return partitions === undefined ? [] : [[topic, { topic, partitions: Array.from(partitions, ([partition, { leader }]) => ({ partition, leader })) }]];
    });
    return Promise.resolve(new Map(found));
  }
  fetch(request: FetchRequest): Promise<readonly FetchedPartition[]> {
    return new Promise((resolve, reject) => this.fetches.push(new PendingFetch(request, resolve, reject)));
  }
  offsets(queries: readonly OffsetQuery[]): Promise<readonly PartitionOffset[]> {
    this.asked.offsets.push(queries);
    const failure = this.failures.offsets.shift();
    if (failure) return Promise.reject(failure);
    return Promise.resolve(queries.map(({ topic, partition, at }) => ({ topic, partition, offset: at === 'earliest' ? this.at(topic, partition).start : this.at(topic, partition).end })));
  }
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    this.asked.committed.push(partitions);
    const failure = this.failures.committed.shift();
    if (failure) return Promise.reject(failure);
    return Promise.resolve(partitions.map(({ topic, partition }) => ({ topic, partition, ...(this.stored.get(`${topic}/${partition}`) ?? { offset: -1, metadata: '' }) })));
  }
  async commit(identity: MemberIdentity, offsets: readonly OffsetCommit[]): Promise<readonly CommitOutcome[]> {
    this.commits.push({ identity, offsets });
    this.mostCommitsUnderWay = Math.max(this.mostCommitsUnderWay, ++this.commitsUnderWay);
    if (this.holdsCommits) await new Promise<void>((resolve) => this.heldCommits.push(resolve));
    this.commitsUnderWay--;
    const script = this.commitScripts.shift();
    const answer = script === undefined ? this.store(offsets) : script(identity, offsets);
    if (answer instanceof WireError) throw answer;
    return answer;
  }
  /** What a broker does with a commit: limits are checked, the rest is stored. */
  store(offsets: readonly OffsetCommit[]): readonly CommitOutcome[] {
    const bytes = offsets.reduce((sum, { metadata }) => sum + Buffer.byteLength(metadata), 0);
    return offsets.map(({ topic, partition, offset, metadata }): CommitOutcome => {
      if (metadata.length > this.limits.metadataChars) return { topic, partition, error: wireError('metadata-too-large') };
      if (bytes > this.limits.requestBytes) return { topic, partition, error: wireError('too-large') };
      this.stored.set(`${topic}/${partition}`, { offset, metadata });
      return { topic, partition, error: null };
    });
  }
  async releaseCommits(): Promise<void> {
    this.holdsCommits = false;
    for (const release of this.heldCommits.splice(0)) release();
    await settle();
  }

  join(_request: JoinRequest): Promise<JoinReply> {
    throw new Error('not a fetch');
  }
  sync(_request: SyncRequest): Promise<SyncReply> {
    throw new Error('not a fetch');
  }
  heartbeat(_identity: MemberIdentity): Promise<'ok' | 'rebalancing'> {
    throw new Error('not a fetch');
  }
  leave(_identity: MemberIdentity): Promise<void> {
    throw new Error('not a fetch');
  }

  private at(topic: string, partition: number): FakePartition {
    const found = this.partitions.get(topic)?.get(partition);
    if (found === undefined) throw new Error(`the test has no ${topic}/${partition}`);
    return found;
  }
}
