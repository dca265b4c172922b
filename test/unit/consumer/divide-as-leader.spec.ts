import { NO_CLAIMS } from '../../../lib/assignors/claims.js';
import { decodeMark } from '../../../lib/assignors/user-data.js';
import { joinProtocols } from '../../../lib/consumer/assignment-policy.js';
import { divideAsLeader } from '../../../lib/consumer/divide-as-leader.js';
import type { JoinedMember, MemberPartitions } from '../../../lib/consumer/wire.js';
import { FakeFetchWire, FakeLog, ManualClock } from '../../support/fake-fetch-wire.js';

function setUp() {
  const [clock, log, wire] = [new ManualClock(), new FakeLog(), new FakeFetchWire().topic('a', 2).topic('b', 3)];
  const divide = (members: readonly JoinedMember[]): Promise<readonly MemberPartitions[]> => divideAsLeader({ members, generation: 7 }, { wire, clock, log, strategy: 'sticky' });
  return { clock, log, wire, divide };
}
const joined = (memberId: string, topics: readonly string[], claims: Partial<typeof NO_CLAIMS> = {}): JoinedMember => ({
  memberId,
  topics,
  userData: joinProtocols(topics, { ...NO_CLAIMS, ...claims })[0].userData,
});
const given = (division: readonly MemberPartitions[]): Record<string, unknown> =>
  Object.fromEntries(division.map(({ memberId, partitions }) => [memberId, Object.fromEntries(partitions)]));

describe('a leader', () => {
  it('divides every topic that somebody reads, its own or not', async () => {
    const { divide } = setUp();
    expect(given(await divide([joined('me', ['a']), joined('you', ['b']), joined('both', ['a', 'b'])]))).toEqual({ both: { a: [0], b: [1] }, me: { a: [1] }, you: { b: [0, 2] } });
  });

  it('leaves its mark with everybody, and tells those whose claims were beaten', async () => {
    const { divide } = setUp();
    const owned = new Map([['a', [0]]]);
    const division = await divide([joined('old', ['a'], { owned, generation: 3 }), joined('new', ['a'], { owned, generation: 6 })]);
    const marks = division.map(({ memberId, userData }) => [memberId, decodeMark(userData)]);
    expect(marks).toEqual([
      ['new', { honoured: true, lost: new Map() }],
      ['old', { honoured: true, lost: new Map([['a', [0]]]) }],
    ]);
  });

  it('gives to members of other clients what nobody claims', async () => {
    const { divide } = setUp();
    const plain: JoinedMember = { memberId: 'plain', topics: ['a'], userData: Buffer.alloc(0) };
    expect(given(await divide([joined('ours', ['a'], { owned: new Map([['a', [0]]]), generation: 6 }), plain]))).toEqual({ ours: { a: [0] }, plain: { a: [1] } });
  });

  it('looks again while a member sees partitions that it does not', async () => {
    const { clock, wire, divide } = setUp();
    const dividing = divide([joined('me', ['a']), joined('you', ['b'], { counts: new Map([['b', 4]]) })]);
    await clock.pass(60);
    wire.topic('b', 4);
    await clock.pass(200);
    expect(given(await dividing)).toEqual({ me: { a: [0, 1] }, you: { b: [0, 1, 2, 3] } });
  });

  it('goes by what there is, with a warning, where a member insists on more', async () => {
    const { clock, log, divide } = setUp();
    const dividing = divide([joined('liar', ['b'], { counts: new Map([['b', 1_000_000_000]]) })]);
    await clock.pass(10_000);
    expect(given(await dividing)).toEqual({ liar: { b: [0, 1, 2] } });
    expect(log.warnings).toEqual(['Some members see more partitions of b than there are; the group goes by what there is']);
  });

  it('divides what it can when user data is damaged, hostile or of another library', async () => {
    const { divide } = setUp();
    const hostile = [Buffer.from('kmtc\u0001\xff\xff\xff\xff', 'latin1'), Buffer.from('{"__proto__":{"x":1}}'), Buffer.alloc(100_000, 0x80)];
    const division = await divide(hostile.map((userData, index) => ({ memberId: `m${index}`, topics: ['b', '__proto__'], userData })));
    expect(given(division)).toEqual({ m0: { b: [0] }, m1: { b: [1] }, m2: { b: [2] } });
  });
});
