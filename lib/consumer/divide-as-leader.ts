import type { AssignmentStrategy } from '../assignors/assign.js';
import { divide, grownBeyond, readMembers } from './assignment-policy.js';
import { backOffMs } from './back-off.js';
import type { Clock } from './clock.js';
import type { GroupLog } from './group-consumer.js';
import type { JoinReply, MemberPartitions, Wire } from './wire.js';

const FIRST_LOOK_MS = 50;
/** 50, 100, ... ms: 1.5 seconds together. What a member says of a topic may also be wrong, and must not hold the group up. */
const LOOKS = 6;

export interface LeaderDependencies {
  readonly wire: Pick<Wire, 'metadata'>;
  readonly strategy: AssignmentStrategy;
  readonly clock: Clock;
  readonly log: GroupLog;
}

/**
 * Divides the partitions of all topics that somebody reads. A topic that has grown is known to some brokers sooner than to
 * others: where a member has seen more partitions than the leader, which may not even read the topic, the leader looks again.
 */
export async function divideAsLeader(joined: Pick<JoinReply, 'members' | 'generation'>, { wire, strategy, clock, log }: LeaderDependencies): Promise<readonly MemberPartitions[]> {
  const members = readMembers(joined.members, joined.generation);
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  if (topics.length === 0) return divide(strategy, members, new Map());
  for (let look = 0; ; look++) {
    const layouts = await wire.metadata(topics);
    const counts = new Map(Array.from(layouts.values(), ({ topic, partitions }) => [topic, partitions.length]));
    const grown = grownBeyond(counts, members);
    if (grown.length === 0 || look === LOOKS) {
      if (grown.length > 0) log.warn(`Some members see more partitions of ${grown.join(', ')} than there are; the group goes by what there is`);
      return divide(strategy, members, counts);
    }
    await new Promise<void>((resolve) => void clock.later(backOffMs(look, FIRST_LOOK_MS, Infinity), resolve));
  }
}
