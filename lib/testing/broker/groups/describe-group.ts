import type { Group } from './group.js';
import type { GroupDescription } from './group-requests.js';

const NOTHING = Buffer.alloc(0);

/** Kafka describes a group that is not there as dead. */
export const NO_GROUP = { state: 'Dead', protocolType: '', protocolName: '', members: [] } as const;

/** What members say of themselves is told once they have agreed on how to divide. */
export function describeGroup({ id, state, protocolName, members }: Group): GroupDescription {
  const protocol = state === 'Stable' ? (protocolName ?? '') : '';
  return {
    groupId: id,
    state,
    protocolType: members.protocolType ?? '',
    protocolName: protocol,
    members: members.all.map((member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: state === 'Stable' ? member.metadata(protocol) : NOTHING,
      assignment: member.assignment,
    })),
  };
}
