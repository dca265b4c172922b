import { byTopic, nameOf } from './decisions.js';
import { type OffsetQuery, type TopicPartition, type Wire, WireError } from './wire.js';

/** With full maps, an answer of 6 MiB. */
const PARTITIONS_PER_REQUEST = 500;

export interface PartitionLag extends TopicPartition {
  /** As Kafka has it; −1 without a commit. */
  readonly committedOffset: number;
  /** The end as a reader of the group's isolation sees it. */
  readonly endOffset: number;
  readonly lag: number;
  /** Complete above what can be committed; null where another process, or nobody, has the partition. */
  readonly completedAhead: number | null;
}

/** What this process knows of a partition that it has. */
export interface OwnLag extends TopicPartition {
  readonly startOffset: number;
  readonly completedAhead: number;
}

export interface LagQuestion {
  readonly topics: readonly string[];
  readonly own: readonly OwnLag[];
  readonly all: boolean;
  readonly fromBeginning: boolean;
}

type LagWire = Pick<Wire, 'metadata' | 'committed' | 'offsets'>;

/**
 * Asks the brokers: one request for metadata, one for the commits (of 500 partitions), one for the ends to each leader, and one
 * more to those that lead a partition without a commit. Topics that do not exist have no rows.
 */
export async function askLag(wire: LagWire, question: LagQuestion): Promise<readonly PartitionLag[]> {
  try {
    return await ask(wire, question);
  } catch (error) {
    // A topic that was deleted after it was looked for is not there when it is looked for again.
    if (error instanceof WireError && error.code === 'UNKNOWN_TOPIC_OR_PARTITION') return ask(wire, question);
    throw error;
  }
}

async function ask(wire: LagWire, { topics, own, all, fromBeginning }: LagQuestion): Promise<readonly PartitionLag[]> {
  const owned = new Map(own.map((partition) => [nameOf(partition), partition]));
  const partitions = await existing(wire, topics, ({ topic, partition }) => all || owned.has(`${topic}/${partition}`));
  if (partitions.length === 0) return [];
  // Before the ends: a commit that is newer than the end would be above it.
  const commits = await committedOf(wire, partitions);
  const without = partitions.filter((partition) => !owned.has(nameOf(partition)) && commits.get(nameOf(partition)) === -1);
  const starts: readonly OffsetQuery[] = startsAtBeginning(without, commits, fromBeginning).map((partition) => ({ ...partition, at: 'earliest' }));
  const found = await wire.offsets([...partitions.map((partition): OffsetQuery => ({ ...partition, at: 'latest' })), ...starts]);
  const begins = new Map(found.slice(partitions.length).map((start) => [nameOf(start), start.offset]));
  return partitions.map((partition, index) => {
    const name = nameOf(partition);
    const committedOffset = commits.get(name) ?? -1;
    const { offset: endOffset } = found[index];
    const start = committedOffset >= 0 ? committedOffset : (owned.get(name)?.startOffset ?? begins.get(name) ?? endOffset);
    return { ...partition, committedOffset, endOffset, lag: Math.max(0, endOffset - start), completedAhead: owned.get(name)?.completedAhead ?? null };
  });
}

async function existing(wire: LagWire, topics: readonly string[], isAsked: (partition: TopicPartition) => boolean): Promise<readonly TopicPartition[]> {
  const layouts = await wire.metadata(topics);
  return [...layouts.values()]
    .flatMap(({ topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))
    .filter(isAsked)
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
}

async function committedOf(wire: LagWire, partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
  const commits = new Map<string, number>();
  for (let from = 0; from < partitions.length; from += PARTITIONS_PER_REQUEST) {
    for (const commit of await wire.committed(partitions.slice(from, from + PARTITIONS_PER_REQUEST))) commits.set(nameOf(commit), commit.offset);
  }
  return commits;
}

/** As `StartPositions` decides it for a group that starts now: where others of the topic have commits, one without came later. */
function startsAtBeginning(without: readonly TopicPartition[], commits: ReadonlyMap<string, number>, fromBeginning: boolean): readonly TopicPartition[] {
  if (fromBeginning) return without;
  const begun = new Set([...commits].flatMap(([name, offset]) => (offset >= 0 ? [name.slice(0, name.lastIndexOf('/'))] : [])));
  return [...byTopic(without)].flatMap(([topic, partitions]) => (begun.has(topic) ? partitions.map((partition) => ({ topic, partition })) : []));
}
