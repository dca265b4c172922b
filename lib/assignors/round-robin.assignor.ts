import { emptyPlan, type Plan, type Seats } from './seats.js';

/** One partition after the other to one member after the other, over all topics, passing those over that do not read its topic. */
export function assignRoundRobin(seats: Seats): Plan {
  const plan = emptyPlan(seats);
  let turn = 0;
  for (const { first, count, subscribers } of seats.topics) {
    if (subscribers.length === 0) continue;
    const reads = new Set(subscribers);
    for (let seat = first; seat < first + count; seat++) {
      while (!reads.has(turn)) turn = (turn + 1) % seats.members.length;
      plan[seat] = turn;
      turn = (turn + 1) % seats.members.length;
    }
  }
  return plan;
}
