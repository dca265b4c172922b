import { heartbeatApi } from '../../../lib/testing/broker/apis/heartbeat.js';
import { joinGroupApi } from '../../../lib/testing/broker/apis/join-group.js';
import { leaveGroupApi } from '../../../lib/testing/broker/apis/leave-group.js';
import { offsetCommitApi } from '../../../lib/testing/broker/apis/offset-commit.js';
import { syncGroupApi } from '../../../lib/testing/broker/apis/sync-group.js';
import { findCoordinator } from '../../../lib/testing/broker/apis/find-coordinator.js';
import { describeErrorCode } from '../../../lib/testing/broker/protocol/error-codes.js';
import { Writer } from '../../../lib/testing/broker/protocol/writer.js';
import type { Read } from '../../../lib/testing/broker/protocol/types.js';
import { eventually } from '../kafka.js';
import { RawClient } from '../raw-client.js';

export type Joined = Read<typeof joinGroupApi.response>;
export type Synced = Read<typeof syncGroupApi.response>;

export interface MemberSetup {
  readonly groupId: string;
  readonly instanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  readonly joinVersion: number;
}

/** `NOT_COORDINATOR`: what a conformance suite compares. */
export function nameOf(code: number): string {
  return describeErrorCode(code).split(' ')[0];
}

/** What a consumer of these topics says under a protocol, in version 0: a real broker reads it, and does not take just anything. */
export function subscription(...topics: string[]): Buffer {
  const writer = new Writer();
  writer.int16(0);
  writer.count(topics.length);
  for (const topic of topics) writer.string(topic);
  writer.bytes(null);
  return Buffer.concat(writer.buffers());
}

/** A member of a group that sends one request at a time over a connection of its own, and has no will of its own. */
export class RawMember {
  id = '';
  generation = -1;

  private constructor(
    readonly client: RawClient,
    readonly setup: MemberSetup,
  ) {}

  static async connect(address: string, setup: Partial<MemberSetup> & Pick<MemberSetup, 'groupId'>): Promise<RawMember> {
    const client = await RawClient.connect(address, 'raw-member');
    const find = () => client.call(findCoordinator, 3, { key: setup.groupId, keyType: 0, coordinatorKeys: [] });
    await eventually(async () => (await find()).errorCode === 0, { what: 'the group has a coordinator' });
    const ask = () => client.call(heartbeatApi, 0, { groupId: setup.groupId, generationId: 1, memberId: 'nobody', groupInstanceId: null });
    await eventually(async () => nameOf((await ask()).errorCode) === 'UNKNOWN_MEMBER_ID', { what: 'the coordinator has read its partition' });
    return new RawMember(client, {
      instanceId: null,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription() }],
      joinVersion: 9,
      ...setup,
    });
  }

  /** One request, with the id that the member has. */
  async join(changes: Partial<MemberSetup & { memberId: string }> = {}): Promise<Joined> {
    const { joinVersion, instanceId, ...setup } = { ...this.setup, ...changes };
    const joined = await this.client.call(joinGroupApi, joinVersion, { ...setup, memberId: changes.memberId ?? this.id, groupInstanceId: instanceId });
    if (joined.memberId !== '') this.id = joined.memberId;
    if (joined.errorCode === 0) this.generation = joined.generationId;
    return joined;
  }
  /** As many requests as it takes. */
  async enter(): Promise<Joined> {
    const joined = await this.join();
    return nameOf(joined.errorCode) === 'MEMBER_ID_REQUIRED' ? this.join() : joined;
  }
  /** Joins and syncs; a leader gives everybody its own id as assignment. */
  async settle(joined?: Joined): Promise<Synced> {
    const { members } = joined ?? (await this.enter());
    return this.sync(members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(`of ${memberId}`) })));
  }

  sync(assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[] = [], changes: Partial<{ memberId: string; generationId: number; protocolName: string; version: number }> = {}): Promise<Synced> {
    const { groupId, instanceId, protocolType, protocols } = this.setup;
    const request = { groupId, memberId: this.id, generationId: this.generation, groupInstanceId: instanceId, protocolType, protocolName: protocols[0].name, assignments, ...changes };
    return this.client.call(syncGroupApi, changes.version ?? 5, request);
  }

  async heartbeat(changes: Partial<{ memberId: string; generationId: number; groupInstanceId: string | null; version: number }> = {}): Promise<string> {
    const { groupId, instanceId } = this.setup;
    const request = { groupId, memberId: this.id, generationId: this.generation, groupInstanceId: instanceId, ...changes };
    return nameOf((await this.client.call(heartbeatApi, changes.version ?? 4, request)).errorCode);
  }

  async leave(members: readonly { memberId: string; groupInstanceId: string | null }[] = [{ memberId: this.id, groupInstanceId: this.setup.instanceId }], version = 5): Promise<string[]> {
    const { groupId } = this.setup;
    const answer = await this.client.call(leaveGroupApi, version, { groupId, memberId: members[0].memberId, members });
    return [answer, ...answer.members].map(({ errorCode }) => nameOf(errorCode));
  }

  async commit(topic: string, changes: Partial<{ memberId: string; generationId: number; offset: number; metadata: string | null; version: number; groupInstanceId: string | null }> = {}): Promise<string> {
    const { groupId, instanceId } = this.setup;
    const { offset = 1, metadata = '', version = 8, ...identity } = changes;
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: metadata }] }];
    const answer = await this.client.call(offsetCommitApi, version, { groupId, memberId: this.id, generationId: this.generation, groupInstanceId: instanceId, topics, ...identity });
    return nameOf(answer.topics[0].partitions[0].errorCode);
  }

  close(): void {
    this.client.close();
  }
}
