import type { FetchedOffset, PartitionName } from '../groups/group-offsets.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, between, bool, defaulted, int16, int32, int64, nullableArray, nullableString, since, string, struct, throttleTime, until } from '../protocol/types.js';
import { defineApi, type RequestContext } from './api.js';
import { answersForGroup } from './coordinator-check.js';

const askedTopics = { name: string, partitionIndexes: arrayOf(int32) };
const nullableTopics = nullableArray(askedTopics);
/** Null, for all partitions, is known from version 2 on. */
const topics = until(7, nullableTopics, []);
const foundTopics = array({
  name: string,
  partitions: array({ partitionIndex: int32, committedOffset: int64, committedLeaderEpoch: since(5, int32, -1), metadata: nullableString, errorCode: int16 }),
});

/** OffsetFetch, 1 to 9: one group, several from version 8 on; all partitions; stable offsets only. Left out: member epochs of the newer groups. */
export const offsetFetchApi = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 9],
  flexibleFrom: 6,
  request: struct({
    groupId: until(7, string, ''),
    topics,
    groups: since(
      8,
      array({ groupId: string, memberId: defaulted(since(9, nullableString, null), null), memberEpoch: defaulted(since(9, int32, -1), -1), topics: nullableTopics }),
      [],
    ),
    requireStable: since(7, bool, false),
  }),
  response: struct({
    throttleTimeMs: throttleTime(3),
    topics: until(7, foundTopics, []),
    errorCode: between(2, 7, int16, 0),
    groups: since(8, array({ groupId: string, topics: foundTopics, errorCode: int16 }), []),
  }),
  handle({ groupId, topics: asked, groups, requireStable }, context) {
    if (context.version >= 8) return { topics: [], errorCode: 0, groups: groups.map((group) => fetchGroup(group, requireStable, context)) };
    const { topics: found, errorCode } = fetchGroup({ groupId, topics: asked }, requireStable, context);
    return { topics: found, errorCode, groups: [] };
  },
  refuse: ({ topics: asked, groups }, error) => ({
    topics: refusedTopics(asked, error),
    errorCode: error,
    groups: groups.map((group) => ({ groupId: group.groupId, topics: refusedTopics(group.topics, error), errorCode: error })),
  }),
});

interface AskedGroup {
  readonly groupId: string;
  readonly topics: readonly AskedTopic[] | null;
}
interface AskedTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

function fetchGroup({ groupId, topics: asked }: AskedGroup, isStable: boolean, context: RequestContext) {
  if (!answersForGroup(context, groupId)) return { groupId, topics: refusedTopics(asked, ErrorCode.NOT_COORDINATOR), errorCode: ErrorCode.NOT_COORDINATOR };
  const found = context.cluster.groups.fetchOffsets(groupId, partitionsOf(asked), isStable);
  return { groupId, topics: byTopic(found), errorCode: ErrorCode.NONE };
}

function partitionsOf(asked: readonly AskedTopic[] | null): PartitionName[] | null {
  return asked?.flatMap(({ name, partitionIndexes }) => partitionIndexes.map((partition) => ({ topic: name, partition }))) ?? null;
}

/** Version 1 has no error but those of partitions. */
function refusedTopics(asked: readonly AskedTopic[] | null, errorCode: number) {
  return byTopic((partitionsOf(asked) ?? []).map((name) => ({ ...name, offset: -1, leaderEpoch: -1, metadata: '', errorCode })));
}

function byTopic(offsets: readonly FetchedOffset[]) {
  const found = new Map<string, FetchedOffset[]>();
  for (const offset of offsets) found.set(offset.topic, [...(found.get(offset.topic) ?? []), offset]);
  return Array.from(found, ([name, partitions]) => ({
    name,
    partitions: partitions.map(({ partition, offset, leaderEpoch, metadata, errorCode }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      metadata,
      errorCode,
    })),
  }));
}
