import fc from 'fast-check';
import { NO_CLAIMS, type AssignmentMember, type Claims, type TopicPartitions } from '../../../lib/assignors/claims.js';

export type Assignment = ReadonlyMap<string, TopicPartitions>;

export interface Group {
  readonly members: readonly AssignmentMember[];
  readonly partitions: ReadonlyMap<string, number>;
}

export const claiming = (owned: Readonly<Record<string, readonly number[]>>, generation = 1, rest: Partial<Claims> = {}): Claims => ({
  ...NO_CLAIMS,
  generation,
  owned: new Map(Object.entries(owned)),
  ...rest,
});

export const member = (memberId: string, topics: readonly string[], claims = NO_CLAIMS): AssignmentMember => ({ memberId, topics, claims });

/** The members with the claims that an assignment leaves them with. */
export function holding(members: readonly AssignmentMember[], assignment: Assignment, generation: number): AssignmentMember[] {
  return members.map((one) => ({ ...one, claims: { ...NO_CLAIMS, generation, owned: assignment.get(one.memberId) ?? new Map<string, number[]>() } }));
}

/** `topic/partition`, once for every time that somebody has it. */
export const places = (partitions: TopicPartitions | undefined): string[] =>
  [...(partitions ?? [])].flatMap(([topic, list]) => list.map((partition) => `${topic}/${partition}`));

export function ownersIn(assignment: Assignment): Map<string, string> {
  const owners = new Map<string, string>();
  for (const [memberId, partitions] of assignment) {
    for (const place of places(partitions)) {
      if (owners.has(place)) throw new Error(`${place} is assigned to both ${owners.get(place)} and ${memberId}`);
      owners.set(place, memberId);
    }
  }
  return owners;
}

export const loadOf = (assignment: Assignment, memberId: string): number => places(assignment.get(memberId)).length;

/** Every partition that at least one member reads and that does not leave. */
export function readable({ members, partitions }: Group): string[] {
  const topics = [...partitions].filter(([topic]) => members.some((one) => !one.claims.leaving && one.topics.includes(topic)));
  return topics.flatMap(([topic, count]) => Array.from({ length: count }, (_, partition) => `${topic}/${partition}`));
}

const TOPICS = ['a', 'b', 'c', 'd', '__proto__'];
const claimsArbitrary = fc
  .record({
    generation: fc.integer({ min: 0, max: 4 }),
    // Partitions and topics that are not there are claimed, too.
    owned: fc.uniqueArray(fc.tuple(fc.constantFrom(...TOPICS, 'gone'), fc.uniqueArray(fc.nat(11))), { selector: ([topic]) => topic }),
    drains: fc.boolean(),
    leaving: fc.boolean(),
  })
  .map(({ generation, owned, drains, leaving }): Claims => {
    const byTopic = new Map(owned);
    return { ...NO_CLAIMS, generation, owned: byTopic, draining: drains ? byTopic : new Map(), leaving };
  });

/** Up to seven members on different topics, with claims that contradict each other. */
export const group: fc.Arbitrary<Group> = fc.record({
  members: fc
    .array(fc.record({ topics: fc.subarray(TOPICS), claims: fc.oneof(fc.constant(NO_CLAIMS), claimsArbitrary) }), { minLength: 1, maxLength: 7 })
    .map((members) => members.map((one, index) => ({ ...one, memberId: `m${index}` }))),
  partitions: fc.tuple(...TOPICS.map(() => fc.nat(9))).map((counts) => new Map(counts.map((count, index) => [TOPICS[index], count]))),
});

/** Members that all read the same topics, with claims as above. */
export const equalGroup: fc.Arbitrary<Group> = group.map(({ members, partitions }) => ({
  members: members.map(({ memberId, claims }) => ({ memberId, topics: TOPICS, claims: { ...claims, leaving: false } })),
  partitions,
}));
