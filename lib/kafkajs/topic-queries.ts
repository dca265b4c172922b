import { type OffsetQuery, type PartitionOffset, type TopicMetadata, type TopicPartition, WireError } from '../consumer/wire.js';
import type { Brokers } from './brokers.js';
import { ErrorCode, protocolError, toWireError } from './errors.js';
import { byTopic, index } from './group-requests.js';

const PAUSE_MS = 200;
const EARLIEST = -2;
const LATEST = -1;
/** For who reads what is committed, the end of the log is that of its stable part: what an open transaction has written is still to come. */
const ISOLATION_LEVELS = { read_uncommitted: 0, read_committed: 1 } as const;

type Point = TopicPartition & { readonly timestamp: number };

/** What is asked about topics: who leads their partitions, and where their logs begin and end. */
export class TopicQueries {
  /** By topic and partition, from the last metadata; null where a partition has no leader. */
  private readonly leaders = new Map<string, ReadonlyMap<number, number | null>>();

  constructor(
    private readonly brokers: Brokers,
    private readonly requestMs: number,
    private readonly isolation: keyof typeof ISOLATION_LEVELS,
    /** Monotonic milliseconds. */
    private readonly now: () => number,
  ) {}

  /** Those that the client may describe. */
  async names(): Promise<readonly string[]> {
    // To kafkajs, no topics are all topics.
    const reply = await this.brokers.ask('Metadata of all topics', this.requestMs, broker => broker.metadata([]));
    this.brokers.learn(reply.brokers);
    return reply.topicMetadata.map(({ topic }) => topic);
  }

  /** Never creates a topic, whatever the broker allows. A topic that does not exist is absent. */
  async metadata(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>> {
    if (topics.length === 0) return new Map();
    const reply = await this.brokers.ask('Metadata', this.requestMs, broker => broker.metadata(topics));
    this.brokers.learn(reply.brokers);
    const found = new Map<string, TopicMetadata>();
    for (const topic of topics) this.leaders.delete(topic);
    for (const { topic, topicErrorCode, partitionMetadata } of reply.topicMetadata) {
      if (topicErrorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || topicErrorCode === ErrorCode.LEADER_NOT_AVAILABLE) continue;
      if (topicErrorCode !== ErrorCode.NONE) {
        const refusal = protocolError(topicErrorCode, `Metadata of the topic "${topic}"`);
        if (refusal.kind !== 'fatal') throw refusal;
        found.set(topic, { topic, partitions: [], refusal });
        continue;
      }
      const partitions = partitionMetadata
        .map(({ partitionId, leader }) => ({ partition: partitionId, leader: this.brokers.address(leader) === null ? null : leader }))
        .sort((a, b) => a.partition - b.partition);
      this.leaders.set(topic, new Map(partitions.map(({ partition, leader }) => [partition, leader])));
      found.set(topic, { topic, partitions });
    }
    return found;
  }

  /** A time after the last record is the end of the log. Partitions whose leader has moved are asked for again, within the request timeout. */
  async offsets(queries: readonly OffsetQuery[]): Promise<readonly PartitionOffset[]> {
    const until = this.now() + this.requestMs;
    const points = queries.map(({ topic, partition, at }) => ({ topic, partition, timestamp: at === 'earliest' ? EARLIEST : at === 'latest' ? LATEST : at.timestampMs }));
    const found = await this.find(points, until);
    const beyond = points.filter((_, at) => found[at]?.offset === -1);
    if (beyond.length === 0) return found;
    const ends = index(byTopic(await this.find(beyond.map(point => ({ ...point, timestamp: LATEST })), until), end => end));
    return found.map(result => (result.offset === -1 ? (ends.get(result.topic)?.get(result.partition) ?? result) : result));
  }

  private async find(points: readonly Point[], until: number): Promise<readonly PartitionOffset[]> {
    const topics = [...new Set(points.map(point => point.topic))];
    if (!this.hasAll(points)) await this.metadata(topics);
    for (;;) {
      try {
        return await this.askLeaders(points);
      } catch (error) {
        const failure = toWireError(error, 'ListOffsets');
        const canRepeat = failure.kind === 'moved' || failure.kind === 'unavailable';
        if (!canRepeat || !this.hasAll(points) || this.now() + PAUSE_MS >= until) throw failure;
      }
      await this.brokers.pause(PAUSE_MS);
      await this.metadata(topics);
    }
  }

  private hasAll(points: readonly TopicPartition[]): boolean {
    return points.every(({ topic, partition }) => this.leaders.get(topic)?.has(partition) === true);
  }

  private async askLeaders(points: readonly Point[]): Promise<readonly PartitionOffset[]> {
    // Kafka refuses a request that names a partition twice, so that the start and the end of one are two requests.
    const requests = new Map<string, { leader: number; points: Point[] }>();
    for (const point of points) {
      const leader = this.leaderOf(point);
      const key = `${leader} ${point.timestamp}`;
      const request = requests.get(key);
      if (request === undefined) requests.set(key, { leader, points: [point] });
      else request.points.push(point);
    }
    const answers = new Map((await Promise.all([...requests.values()].map(request => this.askLeader(request.leader, request.points)))).flat());
    return points.map(point => {
      const offset = answers.get(point);
      if (offset === undefined) throw new WireError('unavailable', 'INVALID_RESPONSE', `ListOffsets: the broker has not answered for ${point.topic}/${point.partition}.`);
      return { topic: point.topic, partition: point.partition, offset };
    });
  }

  private async askLeader(leader: number, points: readonly Point[]): Promise<readonly [Point, number][]> {
    const address = this.brokers.address(leader);
    if (address === null) throw new WireError('moved', 'BROKER_UNKNOWN', `ListOffsets: the last metadata has no broker ${leader}.`);
    const link = await this.brokers.link('query', address);
    const topics = byTopic(points, ({ partition, timestamp }) => ({ partition, timestamp }));
    const reply = await link.request('ListOffsets', this.requestMs, broker => broker.listOffsets({ isolationLevel: ISOLATION_LEVELS[this.isolation], topics }));
    const answers = index(reply.responses);
    return points.flatMap((point): [Point, number][] => {
      const answer = answers.get(point.topic)?.get(point.partition);
      if (answer === undefined) return [];
      if (answer.errorCode !== ErrorCode.NONE) throw protocolError(answer.errorCode, `ListOffsets for ${point.topic}/${point.partition}`);
      return [[point, Number(answer.offset)]];
    });
  }

  private leaderOf({ topic, partition }: TopicPartition): number {
    const leader = this.leaders.get(topic)?.get(partition);
    if (typeof leader === 'number') return leader;
    const why = leader === null ? ['LEADER_NOT_AVAILABLE', 'has no leader'] : ['UNKNOWN_TOPIC_OR_PARTITION', 'is not in the metadata'];
    throw new WireError('moved', why[0] ?? '', `ListOffsets: ${topic}/${partition} ${why[1]}.`);
  }
}
