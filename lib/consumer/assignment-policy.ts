import { assign, type AssignmentStrategy } from '../assignors/assign.js';
import type { Claims } from '../assignors/claims.js';
import { PROTOCOLS } from '../assignors/protocol.js';
import { decodeClaims, encodeClaims, encodeMark } from '../assignors/user-data.js';
import type { JoinedMember, JoinRequest, MemberPartitions } from './wire.js';

/** What a member says when it joins, and how it divides the partitions when it leads. */
export interface AssignmentPolicy {
  protocols(topics: readonly string[], claims: Claims): JoinRequest['protocols'];
  /** `counts` has the number of partitions per topic. */
  assign(members: readonly JoinedMember[], counts: ReadonlyMap<string, number>): readonly MemberPartitions[];
}

/** Every member drains before it joins: claims only say where a partition would best stay. */
export function eagerPolicy(strategy: AssignmentStrategy): AssignmentPolicy {
  return {
    protocols(topics, claims) {
      const userData = encodeClaims(claims);
      return PROTOCOLS.map((name) => ({ name, topics, userData }));
    },
    assign(members, counts) {
      const claiming = members.map(({ memberId, topics, userData }) => ({ memberId, topics, claims: decodeClaims(userData) }));
      const userData = encodeMark({ honoured: false, lost: new Map() });
      return Array.from(assign('eager', strategy, claiming, counts), ([memberId, partitions]) => ({ memberId, partitions, userData }));
    },
  };
}
