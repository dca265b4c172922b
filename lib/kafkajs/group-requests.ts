import {
  type CommitOutcome, type CommittedOffset, type JoinedMember, type JoinReply, type JoinRequest, type MemberIdentity, type OffsetCommit,
  type SyncReply, type SyncRequest, type TopicPartition, WireError,
} from '../consumer/wire.js';
import type { BrokerLink } from './broker-link.js';
import { ErrorCode, protocolError } from './errors.js';
import { decodeAssignment, decodeMetadata, encodeAssignment, encodeMetadata } from './group-codec.js';
import type { ByTopic } from './kafkajs-types.js';

/** The requests of a group member, each over a connection to the coordinator. All reject with a `WireError`. */

export async function join(link: BrokerLink, groupId: string, request: JoinRequest, timeoutMs: number): Promise<JoinReply> {
  const what = `JoinGroup of ${groupId}`;
  const groupProtocols = request.protocols.map(({ name, topics, userData }) => ({ name, metadata: encodeMetadata(topics, userData) }));
  const { sessionTimeoutMs: sessionTimeout, rebalanceTimeoutMs: rebalanceTimeout } = request;
  const send = (memberId: string) => link.request(what, timeoutMs, broker => broker.joinGroup({ groupId, memberId, sessionTimeout, rebalanceTimeout, groupProtocols }));
  let reply = await send(request.memberId);
  if (reply.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
    request.identified?.(reply.memberId);
    reply = await send(reply.memberId);
  }
  failOn(reply.errorCode, what);
  return {
    memberId: reply.memberId,
    generation: reply.generationId,
    leaderId: reply.leaderId,
    protocol: reply.groupProtocol ?? '',
    members: reply.members.map(member => joinedMember(member.memberId, member.memberMetadata)),
  };
}

/** What another process has written must not keep the leader from assigning to the others. */
function joinedMember(memberId: string, metadata: Buffer | null): JoinedMember {
  try {
    return { memberId, ...decodeMetadata(metadata ?? Buffer.alloc(0)) };
  } catch {
    return { memberId, topics: [], userData: Buffer.alloc(0) };
  }
}

export async function sync(link: BrokerLink, groupId: string, request: SyncRequest, timeoutMs: number): Promise<SyncReply> {
  const what = `SyncGroup of ${groupId}`;
  const { memberId, generation: generationId } = request;
  const groupAssignment = request.assignments.map(member => ({ memberId: member.memberId, memberAssignment: encodeAssignment(member) }));
  const reply = await link.request(what, timeoutMs, broker => broker.syncGroup({ groupId, generationId, memberId, groupAssignment }));
  failOn(reply.errorCode, what);
  try {
    return decodeAssignment(reply.memberAssignment ?? Buffer.alloc(0));
  } catch (cause) {
    const hint = 'Every member of the group has to use a protocol of consumers';
    throw new WireError('fatal', 'INVALID_ASSIGNMENT', `${what}: what the group's leader has assigned cannot be read. ${hint}.`, { cause });
  }
}

export async function heartbeat(link: BrokerLink, groupId: string, { memberId, generation }: MemberIdentity, timeoutMs: number): Promise<'ok' | 'rebalancing'> {
  const what = `Heartbeat of ${groupId}`;
  const { errorCode } = await link.request(what, timeoutMs, broker => broker.heartbeat({ groupId, groupGenerationId: generation, memberId }));
  if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) return 'rebalancing';
  failOn(errorCode, what);
  return 'ok';
}

/** A member that the group does not know has left it. */
export async function leave(link: BrokerLink, groupId: string, { memberId }: MemberIdentity, timeoutMs: number): Promise<void> {
  const what = `LeaveGroup of ${groupId}`;
  const { errorCode, members = [] } = await link.request(what, timeoutMs, broker => broker.leaveGroup({ groupId, memberId }));
  for (const code of [errorCode, ...members.map(member => member.errorCode)]) {
    if (code !== ErrorCode.UNKNOWN_MEMBER_ID) failOn(code, what);
  }
}

/** Kinds that speak of the group, whatever partition they are reported for: the request as a whole was refused. */
const OF_THE_GROUP: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR', 'ILLEGAL_GENERATION', 'INVALID_GROUP_ID',
  'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'GROUP_AUTHORIZATION_FAILED', 'GROUP_ID_NOT_FOUND', 'FENCED_INSTANCE_ID',
]);

export async function commit(
  link: BrokerLink, groupId: string, { memberId, generation }: MemberIdentity, offsets: readonly OffsetCommit[], timeoutMs: number,
): Promise<readonly CommitOutcome[]> {
  const topics = byTopic(offsets, ({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata }));
  const reply = await link.request(`OffsetCommit of ${groupId}`, timeoutMs, broker => broker.offsetCommit({ groupId, groupGenerationId: generation, memberId, topics }));
  const codes = index(reply.responses);
  return offsets.map(({ topic, partition }) => {
    const error = commitError(codes.get(topic)?.get(partition)?.errorCode, `OffsetCommit of ${groupId} for ${topic}/${partition}`);
    if (error !== null && OF_THE_GROUP.has(error.code)) throw error;
    return { topic, partition, error };
  });
}

function commitError(code: number | undefined, what: string): WireError | null {
  if (code === ErrorCode.NONE) return null;
  if (code === undefined) return new WireError('unavailable', 'INVALID_RESPONSE', `${what}: the broker has not answered for this partition.`);
  // The answer of Kafka 4 to a request that does not fit into one batch of the offsets topic.
  if (code === ErrorCode.UNKNOWN_SERVER_ERROR) return new WireError('too-large', 'UNKNOWN_SERVER_ERROR', `${what}: the broker could not store it, most likely because the request is too large.`);
  return protocolError(code, what);
}

export async function committed(link: BrokerLink, groupId: string, partitions: readonly TopicPartition[], timeoutMs: number): Promise<readonly CommittedOffset[]> {
  const what = `OffsetFetch of ${groupId}`;
  const topics = byTopic(partitions, ({ partition }) => ({ partition }));
  const reply = await link.request(what, timeoutMs, broker => broker.offsetFetch({ groupId, topics }));
  failOn(reply.errorCode ?? ErrorCode.NONE, what);
  const found = index(reply.responses);
  return partitions.map(({ topic, partition }) => {
    const answer = found.get(topic)?.get(partition);
    if (answer === undefined) throw new WireError('unavailable', 'INVALID_RESPONSE', `${what}: the broker has not answered for ${topic}/${partition}.`);
    failOn(answer.errorCode, `${what} for ${topic}/${partition}`);
    return { topic, partition, offset: Number(answer.offset), metadata: answer.metadata ?? '' };
  });
}

function failOn(code: number, what: string): void {
  if (code !== ErrorCode.NONE) throw protocolError(code, what);
}

export function byTopic<I extends TopicPartition, P>(items: readonly I[], pick: (item: I) => P): readonly ByTopic<P>[] {
  const topics = new Map<string, P[]>();
  for (const item of items) {
    const partitions = topics.get(item.topic);
    if (partitions === undefined) topics.set(item.topic, [pick(item)]);
    else partitions.push(pick(item));
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

export function index<P extends { readonly partition: number }>(topics: readonly ByTopic<P>[]): ReadonlyMap<string, ReadonlyMap<number, P>> {
  return new Map(topics.map(({ topic, partitions }) => [topic, new Map(partitions.map(answer => [answer.partition, answer]))]));
}
