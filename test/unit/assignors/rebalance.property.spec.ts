import fc from 'fast-check';
import type { AssignmentStrategy } from '../../../lib/assignors/assign.js';
import { GroupModel } from './group-model.js';

const TOPICS = ['a', 'b', 'c'];
const subscription = fc.oneof(fc.constant(TOPICS), fc.subarray(TOPICS, { minLength: 1 }));
const step = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), topics: subscription }),
  fc.record({ kind: fc.constantFrom('kill' as const, 'freeze' as const, 'thaw' as const, 'leave' as const), which: fc.nat(9) }),
  fc.record({ kind: fc.constantFrom('drain' as const, 'commit' as const, 'miss' as const), mask: fc.nat(255) }),
  fc.constant({ kind: 'round' as const }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const counts = fc.tuple(...TOPICS.map(() => fc.integer({ min: 0, max: 7 }))).map((sizes) => new Map(sizes.map((size, index) => [TOPICS[index], size])));

const covers = (mask: number) => (index: number): boolean => ((mask >> index % 8) & 1) === 1;

function take(group: GroupModel, given: Step): void {
  switch (given.kind) {
    case 'join':
      group.join(given.topics);
      return group.round();
    case 'kill':
    case 'freeze':
    case 'thaw':
    case 'leave':
      group[given.kind](given.which);
      return group.round();
    case 'drain':
      group.drain(covers(given.mask));
      return group.round();
    case 'commit':
      return group.commitSome(covers(given.mask));
    case 'miss':
      return group.round(covers(given.mask));
    case 'round':
      return group.round();
  }
}

/** Everybody who reads a partition of `topic` and stays. */
const readersOf = (group: GroupModel, topic: string): string[] => group.members.filter(({ topics, isLeaving }) => !isLeaving && topics.includes(topic)).map(({ id }) => id);

function expectOneHolderEach(group: GroupModel): void {
  for (const [name, holders] of group.holders()) expect([name, holders.length]).toEqual([name, 1]);
}

/** Nobody draws a partition of a topic that it does not read; one that it has from before it may drain. */
function expectOnlySubscribed(group: GroupModel): void {
  for (const { topics, holdings } of group.members) for (const { topic } of holdings.values()) expect(topics).toContain(topic);
}

function settle(group: GroupModel): void {
  while (group.frozen.length > 0) group.thaw(0);
  group.round();
  for (let rounds = 0; group.members.some(({ draining, isLeaving }) => draining.length > 0 || isLeaving); rounds++) {
    group.drain();
    group.round();
    expectOneHolderEach(group);
    expect(rounds).toBeLessThan(10);
  }
}

function expectAllServed(group: GroupModel): void {
  const holders = group.holders();
  for (const [topic, count] of group.partitions) {
    const readers = readersOf(group, topic);
    for (let partition = 0; partition < count; partition++) {
      const [holder] = holders.get(`${topic}/${partition}`) ?? [];
      if (readers.length === 0) expect(holder).toBeUndefined();
      else expect(readers).toContain(holder.id);
    }
  }
}

/** A third of the histories tells of most mistakes, and CI plays all of them. */
const share = process.env['CI'] ? 1 : 1 / 3;
const histories = (most: number): number => Math.ceil(share * most);

describe.each<AssignmentStrategy>(['sticky', 'range', 'round-robin'])('whatever members do under %s', (strategy) => {
  const play = (check: (group: GroupModel) => void, numRuns: number): void => {
    fc.assert(
      fc.property(counts, fc.array(step, { maxLength: 30 }), (partitions, steps) => {
        const group = new GroupModel(strategy, partitions);
        for (const one of steps) {
          take(group, one);
          expectOneHolderEach(group);
          expectOnlySubscribed(group);
        }
        check(group);
      }),
      { numRuns: histories(numRuns) },
    );
  };

  it('a partition is never in two hands, nobody gets what it does not read, and in the end everything is served', () => {
    play((group) => {
      settle(group);
      expectAllServed(group);
    }, 500);
  }, 60_000);

  it('the group is stable two rounds after the last drain at the latest', () => {
    play((group) => {
      settle(group);
      group.round();
      const { picture } = group;
      expect(picture).not.toContain('!');
      group.round();
      expect(group.picture).toBe(picture);
    }, 300);
  }, 60_000);
});

describe('under sticky', () => {
  it('members that read the same end up with one partition more or less', () => {
    fc.assert(
      fc.property(counts, fc.array(step, { maxLength: 30 }), (partitions, steps) => {
        const group = new GroupModel('sticky', partitions);
        for (const one of steps) take(group, one.kind === 'join' ? { kind: 'join', topics: TOPICS } : one);
        settle(group);
        group.round();
        const loads = group.members.map(({ holdings }) => holdings.size);
        if (loads.length > 0) expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
      { numRuns: histories(500) },
    );
  }, 60_000);
});
