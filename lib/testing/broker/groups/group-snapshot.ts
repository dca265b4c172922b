import type { Group } from './group.js';
import { GroupMember } from './group-member.js';

/** What a broker has in its offsets topic of a group, and a coordinator that takes over reads. */
export interface GroupSnapshot {
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  readonly members: readonly MemberSnapshot[];
}
interface MemberSnapshot extends Pick<GroupMember, 'id' | 'instanceId' | 'clientId' | 'clientHost' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs' | 'assignment'> {
  /** Of the protocol that was chosen; what else a member offers is not kept. */
  readonly metadata: Buffer;
}

export const NEW_GROUP: GroupSnapshot = { generation: 0, protocolType: null, protocolName: null, leaderId: null, members: [] };

export function snapshotOf({ generation, protocolName, members }: Group): GroupSnapshot {
  return {
    generation,
    protocolType: members.protocolType,
    protocolName,
    leaderId: members.leaderId,
    members: members.all.map((member) => ({
      id: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      assignment: member.assignment,
      metadata: member.metadata(protocolName ?? ''),
    })),
  };
}

export function restoredMember({ metadata, assignment, ...snapshot }: MemberSnapshot, protocolName: string): GroupMember {
  const member = new GroupMember(snapshot.id, { ...snapshot, protocols: [{ name: protocolName, metadata }] });
  member.assignment = assignment;
  member.isNew = false;
  return member;
}
