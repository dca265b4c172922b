import type { Admin, GroupDescription } from 'kafkajs';
import { decodeClaims } from '../assignors/user-data.js';
import { decodeAssignment, decodeMetadata } from '../kafkajs/group-codec.js';
import { showPartitions } from './ranges.js';
import { table } from './table.js';
import { UsageError } from './usage-error.js';

type Partitions = ReadonlyMap<string, readonly number[]>;
const NONE: Partitions = new Map();

export interface GroupMemberReport {
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  readonly topics: readonly string[];
  /** What the leader has assigned. */
  readonly assigned: Partitions;
  /**
   * What the member had when it joined. 'unknown' while the group assembles, when the coordinator tells nothing of its members;
   * null for a client that knows nothing of claims.
   */
  readonly claimed: Partitions | 'unknown' | null;
  /** The generation that confirmed the claims; null without any. */
  readonly claimGeneration: number | null;
  /** Claimed and not assigned: it finishes what it has begun there, and nobody else gets them before. */
  readonly draining: Partitions;
  readonly leaving: boolean;
}
export interface GroupReport {
  readonly groupId: string;
  readonly state: string;
  readonly protocol: string;
  readonly members: readonly GroupMemberReport[];
}

/** Members of a group and what they own, as the coordinator has it. @throws UsageError for a group that does not exist. */
export async function readGroup(admin: Admin, groupId: string): Promise<GroupReport> {
  const { groups } = await admin.describeGroups([groupId]);
  const [group] = groups;
  if (group === undefined || group.state === 'Dead') throw new UsageError(`There is no group ${groupId} on these brokers.`);
  return { groupId, state: group.state, protocol: group.protocol, members: group.members.map(memberReport).sort((a, b) => a.memberId.localeCompare(b.memberId)) };
}

export function showGroup({ groupId, state, protocol, members }: GroupReport): string {
  const head = `Group ${groupId}: ${state}, ${members.length} ${members.length === 1 ? 'member' : 'members'}${protocol === '' ? '' : `, protocol ${protocol}`}`;
  if (members.length === 0) return head;
  const columns = ['MEMBER', 'HOST', 'ASSIGNED', 'CLAIMED', 'DRAINING'].map((title) => ({ title }));
  const rows = members.map((member) => [
    member.memberId,
    member.host,
    showPartitions(member.assigned),
    showClaims(member),
    `${showPartitions(member.draining)}${member.leaving ? ' (leaving)' : ''}`,
  ]);
  return `${head}\n${table(columns, rows)}`;
}

/** Maps as plain objects, for --json. */
export function groupAsJson(report: GroupReport): unknown {
  const members = report.members.map((member) => {
    const { assigned, claimed, draining } = member;
    return { ...member, assigned: plain(assigned), claimed: claimed instanceof Map ? plain(claimed) : claimed, draining: plain(draining) };
  });
  return { ...report, members };
}

function showClaims({ claimed, claimGeneration }: GroupMemberReport): string {
  if (claimed === null) return 'another client';
  if (claimed === 'unknown') return 'unknown while the group assembles';
  return `${showPartitions(claimed)}${claimGeneration === null ? '' : ` (generation ${claimGeneration})`}`;
}

function memberReport({ memberId, clientId, clientHost, memberMetadata, memberAssignment }: GroupDescription['members'][number]): GroupMemberReport {
  const { topics, userData } = wellFormed(() => decodeMetadata(memberMetadata), { topics: [], userData: Buffer.alloc(0) });
  const { partitions: assigned } = wellFormed(() => decodeAssignment(memberAssignment), { partitions: new Map(), userData: Buffer.alloc(0) });
  const claims = decodeClaims(userData);
  return {
    memberId,
    clientId,
    host: clientHost,
    topics,
    assigned,
    claimed: claims.understands ? claims.owned : memberMetadata.length === 0 ? 'unknown' : null,
    claimGeneration: claims.understands && claims.generation >= 0 ? claims.generation : null,
    draining: claims.understands ? without(claims.owned, assigned) : NONE,
    leaving: claims.leaving,
  };
}

function without(partitions: Partitions, others: Partitions): Partitions {
  const left = Array.from(partitions, ([topic, numbers]) => [topic, numbers.filter((number) => !others.get(topic)?.includes(number))] as const);
  return new Map(left.filter(([, numbers]) => numbers.length > 0));
}

/** What members say of themselves is untrusted: what does not decode says nothing. */
function wellFormed<T>(decode: () => T, otherwise: T): T {
  try {
    return decode();
  } catch {
    return otherwise;
  }
}

function plain(partitions: Partitions): Record<string, readonly number[]> {
  return Object.fromEntries(partitions);
}
