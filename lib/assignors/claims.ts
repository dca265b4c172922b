/** Partitions by topic: distinct numbers. A Map, because the names come from other processes. */
export type TopicPartitions = ReadonlyMap<string, readonly number[]>;

/** What a member tells the leader about the partitions that it has. */
export interface Claims {
  /** Generation of the last sync that confirmed them; −1 where none has. */
  readonly generation: number;
  /** Assigned and not given up: owned, or still draining. */
  readonly owned: TopicPartitions;
  /** Those of `owned` that the member is draining. They are the first to be taken from it, so that a decision does not flip. */
  readonly draining: TopicPartitions;
  /** What a member that drains before it joins has just given up: where it would best go again. It keeps nobody out. */
  readonly preferred: TopicPartitions;
  /** The member is about to leave: it gets nothing, and keeps what it claims until it has released it. */
  readonly leaving: boolean;
  /** Partitions that the member has seen of each topic: its leader may not know yet that a topic has grown. */
  readonly counts: ReadonlyMap<string, number>;
}

const NOTHING: TopicPartitions = new Map();
export const NO_CLAIMS: Claims = { generation: -1, owned: NOTHING, draining: NOTHING, preferred: NOTHING, leaving: false, counts: new Map() };

/** A member as the leader sees it. */
export interface AssignmentMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly claims: Claims;
}

/** By topic and partition, the member whose claim stands. */
export type ClaimHolders = ReadonlyMap<string, ReadonlyMap<number, AssignmentMember>>;

/** Of several claims to a partition the one of the highest generation stands; of equal ones that of the lowest member id. */
export function holdersOf(members: readonly AssignmentMember[], claimed: 'owned' | 'preferred' = 'owned'): ClaimHolders {
  const holders = new Map<string, Map<number, AssignmentMember>>();
  for (const member of members) {
    for (const [topic, partitions] of member.claims[claimed]) {
      let ofTopic = holders.get(topic);
      if (ofTopic === undefined) holders.set(topic, (ofTopic = new Map<number, AssignmentMember>()));
      for (const partition of partitions) {
        const rival = ofTopic.get(partition);
        if (rival === undefined || precedes(member, rival)) ofTopic.set(partition, member);
      }
    }
  }
  return holders;
}

/** By member id, the claims that do not stand because another member has a better one. Members that lose nothing are absent. */
export function lostClaims(members: readonly AssignmentMember[]): ReadonlyMap<string, TopicPartitions> {
  const holders = holdersOf(members);
  const lost = new Map<string, TopicPartitions>();
  for (const member of members) {
    const lostByMember = new Map<string, number[]>();
    for (const [topic, partitions] of member.claims.owned) {
      const lostOfTopic = partitions.filter((partition) => holders.get(topic)?.get(partition) !== member);
      if (lostOfTopic.length > 0) lostByMember.set(topic, lostOfTopic);
    }
    if (lostByMember.size > 0) lost.set(member.memberId, lostByMember);
  }
  return lost;
}

function precedes(member: AssignmentMember, rival: AssignmentMember): boolean {
  if (member.claims.generation !== rival.claims.generation) return member.claims.generation > rival.claims.generation;
  return member.memberId < rival.memberId;
}
