import { assign, type AssignmentStrategy } from '../assignors/assign.js';
import { type AssignmentMember, type Claims, lostClaims } from '../assignors/claims.js';
import { PROTOCOLS } from '../assignors/protocol.js';
import { decodeClaims, encodeClaims, encodeMark } from '../assignors/user-data.js';
import type { JoinedMember, JoinRequest, MemberPartitions } from './wire.js';

/** What a member says of itself when it joins. */
export function joinProtocols(topics: readonly string[], claims: Claims): JoinRequest['protocols'] {
  const userData = encodeClaims(claims);
  return PROTOCOLS.map((name) => ({ name, topics, userData }));
}

/**
 * The members of a group as the leader of this generation sees them. Those of other clients claim nothing: they have given up
 * all before they joined. Claims of a generation that is not over come from an earlier group of the same name, whose count went
 * further: they stand behind all others.
 */
export function readMembers(members: readonly JoinedMember[], generation: number): readonly AssignmentMember[] {
  return members.map(({ memberId, topics, userData }) => {
    const claims = decodeClaims(userData);
    return { memberId, topics, claims: claims.generation < generation ? claims : { ...claims, generation: -1 } };
  });
}

/** What the leader tells each member. It keeps nothing from one round to the next: all it needs is in the claims. */
export function divide(strategy: AssignmentStrategy, members: readonly AssignmentMember[], counts: ReadonlyMap<string, number>): readonly MemberPartitions[] {
  const lost = lostClaims(members);
  return Array.from(assign(strategy, members, counts), ([memberId, partitions]) => ({
    memberId,
    partitions,
    userData: encodeMark({ honoured: true, lost: lost.get(memberId) ?? new Map<string, number[]>() }),
  }));
}

/** Topics of which some member has seen more partitions than `counts` has. */
export function grownBeyond(counts: ReadonlyMap<string, number>, members: readonly AssignmentMember[]): readonly string[] {
  const grown = new Set<string>();
  for (const { topics, claims } of members) {
    for (const topic of topics) if ((claims.counts.get(topic) ?? 0) > (counts.get(topic) ?? 0)) grown.add(topic);
  }
  return [...grown];
}
