import { holdersOf, type AssignmentMember, type ClaimHolders, type TopicPartitions } from './claims.js';
import { assignRanges } from './range.assignor.js';
import { assignRoundRobin } from './round-robin.assignor.js';
import { NOBODY, partitionsByMember, seatsOf, type Plan, type Seats } from './seats.js';
import { assignSticky } from './sticky.assignor.js';

export type AssignmentStrategy = 'range' | 'round-robin' | 'sticky';
/** By member id. */
export type Assignment = ReadonlyMap<string, TopicPartitions>;

const STRATEGIES: Readonly<Record<AssignmentStrategy, (seats: Seats, holders: ClaimHolders) => Plan>> = {
  range: assignRanges,
  'round-robin': assignRoundRobin,
  sticky: assignSticky,
};

/**
 * Divides the partitions among the members: what the leader of a group does. Each partition goes to one member that reads its
 * topic, or to nobody: one that another member claims is withheld from all until a later round, to which its holder comes
 * without the claim. `partitions` has the number of partitions per topic; topics that are not in it, or that nobody reads, are
 * left out. The same members and claims give the same assignment, in whatever order they are listed.
 *
 * @returns for every member, also one that gets nothing, its partitions by topic, ascending
 */
export function assign(strategy: AssignmentStrategy, members: readonly AssignmentMember[], partitions: ReadonlyMap<string, number>): Assignment {
  const seats = seatsOf(members, partitions);
  const holders = holdersOf(members);
  const plan = STRATEGIES[strategy](seats, holders);
  withholdMoving(plan, seats, holders);
  return partitionsByMember(seats, plan);
}

/** Where the partitions are to be in the end: what `assign` gives out once everybody has released what moves. */
export function target(strategy: AssignmentStrategy, members: readonly AssignmentMember[], partitions: ReadonlyMap<string, number>): Assignment {
  const seats = seatsOf(members, partitions);
  return partitionsByMember(seats, STRATEGIES[strategy](seats, holdersOf(members)));
}

/** A claim that stands keeps everybody else out, also where its member has unsubscribed or is leaving: it may still be draining. */
function withholdMoving(plan: Plan, seats: Seats, holders: ClaimHolders): void {
  for (const { topic, first, count } of seats.topics) {
    for (const [partition, holder] of holders.get(topic) ?? []) {
      if (partition < count && seats.members[plan[first + partition]] !== holder) plan[first + partition] = NOBODY;
    }
  }
}
