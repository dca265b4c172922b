import { emptyPlan, type Plan, type Seats } from './seats.js';

/**
 * Each topic by itself: its partitions in equal stretches to its subscribers, the first ones getting one more where they do not
 * divide. Topics with equal partition counts and subscribers are divided alike, so that equal keys of both meet at one member.
 */
export function assignRanges(seats: Seats): Plan {
  const plan = emptyPlan(seats);
  for (const { first, count, subscribers } of seats.topics) {
    const each = Math.floor(count / subscribers.length);
    const remainder = count % subscribers.length;
    let seat = first;
    subscribers.forEach((member, index) => {
      const end = seat + each + (index < remainder ? 1 : 0);
      plan.fill(member, seat, end);
      seat = end;
    });
  }
  return plan;
}
