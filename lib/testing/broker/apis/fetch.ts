import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, between, defaulted, int16, int32, int64, int8, NO_UUID, nullableArray, type Read, records, since, string, struct, throttleTime, until, uuid, type Written } from '../protocol/types.js';
import type { Partition } from '../topics/partition.js';
import { defineApi, type RequestContext } from './api.js';
import { currentLeader, endpointsOf, findTopic, leaderHint, leadershipError, nodeEndpoints, unknownTopic } from './leadership.js';

const READ_COMMITTED = 1;
/** Kafka's `fetch.max.bytes` of the broker. */
const MOST_BYTES = 57_671_680;

const request = struct({
  replicaId: until(14, int32, -1),
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: int32,
  isolationLevel: int8,
  sessionId: since(7, int32, 0),
  sessionEpoch: since(7, int32, -1),
  topics: array({
    name: until(12, string, ''),
    topicId: since(13, uuid, NO_UUID),
    partitions: array({
      index: int32,
      currentLeaderEpoch: since(9, int32, -1),
      fetchOffset: int64,
      lastFetchedEpoch: since(12, int32, -1),
      logStartOffset: since(5, int64, -1),
      maxBytes: int32,
    }),
  }),
  forgottenTopics: since(7, array({ name: between(7, 12, string, ''), topicId: since(13, uuid, NO_UUID), partitions: arrayOf(int32) }), []),
  rackId: since(11, string, ''),
});
const partitionResponse = struct({
  index: int32,
  errorCode: int16,
  highWatermark: int64,
  lastStableOffset: int64,
  logStartOffset: since(5, int64, -1),
  currentLeader: currentLeader(1),
  abortedTransactions: nullableArray({ producerId: int64, firstOffset: int64 }),
  preferredReadReplica: defaulted(since(11, int32, -1), -1),
  records,
});
const response = struct({
  throttleTimeMs: throttleTime(1),
  errorCode: since(7, int16, 0),
  sessionId: since(7, int32, 0),
  topics: array({ name: until(12, string, ''), topicId: since(13, uuid, NO_UUID), partitions: arrayOf(partitionResponse) }),
  nodeEndpoints,
});
type Request = Read<typeof request>;
type Response = Written<typeof response>;
type PartitionAnswer = Written<typeof partitionResponse>;
type AskedPartition = Request['topics'][number]['partitions'][number];

/**
 * Fetch, 4 to 18. Waits for `minBytes` up to `maxWaitMs`, and answers earlier when a partition cannot be read any more. Answers
 * whole batches only, at least one, whatever the limits.
 * Left out: fetch sessions (each request says all that it wants; the session id is 0), followers and racks, diverging epochs
 * (a log is never cut back).
 */
export const fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexibleFrom: 12,
  request,
  response,
  handle(asked, context) {
    if (asked.sessionId !== 0 && asked.sessionEpoch > 0) return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, topics: [] };
    const read = new FetchRead(asked, context);
    return asked.maxWaitMs <= 0 || read.isReady() ? read.answer() : waitUntilReady(read, asked.maxWaitMs, context);
  },
  refuse: (asked, error) => ({
    errorCode: ErrorCode.NONE,
    sessionId: 0,
    topics: asked.topics.map(({ name, topicId, partitions }) => ({ name, topicId, partitions: partitions.map(({ index }) => unreadable(index, error)) })),
  }),
});

/** One fetch, looked at as often as something changes. */
class FetchRead {
  readonly watched: readonly Partition[];
  private readonly partitions: readonly { readonly asked: AskedPartition; readonly partition: Partition | undefined }[];

  constructor(
    readonly asked: Request,
    readonly context: RequestContext,
  ) {
    this.partitions = asked.topics.flatMap(topic => {
      const found = findTopic(context.cluster.topics, topic);
      return topic.partitions.map(each => ({ asked: each, partition: found?.partitions[each.index] }));
    });
    this.watched = this.partitions.map(({ partition }) => partition).filter(partition => partition !== undefined);
  }

  /** Enough bytes, nothing to wait for, or an error. */
  isReady(): boolean {
    let bytes = 0;
    for (const { asked, partition } of this.partitions) {
      if (partition === undefined || this.error(asked, partition) !== ErrorCode.NONE) return true;
      bytes += Math.min(partition.log.batches.bytesBetween(asked.fetchOffset, this.end(partition)), asked.maxBytes);
      if (bytes >= this.asked.minBytes) return true;
    }
    return this.partitions.length === 0;
  }

  answer(): Response {
    let room = Math.min(this.asked.maxBytes, MOST_BYTES);
    let empty = true;
    const topics = this.asked.topics.map(topic => {
      const found = findTopic(this.context.cluster.topics, topic);
      const partitions = topic.partitions.map(asked => {
        const partition = found?.partitions[asked.index];
        if (partition === undefined) return { ...unreadable(asked.index, unknownTopic(topic)), abortedTransactions: [] };
        const answer = this.read(asked, partition, room, empty);
        for (const { length } of answer.records ?? []) {
          room -= length;
          empty = false;
        }
        return answer;
      });
      return { name: topic.name, topicId: topic.topicId, partitions };
    });
    const hints = topics.flatMap(({ partitions }) => partitions.map(each => each.currentLeader));
    return { errorCode: ErrorCode.NONE, sessionId: 0, topics, nodeEndpoints: endpointsOf(this.context.cluster.nodes, hints) };
  }

  private read(asked: AskedPartition, partition: Partition, room: number, atLeastOne: boolean): PartitionAnswer {
    const error = this.error(asked, partition);
    if (error !== ErrorCode.NONE) return { ...unreadable(asked.index, error), currentLeader: leaderHint(partition, error) };
    const { log } = partition;
    const batches = log.batches.read(asked.fetchOffset, this.end(partition), Math.min(asked.maxBytes, room), atLeastOne);
    const committed = this.asked.isolationLevel === READ_COMMITTED;
    const last = batches.at(-1)?.lastOffset ?? -1;
    return {
      index: asked.index,
      errorCode: ErrorCode.NONE,
      highWatermark: log.endOffset,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.startOffset,
      abortedTransactions: committed ? log.transactions.abortedBetween(asked.fetchOffset, last) : null,
      records: batches.map(({ bytes }) => bytes),
    };
  }

  private error(asked: AskedPartition, partition: Partition): number {
    if (!partition.topic.exists) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const leadership = leadershipError(this.context.node, partition, asked.currentLeaderEpoch);
    if (leadership !== ErrorCode.NONE) return leadership;
    const { startOffset, endOffset } = partition.log;
    return asked.fetchOffset < startOffset || asked.fetchOffset > endOffset ? ErrorCode.OFFSET_OUT_OF_RANGE : ErrorCode.NONE;
  }

  private end({ log }: Partition): number {
    return this.asked.isolationLevel === READ_COMMITTED ? log.lastStableOffset : log.endOffset;
  }
}

function waitUntilReady(read: FetchRead, maxWaitMs: number, { cluster, onClose }: RequestContext): Promise<Response | null> {
  return new Promise(resolve => {
    const undos: (() => void)[] = [];
    const settle = (answer: Response | null) => {
      for (const undo of undos) undo();
      resolve(answer);
    };
    const look = () => {
      if (read.isReady()) settle(read.answer());
    };
    for (const partition of read.watched) undos.push(partition.watch(look));
    undos.push(cluster.clock.later(maxWaitMs, () => settle(read.answer())));
    undos.push(onClose(() => settle(null)));
  });
}

function unreadable(index: number, errorCode: number): PartitionAnswer {
  return { index, errorCode, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, abortedTransactions: null, records: [] };
}
