import { assign, type Assignment, type AssignmentStrategy } from '../../../lib/assignors/assign.js';
import { NO_CLAIMS, type AssignmentMember } from '../../../lib/assignors/claims.js';

const PARTITIONS = 2_000;
const MEMBERS = 50;
const TOPICS = 20;

export const STRATEGIES: readonly AssignmentStrategy[] = ['sticky', 'range', 'round-robin'];

export interface LargeGroup {
  readonly name: string;
  readonly members: (strategy: AssignmentStrategy) => readonly AssignmentMember[];
  readonly partitions: ReadonlyMap<string, number>;
}

const oneTopic = new Map([['orders', PARTITIONS]]);
const manyTopics = new Map(Array.from({ length: TOPICS }, (_, index) => [`topic-${index}`, PARTITIONS / TOPICS]));

const free = (count: number, topics: (index: number) => readonly string[], first = 0): AssignmentMember[] =>
  Array.from({ length: count }, (_, index) => ({ memberId: `member-${(index + first) * 7919}`, topics: topics(index + first), claims: NO_CLAIMS }));
const holding = (members: readonly AssignmentMember[], assignment: Assignment): AssignmentMember[] =>
  members.map((member) => ({ ...member, claims: { ...NO_CLAIMS, generation: 1, owned: assignment.get(member.memberId) ?? new Map<string, number[]>() } }));
const settled = (strategy: AssignmentStrategy, members: readonly AssignmentMember[], partitions: ReadonlyMap<string, number>): AssignmentMember[] =>
  holding(members, assign(strategy, members, partitions));

const all = (): readonly string[] => ['orders'];
/** Every member reads a third of the topics, each another third. */
const some = (index: number): readonly string[] => [...manyTopics.keys()].filter((_, topic) => (topic * 7 + index) % 3 === 0);

/** 2,000 partitions and 50 members in every case that takes a leader long. */
export const LARGE_GROUPS: readonly LargeGroup[] = [
  { name: 'all free', members: () => free(MEMBERS, all), partitions: oneTopic },
  { name: 'nothing changes', members: (strategy) => settled(strategy, free(MEMBERS, all), oneTopic), partitions: oneTopic },
  { name: '10 join', members: (strategy) => [...settled(strategy, free(MEMBERS - 10, all), oneTopic), ...free(10, all, MEMBERS)], partitions: oneTopic },
  { name: '10 leave', members: (strategy) => settled(strategy, free(MEMBERS + 10, all), oneTopic).slice(10), partitions: oneTopic },
  { name: 'one has all', members: (strategy) => [...settled(strategy, free(1, all), oneTopic), ...free(MEMBERS - 1, all, 1)], partitions: oneTopic },
  { name: 'different topics, all free', members: () => free(MEMBERS, some), partitions: manyTopics },
  { name: 'different topics, 10 join', members: (strategy) => [...settled(strategy, free(MEMBERS - 10, some), manyTopics), ...free(10, some, MEMBERS)], partitions: manyTopics },
  { name: 'different topics, 10 leave', members: (strategy) => settled(strategy, free(MEMBERS + 10, some), manyTopics).slice(10), partitions: manyTopics },
  { name: 'a chain of topics, one has all', members: (strategy) => chain(strategy), partitions: manyTopics },
];

/** Neighbours share one topic: what the first has too much of can reach the last only through all others. */
function chain(strategy: AssignmentStrategy): AssignmentMember[] {
  const names = [...manyTopics.keys()];
  const topics = (index: number): readonly string[] => [names[index % TOPICS], names[(index + 1) % TOPICS]];
  return [...settled(strategy, free(1, () => names), manyTopics), ...free(MEMBERS - 1, topics, 1)];
}
