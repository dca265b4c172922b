import fc from 'fast-check';
import { target } from '../../../lib/assignors/assign.js';
import { holdersOf, type AssignmentMember } from '../../../lib/assignors/claims.js';
import { claiming, equalGroup, group, holding, loadOf, member, ownersIn, readable, type Assignment, type Group } from './assignment-samples.js';

const sticky = ({ members, partitions }: Group): Assignment => target('sticky', members, partitions);

const reads = (one: AssignmentMember | undefined, place: string): boolean =>
  one !== undefined && !one.claims.leaving && one.topics.includes(place.split('/')[0]);

/** Those that a member's load could be passed on to, over any number of hands, by trying everything. */
function reachable(given: Group, owners: ReadonlyMap<string, string>, from: string): Set<string> {
  const reached = new Set([from]);
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const [place, owner] of owners) {
      if (reached.has(owner)) for (const one of given.members) if (reads(one, place)) reached.add(one.memberId);
    }
  }
  return reached;
}

describe('sticky', () => {
  it('is as balanced as the subscriptions permit: nobody could pass a partition down to a member that has two less', () => {
    fc.assert(
      fc.property(group, (given) => {
        const assignment = sticky(given);
        const owners = ownersIn(assignment);
        for (const { memberId } of given.members) {
          const lowest = Math.min(...[...reachable(given, owners, memberId)].map((other) => loadOf(assignment, other)));
          expect(loadOf(assignment, memberId) - lowest).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps as many claims as any balanced assignment could, where all read the same', () => {
    fc.assert(
      fc.property(equalGroup, (given) => {
        const holders = holdersOf(given.members);
        const held = readable(given).flatMap((place) => {
          const [topic, partition] = place.split('/');
          const holder = holders.get(topic)?.get(Number(partition));
          return holder === undefined ? [] : [[place, holder.memberId] as const];
        });
        const owners = ownersIn(sticky(given));
        const kept = held.filter(([place, holder]) => owners.get(place) === holder).length;

        const claims = given.members.map(({ memberId }) => held.filter(([, holder]) => holder === memberId).length).sort((a, b) => b - a);
        const total = readable(given).length;
        const most = claims.reduce((sum, count, rank) => {
          const share = Math.floor(total / claims.length) + (rank < total % claims.length ? 1 : 0);
          return sum + Math.min(count, share);
        }, 0);
        expect(kept).toBe(most);
      }),
      { numRuns: 500 },
    );
  });

  it('moves nothing when nothing has changed', () => {
    fc.assert(
      fc.property(group, (given) => {
        const before = sticky(given);
        expect(sticky({ ...given, members: holding(given.members, before, 5) })).toEqual(sticky({ ...given, members: holding(given.members, sticky({ ...given, members: holding(given.members, before, 5) }), 6) }));
      }),
    );
  });

  it('moves at most the share of the new member when one joins', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 80 }), (size, count) => {
        const partitions = new Map([['a', count]]);
        const members = Array.from({ length: size }, (_, index) => member(`m${index}`, ['a']));
        const before = ownersIn(sticky({ members, partitions }));
        const joined = [...holding(members, sticky({ members, partitions }), 1), member('a new one', ['a'])];
        const after = ownersIn(sticky({ members: joined, partitions }));
        const moved = [...after].filter(([place, owner]) => before.get(place) !== owner);
        expect(moved.length).toBeLessThanOrEqual(Math.ceil(count / (size + 1)));
        expect(moved.every(([, owner]) => owner === 'a new one')).toBe(true);
      }),
    );
  });

  it('moves only what the departed had when one leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 0, max: 80 }), (size, count) => {
        const partitions = new Map([['a', count]]);
        const members = Array.from({ length: size }, (_, index) => member(`m${index}`, ['a']));
        const before = ownersIn(sticky({ members, partitions }));
        const after = ownersIn(sticky({ members: holding(members, sticky({ members, partitions }), 1).slice(1), partitions }));
        for (const [place, owner] of before) if (owner !== 'm0') expect(after.get(place)).toBe(owner);
      }),
    );
  });

  it('passes partitions on over a third member where the fullest and the emptiest read nothing in common', () => {
    const members = [
      member('m1', ['a'], claiming({ a: [0, 1, 2] })),
      member('m2', ['a', 'b'], claiming({ b: [0, 1] })),
      member('m3', ['b']),
    ];
    const assignment = target('sticky', members, new Map([['a', 3], ['b', 2]]));
    expect(members.map(({ memberId }) => loadOf(assignment, memberId)).sort()).toEqual([1, 2, 2]);
  });

  it('takes first what a member is draining already, so that a second look decides like the first', () => {
    const draining = new Map([['a', [1]]]);
    const members = [member('m1', ['a'], claiming({ a: [0, 1, 2, 3] }, 2, { draining })), member('m2', ['a'], claiming({ a: [4, 5] }, 2))];
    expect(ownersIn(target('sticky', members, new Map([['a', 6]]))).get('a/1')).toBe('m2');
  });

  it('gives new partitions to those that have least and leaves the others in place', () => {
    const members = [member('m1', ['a'], claiming({ a: [0, 1] })), member('m2', ['a'], claiming({ a: [2] }))];
    const assignment = target('sticky', members, new Map([['a', 5]]));
    expect(assignment.get('m1')).toEqual(new Map([['a', [0, 1, 4]]]));
    expect(assignment.get('m2')).toEqual(new Map([['a', [2, 3]]]));
  });
});
