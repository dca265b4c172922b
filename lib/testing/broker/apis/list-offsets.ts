import type { PartitionLog } from '../log/partition-log.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, int16, int32, int64, int8, type Read, since, string, struct, throttleTime, type Written } from '../protocol/types.js';
import { findTime, latestTime } from '../log/time-search.js';
import { defineApi, type RequestContext } from './api.js';
import { leadershipError } from './leadership.js';

/** What stands for a position where a time is asked for, and the first version that knows it. */
const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const FIRST_VERSIONS: Readonly<Record<number, number>> = { [MAX_TIMESTAMP]: 7, [EARLIEST_LOCAL]: 8, [LATEST_TIERED]: 9 };

const READ_COMMITTED = 1;

const request = struct({
  replicaId: int32,
  isolationLevel: since(2, int8, 0),
  topics: array({
    name: string,
    partitions: array({ index: int32, currentLeaderEpoch: since(4, int32, -1), timestamp: int64 }),
  }),
  timeoutMs: since(10, int32, 0),
});
const partitionResponse = struct({
  index: int32,
  errorCode: int16,
  timestamp: int64,
  offset: int64,
  leaderEpoch: since(4, int32, -1),
});
type Request = Read<typeof request>;
type AskedPartition = Request['topics'][number]['partitions'][number];
type PartitionAnswer = Written<typeof partitionResponse>;

/**
 * ListOffsets, 1 to 10. A time that lies in a batch packed with something other than gzip gives the batch's first offset.
 * Left out: tiered storage (the earliest local offset is the earliest; nothing is tiered).
 */
export const listOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 10],
  flexibleFrom: 6,
  request,
  response: struct({
    throttleTimeMs: throttleTime(2),
    topics: array({ name: string, partitions: arrayOf(partitionResponse) }),
  }),
  handle: (asked, context) => ({
    topics: asked.topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(each => offsetOf(name, each, asked, context)) })),
  }),
  refuse: ({ topics }, error) => ({
    topics: topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(({ index }) => found(index, error, null)) })),
  }),
});

function offsetOf(topic: string, { index, currentLeaderEpoch, timestamp }: AskedPartition, { isolationLevel }: Request, { cluster, node, version }: RequestContext): PartitionAnswer {
  const partition = cluster.topics.partition(topic, index);
  if (partition === undefined) return found(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null);
  const leadership = leadershipError(node, partition, currentLeaderEpoch);
  if (leadership !== ErrorCode.NONE) return found(index, leadership, null);
  if (timestamp < LATEST_TIERED || version < (FIRST_VERSIONS[timestamp] ?? 0)) return found(index, ErrorCode.UNSUPPORTED_VERSION, null);
  const end = isolationLevel === READ_COMMITTED ? partition.log.lastStableOffset : partition.log.endOffset;
  return found(index, ErrorCode.NONE, lookUp(partition.log, timestamp, end), partition.leaderEpoch);
}

interface Position {
  readonly offset: number;
  readonly timestamp: number;
}

/** Null where nothing is that late. */
function lookUp(log: PartitionLog, timestamp: number, end: number): Position | null {
  switch (timestamp) {
    case LATEST:
      return { offset: end, timestamp: -1 };
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.startOffset, timestamp: -1 };
    case LATEST_TIERED:
      return null;
    case MAX_TIMESTAMP:
      return latestTime(log);
    default: {
      const position = findTime(log, timestamp);
      return position !== null && position.offset < end ? position : null;
    }
  }
}

function found(index: number, errorCode: number, position: Position | null, leaderEpoch = -1): PartitionAnswer {
  return { index, errorCode, timestamp: position?.timestamp ?? -1, offset: position?.offset ?? -1, leaderEpoch: position === null ? -1 : leaderEpoch };
}
