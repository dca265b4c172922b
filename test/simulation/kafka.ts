import type { CommitOutcome, CommittedOffset, FetchedPartition, FetchRequest, MemberIdentity, OffsetCommit, OffsetQuery, PartitionOffset, TopicMetadata, TopicPartition } from '../../lib/consumer/wire.js';
import { Coordinator } from './coordinator.js';
import type { Judge } from './judge.js';
import { type Answer, Refusal, wireError } from './network.js';
import { BYTES_PER_RECORD, PartitionLog } from './partition-log.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

const NO_COMMIT = { offset: -1, metadata: '' };

export interface KafkaSettings {
  readonly initialRebalanceDelayMs: number;
  /** Of a commit's metadata, in UTF-16 units. */
  readonly metadataChars: number;
}

/** Brokers as a consumer sees them: logs, committed offsets, one group. Everything here happens at the broker, between two messages. */
export class SimulatedKafka {
  readonly logs = new Map<string, PartitionLog>();
  readonly offsets = new Map<string, { offset: number; metadata: string }>();
  readonly coordinator: Coordinator;
  /** Share of requests that the broker refuses for now. */
  refusalShare = 0;
  private waiting: { readonly request: FetchRequest; readonly answer: Answer<readonly FetchedPartition[]> }[] = [];

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly judge: Judge,
    private readonly settings: KafkaSettings,
  ) {
    this.coordinator = new Coordinator(scheduler, judge, settings.initialRebalanceDelayMs);
  }

  addPartition(topic: string, partition: number, isAddedLater: boolean): PartitionLog {
    const log = new PartitionLog(topic, partition, 1);
    log.isAddedLater = isAddedLater;
    this.logs.set(log.name, log);
    this.judge.ledger.add(log);
    return log;
  }
  log({ topic, partition }: TopicPartition): PartitionLog | undefined {
    return this.logs.get(`${topic}/${partition}`);
  }
  append(log: PartitionLog, keys: readonly number[]): void {
    for (const key of keys) this.judge.ledger.appended(log, log.append(key));
    const { waiting } = this;
    this.waiting = [];
    for (const { request, answer } of waiting) this.fetchNow(request, answer);
  }

  get topics(): readonly string[] {
    return [...new Set(Array.from(this.logs.values(), ({ topic }) => topic))];
  }
  metadata(topics: readonly string[]): ReadonlyMap<string, TopicMetadata> {
    const found = new Map<string, { topic: string; partitions: { partition: number; leader: number | null }[] }>();
    for (const { topic, partition, leader } of this.logs.values()) {
      if (!topics.includes(topic)) continue;
      const layout = found.get(topic) ?? { topic, partitions: [] };
      layout.partitions.push({ partition, leader });
      found.set(topic, layout);
    }
    return found;
  }

  lookUp(queries: readonly OffsetQuery[], answer: Answer<readonly PartitionOffset[]>): void {
    if (this.random.chance(this.refusalShare)) return answer(new Refusal('NOT_ENOUGH_REPLICAS'));
    answer(queries.map(({ topic, partition, at }) => ({ topic, partition, offset: (at === 'earliest' ? this.log({ topic, partition })?.start : this.log({ topic, partition })?.end) ?? 0 })));
  }

  fetch(request: FetchRequest, answer: Answer<readonly FetchedPartition[]>): void {
    if (this.fetchNow(request, answer)) return;
    this.scheduler.after(request.maxWaitMs, () => {
      this.waiting = this.waiting.filter((waiter) => waiter.answer !== answer);
      answer(request.positions.map((position) => this.read(request, position)));
    });
  }

  commit(identity: MemberIdentity, commits: readonly OffsetCommit[], number: number, answer: Answer<readonly CommitOutcome[]>): void {
    const refusal = this.coordinator.refusesCommit(identity);
    if (refusal !== null) return answer(refusal);
    const fault = this.random.chance(this.refusalShare) ? this.random.pick(['all', 'too large', 'one'] as const) : null;
    if (fault === 'all') return answer(new Refusal('NOT_ENOUGH_REPLICAS'));
    if (fault === 'too large') return answer(new Refusal('UNKNOWN_SERVER_ERROR'));
    const refused = fault === 'one' ? this.random.int(0, commits.length - 1) : -1;
    answer(
      commits.map((commit, index) => {
        const code = index === refused ? 'NOT_ENOUGH_REPLICAS' : commit.metadata.length > this.settings.metadataChars ? 'OFFSET_METADATA_TOO_LARGE' : null;
        if (code === null) this.store(identity.memberId, commit, number);
        return { topic: commit.topic, partition: commit.partition, error: code === null ? null : wireError(code) };
      }),
    );
  }

  committed(partitions: readonly TopicPartition[], answer: Answer<readonly CommittedOffset[]>): void {
    if (this.coordinator.isDown) return answer(this.coordinator.down);
    if (this.random.chance(this.refusalShare)) return answer(new Refusal('COORDINATOR_LOAD_IN_PROGRESS'));
    answer(partitions.map(({ topic, partition }) => ({ topic, partition, ...(this.offsets.get(`${topic}/${partition}`) ?? NO_COMMIT) })));
  }

  private store(memberId: string, { topic, partition, offset, metadata }: OffsetCommit, number: number): void {
    const log = this.log({ topic, partition });
    if (log === undefined) return this.judge.broken('commits', `${memberId} commits ${topic}/${partition}, which does not exist`);
    this.judge.commitStored({ memberId, number, log, offset, metadata, holder: this.coordinator.holderOf(topic, partition) });
    this.offsets.set(log.name, { offset, metadata });
  }

  /** True when there was something to answer with, else it waits for the next append. */
  private fetchNow(request: FetchRequest, answer: Answer<readonly FetchedPartition[]>): boolean {
    const found = request.positions.map((position) => this.read(request, position));
    const isReady = found.some(({ chunk, fault }) => chunk !== null || fault !== null);
    if (isReady) answer(found.filter(({ chunk, fault }) => chunk !== null || fault !== null));
    else this.waiting.push({ request, answer });
    return isReady;
  }

  private read({ leader, maxBytesPerPartition }: FetchRequest, { topic, partition, offset }: TopicPartition & { offset: number }): FetchedPartition {
    const log = this.log({ topic, partition });
    const answer = { topic, partition, fault: null, chunk: null, highWatermark: log?.end ?? 0, lastStableOffset: log?.end ?? 0, logStartOffset: log?.start ?? 0, preferredReplica: -1 };
    if (log === undefined || log.leader !== leader) return { ...answer, fault: 'moved' };
    if (this.random.chance(this.refusalShare)) return { ...answer, fault: 'unavailable' };
    if (offset < log.start || offset > log.end) return { ...answer, fault: 'out-of-range' };
    return { ...answer, chunk: log.read(offset, Math.max(1, Math.floor(maxBytesPerPartition / BYTES_PER_RECORD))) };
  }
}
