import fc from 'fast-check';
import { assign, target, type AssignmentStrategy } from '../../../lib/assignors/assign.js';
import { holdersOf, lostClaims } from '../../../lib/assignors/claims.js';
import { encodeClaims } from '../../../lib/assignors/user-data.js';
import { readMembers } from '../../../lib/consumer/assignment-policy.js';
import { claiming, group, loadOf, member, ownersIn, places, readable } from './assignment-samples.js';

const strategies: AssignmentStrategy[] = ['range', 'round-robin', 'sticky'];
const anyStrategy = fc.constantFrom(...strategies);
const anyDivision = fc.constantFrom(assign, target);

describe('an assignment', () => {
  it('aims to give every partition that somebody reads to exactly one of its readers, whatever is claimed', () => {
    fc.assert(
      fc.property(anyStrategy, group, (strategy, given) => {
        const owners = ownersIn(target(strategy, given.members, given.partitions));
        expect([...owners.keys()].sort()).toEqual(readable(given).sort());
        for (const [place, memberId] of owners) {
          const owner = given.members.find((one) => one.memberId === memberId);
          expect(owner?.topics).toContain(place.split('/')[0]);
          expect(owner?.claims.leaving).toBe(false);
        }
      }),
    );
  });

  it('does not depend on the order in which members, topics and partitions are listed', () => {
    fc.assert(
      fc.property(anyDivision, anyStrategy, group, (divide, strategy, { members, partitions }) => {
        const turned = members.toReversed().map(({ memberId, topics, claims }) => ({
          memberId,
          topics: [...topics, ...topics].reverse(),
          claims: { ...claims, owned: new Map([...claims.owned].reverse().map(([topic, list]) => [topic, list.toReversed()])) },
        }));
        const one = divide(strategy, members, partitions);
        const other = divide(strategy, turned, new Map([...partitions].reverse()));
        expect(other).toEqual(one);
      }),
    );
  });

  it('names every member, and its partitions in ascending order', () => {
    fc.assert(
      fc.property(anyDivision, anyStrategy, group, (divide, strategy, { members, partitions }) => {
        const assignment = divide(strategy, members, partitions);
        expect([...assignment.keys()].sort()).toEqual(members.map(({ memberId }) => memberId).sort());
        for (const lists of assignment.values()) for (const list of lists.values()) expect(list).toEqual([...list].sort((a, b) => a - b));
      }),
    );
  });

  it('of nobody is empty', () => {
    for (const strategy of strategies) expect(assign(strategy, [], new Map([['a', 3]]))).toEqual(new Map());
  });
});

describe('a partition that moves', () => {
  it('withholds what another member claims and gives everything else out', () => {
    fc.assert(
      fc.property(anyStrategy, group, (strategy, given) => {
        const holders = holdersOf(given.members);
        const claimedBy = (place: string): string | undefined => {
          const [topic, partition] = place.split('/');
          return holders.get(topic)?.get(Number(partition))?.memberId;
        };
        const wanted = ownersIn(target(strategy, given.members, given.partitions));
        const expected = [...wanted].filter(([place, memberId]) => (claimedBy(place) ?? memberId) === memberId);
        const owners = ownersIn(assign(strategy, given.members, given.partitions));
        expect([...owners].sort()).toEqual(expected.sort());
      }),
    );
  });

  it('withholds what a member claims whose topics no longer include it', () => {
    const members = [member('m1', [], claiming({ a: [0] })), member('m2', ['a'])];
    expect(ownersIn(assign('sticky', members, new Map([['a', 2]])))).toEqual(new Map([['a/1', 'm2']]));
  });

  it('gives a member that leaves nothing, and withholds what it claims', () => {
    const members = [member('m1', ['a'], claiming({ a: [0] }, 1, { leaving: true })), member('m2', ['a'])];
    expect(ownersIn(assign('range', members, new Map([['a', 2]])))).toEqual(new Map([['a/1', 'm2']]));
  });
});

describe('two claims to one partition', () => {
  const partitions = new Map([['a', 4]]);

  it('are decided by the higher generation, and the loser is told', () => {
    const members = [member('m1', ['a'], claiming({ a: [0, 1, 2] }, 3)), member('m2', ['a'], claiming({ a: [2, 3] }, 7))];
    expect(ownersIn(assign('sticky', members, partitions)).get('a/2')).toBe('m2');
    expect(lostClaims(members)).toEqual(new Map([['m1', new Map([['a', [2]]])]]));
  });

  it('are worth nothing where they speak of a generation that is not over: they come from an earlier group of the same name', () => {
    const joined = [
      { memberId: 'old', topics: ['a'], userData: encodeClaims(claiming({ a: [0] }, 50)) },
      { memberId: 'present', topics: ['a'], userData: encodeClaims(claiming({ a: [0] }, 3)) },
    ];
    expect([...lostClaims(readMembers(joined, 4)).keys()]).toEqual(['old']);
    expect([...lostClaims(readMembers(joined, 51)).keys()]).toEqual(['present']);
  });

  it('of one generation are decided the same way at every leader', () => {
    const members = [member('m2', ['a'], claiming({ a: [2] }, 7)), member('m1', ['a'], claiming({ a: [2] }, 7))];
    expect(lostClaims(members)).toEqual(lostClaims(members.toReversed()));
    expect([...lostClaims(members).keys()]).toEqual(['m2']);
  });

  it('leave each claim either standing or lost', () => {
    fc.assert(
      fc.property(group, ({ members }) => {
        const lost = lostClaims(members);
        const standing = members.flatMap((one) => places(one.claims.owned).filter((place) => !places(lost.get(one.memberId)).includes(place)));
        expect(new Set(standing).size).toBe(standing.length);
        expect(new Set(standing)).toEqual(new Set(members.flatMap((one) => places(one.claims.owned))));
      }),
    );
  });
});

describe('range', () => {
  it('divides each topic into stretches of neighbours, the first members getting one more', () => {
    const members = ['m3', 'm1', 'm2'].map((id) => member(id, ['a', 'b']));
    const assignment = target('range', members, new Map([['a', 8], ['b', 8]]));
    expect(assignment.get('m1')).toEqual(new Map([['a', [0, 1, 2]], ['b', [0, 1, 2]]]));
    expect(assignment.get('m2')).toEqual(new Map([['a', [3, 4, 5]], ['b', [3, 4, 5]]]));
    expect(assignment.get('m3')).toEqual(new Map([['a', [6, 7]], ['b', [6, 7]]]));
  });
});

describe('round robin', () => {
  it('deals all partitions out in turn, across topics', () => {
    const members = ['m1', 'm2'].map((id) => member(id, ['a', 'b']));
    const assignment = target('round-robin', members, new Map([['a', 3], ['b', 3]]));
    expect(assignment.get('m1')).toEqual(new Map([['a', [0, 2]], ['b', [1]]]));
    expect(assignment.get('m2')).toEqual(new Map([['a', [1]], ['b', [0, 2]]]));
  });

  it('passes over members that do not read the topic', () => {
    const members = [member('m1', ['a']), member('m2', ['b']), member('m3', ['a', 'b'])];
    const assignment = target('round-robin', members, new Map([['a', 2], ['b', 2]]));
    expect(assignment.get('m1')).toEqual(new Map([['a', [0]]]));
    expect(assignment.get('m2')).toEqual(new Map([['b', [0]]]));
    expect(assignment.get('m3')).toEqual(new Map([['a', [1]], ['b', [1]]]));
  });

  it('differs by one at most among members that read the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(20), { maxLength: 6 }), (size, counts) => {
        const partitions = new Map(counts.map((count, index) => [`t${index}`, count]));
        const members = Array.from({ length: size }, (_, index) => member(`m${index}`, [...partitions.keys()]));
        const assignment = target('round-robin', members, partitions);
        const loads = members.map(({ memberId }) => loadOf(assignment, memberId));
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
