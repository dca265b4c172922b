import { type ClaimHolders, holdersOf } from './claims.js';
import { emptyPlan, NOBODY, type Plan, type Seats, type TopicSeats } from './seats.js';
import { StickyBalance } from './sticky-balance.js';

/**
 * Who has a partition keeps it as far as balance allows. Three steps: what is claimed or preferred stays, what is free goes to
 * the member with the least, and where one still has two more than another that could take from it, partitions move.
 *
 * The result is as balanced as the subscriptions permit; members that read the same topics differ by one at most.
 */
export function assignSticky(seats: Seats, holders: ClaimHolders): Plan {
  const plan = emptyPlan(seats);
  const balance = new StickyBalance(seats, plan);
  keepClaims(seats, plan, holders, balance);
  // Partitions that few members read have the least choice.
  const fewestSubscribersFirst = seats.topics.toSorted((a, b) => a.subscribers.length - b.subscribers.length);
  for (const { first, count, subscribers } of fewestSubscribersFirst) {
    if (subscribers.length === 0) continue;
    for (let seat = first; seat < first + count; seat++) {
      if (plan[seat] === NOBODY) balance.give(seat, balance.leastLoaded(subscribers));
    }
  }
  balance.level();
  return plan;
}

/** A member gives what it got last. So what it drains already comes after what it keeps, and what is free after both. */
function keepClaims(seats: Seats, plan: Plan, holders: ClaimHolders, balance: StickyBalance): void {
  const numbers = new Map(seats.members.map((member, index) => [member, index]));
  const draining: [seat: number, member: number][] = [];
  for (const topic of seats.topics) {
    const drained = seats.members.map(({ claims }) => new Set(claims.draining.get(topic.topic)));
    for (const { seat, partition, member } of standingClaims(topic, holders, numbers)) {
      if (drained[member].has(partition)) draining.push([seat, member]);
      else balance.give(seat, member);
    }
  }
  for (const [seat, member] of draining) balance.give(seat, member);
  const preferring = holdersOf(seats.members, 'preferred');
  for (const topic of seats.topics) {
    for (const { seat, member } of standingClaims(topic, preferring, numbers)) if (plan[seat] === NOBODY) balance.give(seat, member);
  }
}

/** The claims to a topic's partitions by members that may keep them, in order of the partitions. */
function* standingClaims(
  { topic, first, count, subscribers }: TopicSeats,
  holders: ClaimHolders,
  numbers: ReadonlyMap<unknown, number>,
): Generator<{ seat: number; partition: number; member: number }, void, undefined> {
  const ofTopic = holders.get(topic);
  if (ofTopic === undefined) return;
  const mayKeep = new Set(subscribers);
  for (let partition = 0; partition < count; partition++) {
    const member = numbers.get(ofTopic.get(partition)) ?? NOBODY;
    if (mayKeep.has(member)) yield { seat: first + partition, partition, member };
  }
}
