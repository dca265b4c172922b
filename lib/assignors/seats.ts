import type { AssignmentMember, TopicPartitions } from './claims.js';

/** No member. */
export const NOBODY = -1;

/**
 * All partitions of an assignment in one row, and members by number, so that strategies work on plain arrays.
 *
 * ```
 *  topics  | orders              | payments |        sorted by name
 *  seat    | 0    1    2    3    | 4    5   |        first + partition
 *  plan    | 1    1    0    0    | 1    -1  |        member, or NOBODY
 * ```
 */
export interface Seats {
  /** Sorted by member id: in what order members joined decides nothing. */
  readonly members: readonly AssignmentMember[];
  readonly topics: readonly TopicSeats[];
  readonly count: number;
}
export interface TopicSeats {
  readonly topic: string;
  readonly first: number;
  readonly count: number;
  /** Members that may be given its partitions, ascending. */
  readonly subscribers: readonly number[];
}

/** The member for each seat. */
export type Plan = Int32Array;

export function seatsOf(members: readonly AssignmentMember[], partitions: ReadonlyMap<string, number>): Seats {
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const subscribers = new Map<string, number[]>();
  sorted.forEach((member, index) => {
    if (member.claims.leaving) return;
    for (const topic of new Set(member.topics)) {
      const ofTopic = subscribers.get(topic);
      if (ofTopic === undefined) subscribers.set(topic, [index]);
      else ofTopic.push(index);
    }
  });
  let count = 0;
  const topics = [...partitions.keys()].sort().map((topic) => {
    const seats = { topic, first: count, count: partitions.get(topic) ?? 0, subscribers: subscribers.get(topic) ?? [] };
    count += seats.count;
    return seats;
  });
  return { members: sorted, topics, count };
}

export function emptyPlan(seats: Seats): Plan {
  return new Int32Array(seats.count).fill(NOBODY);
}

/** Every member is in it, also one without partitions; partitions ascend. */
export function partitionsByMember(seats: Seats, plan: Plan): ReadonlyMap<string, TopicPartitions> {
  const byMember = seats.members.map(() => new Map<string, number[]>());
  for (const { topic, first, count } of seats.topics) {
    for (let partition = 0; partition < count; partition++) {
      const member = plan[first + partition];
      if (member === NOBODY) continue;
      const ofTopic = byMember[member].get(topic);
      if (ofTopic === undefined) byMember[member].set(topic, [partition]);
      else ofTopic.push(partition);
    }
  }
  return new Map(seats.members.map(({ memberId }, index) => [memberId, byMember[index]]));
}
