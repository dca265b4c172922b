import { CompletedRanges } from '../engine/completed-ranges.js';
import { decodeOffsetMap } from '../engine/offset-map.js';
import { messageOf } from './error-text.js';
import { backOffMs } from './back-off.js';
import type { Clock } from './clock.js';
import { byTopic, nameOf } from './decisions.js';
import type { GroupLog } from './group-consumer.js';
import { zlibCompression } from './offset-map-compression.js';
import type { GroupOptions } from './options.js';
import { LogThrottle } from './log-throttle.js';
import { explained } from './remedies.js';
import { type CommittedOffset, type OffsetQuery, type TopicMetadata, type TopicPartition, type Wire, WireError } from './wire.js';
import { within } from './within.js';

/** With full maps, an answer of 6 MiB. */
const PARTITIONS_PER_REQUEST = 500;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;
/** Looking at the logs of partitions that have a commit holds an assignment up no longer than this. */
const LOOK_MS = 1000;

export interface StartPositionsDependencies {
  readonly wire: Pick<Wire, 'committed' | 'offsets'>;
  readonly options: Pick<GroupOptions, 'groupId' | 'fromBeginning'>;
  readonly clock: Clock;
  readonly log: GroupLog;
}

/** Where a partition begins in a new assignment. */
export interface ResolvedStart extends TopicPartition {
  /** The first offset that is not complete, as far as commits tell. */
  readonly offset: number;
  /** What is complete above it. */
  readonly completed: CompletedRanges;
  /** What Kafka has; −1 where it has nothing. */
  readonly committedOffset: number;
  readonly committedMetadata: string;
  /** The start is not what Kafka has: it must be committed before the first record, or a crash would forget it. */
  readonly mustCommit: boolean;
}

/** What was known of a topic before this member joined. */
interface TopicBefore {
  readonly partitions: number;
  readonly hadCommits: boolean;
}

/**
 * Decides where newly assigned partitions begin.
 *
 * ```
 *   commit?   yes -> there, or at the log's start where that is higher
 *             no  -> fromBeginning, or added later than the group's start -> earliest
 *                    else                                                 -> latest
 * ```
 *
 * A topic that this member has not seen when it looked back came later, with all its partitions.
 *
 * A member commits the start of every partition before its first record. So where the group has commits for a topic and not for
 * one of its partitions, that partition came later, and was written to since: it is read from its start. Members that start
 * together could take each other's first commits for old ones; therefore `lookBack` asks before the member joins.
 */
export class StartPositions {
  private readonly before = new Map<string, TopicBefore>();
  private hasLookedBack = false;
  private readonly throttle: LogThrottle;
  private isStopped = false;

  constructor(private readonly deps: StartPositionsDependencies) {
    this.throttle = new LogThrottle(deps.clock);
  }

  /** Ends every repetition; what is under way resolves to nothing. */
  stop(): void {
    this.isStopped = true;
  }

  /**
   * To be awaited before the member joins its group for the first time. Without it the question is asked at the assignment,
   * where a group that starts with several members may read some partitions from their start although `fromBeginning` is off.
   * Waits until the coordinator answers; rejects with a `WireError` that repetition does not cure.
   */
  async lookBack(topics: ReadonlyMap<string, TopicMetadata>): Promise<void> {
    if (this.deps.options.fromBeginning) return;
    const counts = new Map(Array.from(topics.values(), ({ topic, partitions }) => [topic, partitions.length]));
    const committed = await this.topicsWithCommits(counts, () => true);
    if (committed === null) return;
    for (const [topic, partitions] of counts) this.before.set(topic, { partitions, hadCommits: committed.has(topic) });
    this.hasLookedBack = true;
  }

  /** The next topic of such a name is a new one. */
  forgetTopics(isGone: (topic: string) => boolean): void {
    for (const topic of this.before.keys()) if (isGone(topic)) this.before.delete(topic);
  }

  /**
   * One start for each partition, in their order. Waits until Kafka answers; resolves to none when `isWanted` becomes false
   * meanwhile. Rejects with a `WireError` that repetition does not cure.
   */
  async resolve(partitions: readonly TopicPartition[], isWanted: () => boolean): Promise<readonly ResolvedStart[]> {
    const committed = await this.committed(partitions, isWanted);
    if (committed === null) return [];
    const known = committed.filter(({ offset }) => offset >= 0);
    const queries = await this.queriesFor(committed.filter(({ offset }) => offset < 0), isWanted);
    if (queries === null) return [];
    const [begins, starts] = await Promise.all([this.logStarts(known), this.offsets(queries, isWanted)]);
    if (starts === null) return [];
    const problems: string[] = [];
    const resolved = committed.map((commit): ResolvedStart => {
      if (commit.offset >= 0) return this.fromCommit(commit, begins.get(nameOf(commit)) ?? 0, problems);
      const { topic, partition } = commit;
      return { topic, partition, offset: startOf(starts, commit), completed: CompletedRanges.NONE, committedOffset: -1, committedMetadata: '', mustCommit: true };
    });
    this.reportMetadata(problems);
    return resolved;
  }

  private fromCommit({ topic, partition, offset, metadata }: CommittedOffset, logStart: number, problems: string[]): ResolvedStart {
    const { completed, problem } = decodeOffsetMap(offset, metadata, zlibCompression);
    if (problem !== null) problems.push(`${topic}/${partition}@${offset}: ${problem}`);
    if (offset >= logStart) return { topic, partition, offset, completed, committedOffset: offset, committedMetadata: metadata, mustCommit: false };
    this.deps.log.warn(
      `${topic}/${partition} begins at offset ${logStart}: what group ${this.deps.options.groupId} had not read from ${offset} on was deleted. It goes on at ${logStart}`,
    );
    // Where the map says that the log's first records are complete, the partition begins above them.
    return { topic, partition, offset: completed.nextIncomplete(logStart), completed, committedOffset: offset, committedMetadata: metadata, mustCommit: true };
  }

  private reportMetadata(problems: readonly string[]): void {
    if (problems.length === 0 || !this.throttle.allows('metadata')) return;
    const others = problems.length > 1 ? ` (and ${problems.length - 1} more partitions)` : '';
    this.deps.log.warn(`${problems[0]}${others}`);
  }

  /** In the order of the partitions; null when the answer is not wanted any more. */
  async committed(partitions: readonly TopicPartition[], isWanted: () => boolean): Promise<CommittedOffset[] | null> {
    const found = new Map<string, CommittedOffset>();
    for (let from = 0; from < partitions.length; from += PARTITIONS_PER_REQUEST) {
      const asked = partitions.slice(from, from + PARTITIONS_PER_REQUEST);
      const answer = await this.untilAnswered('committed offsets', isWanted, async () => complete(asked, await this.deps.wire.committed(asked)));
      if (answer === null) return null;
      for (const commit of answer) found.set(nameOf(commit), commit);
    }
    return partitions.flatMap((partition) => found.get(nameOf(partition)) ?? []);
  }

  /** Where partitions without a commit are to begin. */
  private async queriesFor(without: readonly TopicPartition[], isWanted: () => boolean): Promise<OffsetQuery[] | null> {
    const queries: OffsetQuery[] = [];
    for (const [topic, partitions] of byTopic(without)) {
      const first = this.deps.options.fromBeginning ? 0 : await this.firstAddedLater(topic, partitions, isWanted);
      if (first === null) return null;
      for (const partition of partitions) {
        const isAddedLater = partition >= first;
        if (isAddedLater && !this.deps.options.fromBeginning) {
          this.deps.log.info(`${topic}/${partition} was added after group ${this.deps.options.groupId} had begun: it is read from its start`);
        }
        queries.push({ topic, partition, at: isAddedLater ? 'earliest' : 'latest' });
      }
    }
    return queries;
  }

  /** From this partition on, those without a commit came after the group had begun. */
  private async firstAddedLater(topic: string, without: readonly number[], isWanted: () => boolean): Promise<number | null> {
    const before = this.before.get(topic);
    if (before !== undefined) return before.hadCommits ? 0 : before.partitions;
    if (this.hasLookedBack) return 0;
    // Partitions are added above those that are there: what an older group has committed lies below.
    const highest = Math.max(...without);
    const committed = await this.topicsWithCommits(new Map([[topic, highest]]), isWanted);
    return committed === null ? null : committed.has(topic) ? 0 : Infinity;
  }

  /** Topics for which the group has a commit of any of the first so many partitions. */
  private async topicsWithCommits(counts: ReadonlyMap<string, number>, isWanted: () => boolean): Promise<ReadonlySet<string> | null> {
    const topics = new Set<string>();
    // As a rule the first partition tells, and maps are long: the others are asked for where it does not.
    for (const isFirst of [true, false]) {
      const asked = Array.from(counts).flatMap(([topic, count]) =>
        topics.has(topic) ? [] : Array.from({ length: count }, (_, partition) => ({ topic, partition })).filter(({ partition }) => (partition === 0) === isFirst),
      );
      const found = await this.committed(asked, isWanted);
      if (found === null) return null;
      for (const { topic, offset } of found) if (offset >= 0) topics.add(topic);
    }
    return topics;
  }

  private async offsets(queries: readonly OffsetQuery[], isWanted: () => boolean): Promise<ReadonlyMap<string, number> | null> {
    if (queries.length === 0) return new Map();
    const found = await this.untilAnswered('log offsets', isWanted, async () => complete(queries, await this.deps.wire.offsets(queries)));
    return found === null ? null : new Map(found.map((answer) => [nameOf(answer), answer.offset]));
  }

  /**
   * Where the logs of partitions with a commit begin, as far as that can be told soon: a leader that is away must not hold up
   * the others, and the fetcher finds out by itself. It also finds commits above a log's end, which only a fetch proves: what
   * a new leader gives as its end may be below what is in its log.
   */
  private async logStarts(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    const { wire, clock, log } = this.deps;
    if (partitions.length === 0) return new Map();
    const answer = wire.offsets(partitions.map(({ topic, partition }) => ({ topic, partition, at: 'earliest' }))).catch((error: unknown) => {
      log.debug?.(`Log starts are not known: ${messageOf(error)}`);
      return [];
    });
    const inTime = await within(clock, LOOK_MS, answer, []);
    return new Map(inTime.map((found) => [nameOf(found), found.offset]));
  }

  /** Null when the answer is not wanted any more. */
  private async untilAnswered<T>(what: string, isWanted: () => boolean, ask: () => Promise<T>): Promise<T | null> {
    const { clock, log } = this.deps;
    for (let failures = 0; isWanted() && !this.isStopped; failures++) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof WireError) || error.kind === 'fatal' || error.kind === 'too-large') throw error;
        const delayMs = backOffMs(failures, FIRST_RETRY_MS, LONGEST_RETRY_MS);
        const message = `No ${what} for group ${this.deps.options.groupId} (${explained(error)}); asking again in ${delayMs} ms. Its new partitions wait`;
        if (failures >= 3 && this.throttle.allows(what)) log.warn(message);
        else log.debug?.(message);
        await new Promise<void>((resolve) => void clock.later(delayMs, resolve));
      }
    }
    return null;
  }
}

/** An answer that leaves partitions out is none: they would begin wherever the default says. */
function complete<T extends TopicPartition>(asked: readonly TopicPartition[], answer: readonly T[]): readonly T[] {
  const named = new Set(answer.map(nameOf));
  const missing = asked.find((partition) => !named.has(nameOf(partition)));
  if (missing !== undefined) throw new WireError('unavailable', 'NO_ANSWER', `the broker did not answer for ${nameOf(missing)}`);
  return answer;
}

function startOf(starts: ReadonlyMap<string, number>, partition: TopicPartition): number {
  const offset = starts.get(nameOf(partition));
  if (offset === undefined) throw new Error(`No start was asked for ${nameOf(partition)}`);
  return offset;
}
