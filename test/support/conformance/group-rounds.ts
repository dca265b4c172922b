import { deleteGroupsApi } from '../../../lib/testing/broker/apis/delete-groups.js';
import { describeGroupsApi } from '../../../lib/testing/broker/apis/describe-groups.js';
import { offsetDeleteApi } from '../../../lib/testing/broker/apis/offset-delete.js';
import { eventually, unique } from '../kafka.js';
import type { BrokerUnderTest, StartBroker } from './broker-under-test.js';
import { type MemberSetup, nameOf, RawMember, subscription } from './raw-member.js';

const SHORT_SESSION_MS = 500;

/** What a coordinator of classic groups answers, state by state. */
export function groupRounds(start: StartBroker): void {
  let broker: BrokerUnderTest;
  let topic: string;
  let groupId: string;
  /** Somebody whose connection no join blocks. */
  let watcher: RawMember;
  const members: RawMember[] = [];
  const member = async (setup: Partial<MemberSetup> = {}): Promise<RawMember> => {
    const connected = await RawMember.connect(broker.address, { groupId, ...setup });
    members.push(connected);
    return connected;
  };
  const description = async () => (await watcher.client.call(describeGroupsApi, 5, { groups: [groupId], includeAuthorizedOperations: false })).groups[0];
  const state = async (): Promise<string> => (await description()).groupState;
  const become = (wanted: string): Promise<unknown> => eventually(async () => (await state()) === wanted, { what: `the group is ${wanted}` });

  beforeAll(async () => {
    broker = await start();
    topic = await broker.createTopic(1);
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    groupId = unique('group');
    watcher = await RawMember.connect(broker.address, { groupId });
  });
  afterEach(() => {
    for (const each of members.splice(0)) each.close();
    watcher.close();
  });

  describe('joining', () => {
    it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])('works in version %i of JoinGroup', async (joinVersion) => {
      const one = await member({ joinVersion });
      const first = await one.join();
      expect(nameOf(first.errorCode)).toBe(joinVersion < 4 ? 'NONE' : 'MEMBER_ID_REQUIRED');
      const joined = joinVersion < 4 ? first : await one.join();
      expect(joined).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range', protocolType: joinVersion < 7 ? null : 'consumer', leader: one.id, memberId: one.id, skipAssignment: false });
      expect(joined.members).toEqual([{ memberId: one.id, groupInstanceId: null, metadata: subscription() }]);
      expect(one.id).toMatch(/^raw-member-[0-9a-f-]{36}$/);
    });

    it.each([0, 1, 2, 3, 4, 5])('works in version %i of SyncGroup, Heartbeat and LeaveGroup', async (version) => {
      const one = await member();
      await one.enter();
      const synced = await one.sync([{ memberId: one.id, assignment: Buffer.from('all') }], { version });
      expect(synced).toMatchObject({ errorCode: 0, assignment: Buffer.from('all'), protocolType: version < 5 ? null : 'consumer', protocolName: version < 5 ? null : 'range' });
      expect(await one.heartbeat({ version: Math.min(version, 4) })).toBe('NONE');
      expect(await one.leave(undefined, version)).toEqual(version < 3 ? ['NONE'] : ['NONE', 'NONE']);
      expect(await one.leave(undefined, version)).toEqual(version < 3 ? ['UNKNOWN_MEMBER_ID'] : ['NONE', 'UNKNOWN_MEMBER_ID']);
    });

    it.each<[string, Partial<MemberSetup & { memberId: string }>, string, string]>([
      ['an id that nobody was given', { memberId: 'me' }, 'UNKNOWN_MEMBER_ID', 'me'],
      ['no name of a group', { groupId: '' }, 'INVALID_GROUP_ID', ''],
      ['no protocols', { protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL', ''],
      ['no type of protocols', { protocolType: '' }, 'INCONSISTENT_GROUP_PROTOCOL', ''],
      ['too short a session', { sessionTimeoutMs: 0 }, 'INVALID_SESSION_TIMEOUT', ''],
      ['too long a session', { sessionTimeoutMs: 1_800_001 }, 'INVALID_SESSION_TIMEOUT', ''],
    ])('is refused with %s', async (_, changes, error, memberId) => {
      const one = await member();
      const { errorCode, ...joined } = await one.join(changes);
      expect({ ...joined, error: nameOf(errorCode) }).toEqual({
        error,
        throttleTimeMs: 0,
        generationId: -1,
        protocolType: null,
        protocolName: null,
        leader: '',
        skipAssignment: false,
        memberId,
        members: [],
      });
    });

    it('is refused where nothing is in common, and the group goes on', async () => {
      const one = await member();
      await one.settle();
      const two = await member({ protocols: [{ name: 'robin', metadata: subscription() }] });
      const three = await member({ protocolType: 'connect' });
      expect([await two.join(), await three.join()].map(({ errorCode }) => nameOf(errorCode))).toEqual(['INCONSISTENT_GROUP_PROTOCOL', 'INCONSISTENT_GROUP_PROTOCOL']);
      expect(await state()).toBe('Stable');
    });

    it('takes the protocol that most vote for', async () => {
      const offer = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: subscription(name) })) });
      const [one, two, three] = [await member(offer('sticky', 'range', 'robin')), await member(offer('robin', 'range')), await member(offer('range', 'robin'))];
      await one.settle();
      const joins = [two.enter(), three.enter()];
      await become('PreparingRebalance');
      // Both have to be in before the first one is: a round that is over without the third one would vote otherwise.
      await eventually(async () => (await description()).members.length === 3, { what: 'three members' });
      const joined = await Promise.all([one.join(), ...joins]);
      expect(joined.map(({ protocolName }) => protocolName)).toEqual(['range', 'range', 'range']);
      expect(joined[0].members.map(({ metadata }) => metadata)).toEqual(Array(3).fill(subscription('range')));
    });
  });

  describe('a round', () => {
    it('tells the leader who is there, and everybody what the leader says', async () => {
      const [one, two] = [await member(), await member()];
      await one.settle();
      const joining = two.enter();
      await become('PreparingRebalance');
      const [first, second] = await Promise.all([one.join(), joining]);
      expect(first.members.map(({ memberId }) => memberId).sort()).toEqual([one.id, two.id].sort());
      expect(second).toMatchObject({ generationId: 2, leader: one.id, members: [] });
      const [ofTwo, ofOne] = await Promise.all([two.settle(second), one.settle(first)]);
      expect([ofOne, ofTwo].map(({ assignment }) => assignment.toString())).toEqual([`of ${one.id}`, `of ${two.id}`]);
      expect((await two.sync()).assignment.toString()).toBe(`of ${two.id}`);
    });

    it('is a repeated answer for a follower without news, and a new round for a leader', async () => {
      const [one, two] = [await member(), await member()];
      await one.settle();
      const joining = two.enter();
      await become('PreparingRebalance');
      const [first, second] = await Promise.all([one.join(), joining]);
      await Promise.all([two.settle(second), one.settle(first)]);
      expect(await two.join()).toMatchObject({ errorCode: 0, generationId: 2, leader: one.id, members: [], protocolName: 'range' });
      expect(await state()).toBe('Stable');
      const again = one.join();
      await become('PreparingRebalance');
      await two.join();
      expect(await again).toMatchObject({ generationId: 3 });
      expect(await one.join()).toMatchObject({ generationId: 3, members: [expect.anything(), expect.anything()] });
    });

    it('refuses syncs that wait when somebody else joins', async () => {
      const [one, two, three] = [await member(), await member(), await member()];
      await one.settle();
      const joining = two.enter();
      await become('PreparingRebalance');
      await Promise.all([one.join(), joining]);
      const syncing = two.sync();
      const third = three.enter();
      expect(await syncing).toMatchObject({ errorCode: 27, assignment: Buffer.alloc(0) });
      expect(nameOf((await one.sync()).errorCode)).toBe('REBALANCE_IN_PROGRESS');
      await Promise.all([one.join(), two.join(), third]);
      expect(await state()).toBe('CompletingRebalance');
    });

    it('throws out who does not join within the rebalance timeout', async () => {
      const short = { rebalanceTimeoutMs: 700 };
      const [one, two] = [await member(short), await member(short)];
      await one.settle();
      await two.enter();
      expect(two.generation).toBe(2);
      expect(await one.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
    });

    it('throws out who does not sync within the rebalance timeout', async () => {
      const short = { rebalanceTimeoutMs: 700 };
      const [one, two] = [await member(short), await member(short)];
      await one.settle();
      const joining = two.enter();
      await become('PreparingRebalance');
      const [first] = await Promise.all([one.join(), joining]);
      await one.settle(first);
      await become('PreparingRebalance');
      expect([await one.heartbeat(), await two.heartbeat()]).toEqual(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID']);
    });

    it('waits for an id that was given out, for a session', async () => {
      const [one, two] = [await member(), await member({ sessionTimeoutMs: SHORT_SESSION_MS })];
      await one.settle();
      await two.join();
      const again = one.join();
      await become('PreparingRebalance');
      await again;
      expect(one.generation).toBe(2);
    });
  });

  describe('a session', () => {
    it('ends without heartbeats, and leaves an empty group', async () => {
      const one = await member({ sessionTimeoutMs: SHORT_SESSION_MS });
      await one.settle();
      await become('Empty');
      expect([await one.heartbeat(), nameOf((await one.sync()).errorCode), nameOf((await one.join()).errorCode)]).toEqual(['UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID', 'UNKNOWN_MEMBER_ID']);
    });

    it('goes on with commits', async () => {
      const one = await member({ sessionTimeoutMs: SHORT_SESSION_MS });
      await one.settle();
      const until = performance.now() + 3 * SHORT_SESSION_MS;
      await eventually(async () => (await one.commit(topic)) !== 'NONE' || performance.now() > until, { what: 'three sessions of commits', every: 100 });
      expect(await one.heartbeat()).toBe('NONE');
    });

    it('of who leaves ends at once', async () => {
      const [one, two] = [await member(), await member()];
      await one.settle();
      const joining = two.enter();
      await become('PreparingRebalance');
      const [first, second] = await Promise.all([one.join(), joining]);
      await Promise.all([two.settle(second), one.settle(first)]);
      expect(await two.leave([{ memberId: 'who', groupInstanceId: null }, { memberId: two.id, groupInstanceId: null }, { memberId: '', groupInstanceId: 'nobody' }])).toEqual(['NONE', 'UNKNOWN_MEMBER_ID', 'NONE', 'UNKNOWN_MEMBER_ID']);
      expect(await one.heartbeat()).toBe('REBALANCE_IN_PROGRESS');
      expect(await one.join()).toMatchObject({ generationId: 3, leader: one.id });
    });
  });

  describe('a static member', () => {
    const instance = (instanceId: string): Promise<RawMember> => member({ instanceId });
    /** Two instances in a stable group; the first one leads. */
    const two = async (): Promise<[RawMember, RawMember]> => {
      const [one, other] = [await instance('one'), await instance('two')];
      await one.settle();
      const joining = other.join();
      await become('PreparingRebalance');
      const [first, second] = await Promise.all([one.join(), joining]);
      await Promise.all([other.settle(second), one.settle(first)]);
      return [one, other];
    };

    it('is in at once, under the name of its instance', async () => {
      const one = await instance('one');
      expect(await one.join()).toMatchObject({ errorCode: 0, generationId: 1, members: [{ groupInstanceId: 'one' }] });
      expect(one.id).toMatch(/^one-[0-9a-f-]{36}$/);
    });

    it('that is back has its assignment without a rebalance, and fences its predecessor', async () => {
      const [one, other] = await two();
      const back = await instance('two');
      expect(await back.join()).toMatchObject({ errorCode: 0, generationId: 2, leader: one.id, skipAssignment: false, members: [] });
      expect((await back.sync()).assignment.toString()).toBe(`of ${other.id}`);
      expect(await state()).toBe('Stable');
      expect([await other.heartbeat(), await other.heartbeat({ groupInstanceId: null }), nameOf((await other.sync()).errorCode), await other.commit(topic), nameOf((await other.join()).errorCode)]).toEqual([
        'FENCED_INSTANCE_ID',
        'UNKNOWN_MEMBER_ID',
        'FENCED_INSTANCE_ID',
        'FENCED_INSTANCE_ID',
        'FENCED_INSTANCE_ID',
      ]);
      expect(await back.heartbeat({ groupInstanceId: 'three' })).toBe('UNKNOWN_MEMBER_ID');
    });

    it.each([
      [9, { skipAssignment: true, isItself: true, members: 2 }],
      [8, { skipAssignment: false, isItself: false, members: 0 }],
    ])('that leads and is back divides nothing, in version %i', async (joinVersion, expected) => {
      await two();
      const back = await member({ instanceId: 'one', joinVersion });
      const { skipAssignment, leader, memberId, members: told } = await back.join();
      expect({ skipAssignment, isItself: leader === memberId, members: told.length }).toEqual(expected);
    });

    it('that waits is fenced by the next one of its name', async () => {
      const [one, other] = await two();
      const joining = other.join({ protocols: [{ name: 'range', metadata: subscription('another') }] });
      await become('PreparingRebalance');
      const back = await instance('two');
      const second = back.join();
      expect(nameOf((await joining).errorCode)).toBe('FENCED_INSTANCE_ID');
      expect((await one.join()).members.map(({ groupInstanceId }) => groupInstanceId).sort()).toEqual(['one', 'two']);
      expect(await second).toMatchObject({ errorCode: 0, generationId: 3 });
    });

    it('leaves by its name alone, when somebody else says so', async () => {
      const [one, other] = await two();
      expect(await one.leave([{ memberId: '', groupInstanceId: 'two' }, { memberId: one.id, groupInstanceId: 'two' }, { memberId: 'who', groupInstanceId: 'one' }])).toEqual(['NONE', 'NONE', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID']);
      expect(await other.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
      expect(await one.heartbeat()).toBe('REBALANCE_IN_PROGRESS');
    });
  });

  describe('each state', () => {
    const answers = async (one: RawMember): Promise<Record<string, string>> => {
      const outside = { memberId: '', generationId: -1 };
      const { client } = watcher;
      const offsetDelete = await client.call(offsetDeleteApi, 0, { groupId, topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }] });
      return {
        'heartbeat, earlier generation': await one.heartbeat({ generationId: one.generation - 1 }),
        'heartbeat, unknown': await one.heartbeat({ memberId: 'who' }),
        'sync, earlier generation': nameOf((await one.sync([], { generationId: one.generation - 1 })).errorCode),
        'sync, unknown': nameOf((await one.sync([], { memberId: 'who' })).errorCode),
        'sync, other protocol': nameOf((await one.sync([], { protocolName: 'robin' })).errorCode),
        'sync, below version 5': nameOf((await one.sync([], { protocolName: 'robin', version: 4, memberId: 'who' })).errorCode),
        'join, unknown': nameOf((await watcher.join({ memberId: 'who' })).errorCode),
        commit: await one.commit(topic),
        'commit, earlier generation': await one.commit(topic, { generationId: one.generation - 1 }),
        'commit, unknown': await one.commit(topic, { memberId: 'who' }),
        'commit, without id': await one.commit(topic, { memberId: '' }),
        'commit, without generation': await one.commit(topic, { generationId: -1 }),
        'commit, from outside': await one.commit(topic, outside),
        'commit, version 9': await one.commit(topic, { version: 9 }),
        'offset delete': nameOf(offsetDelete.errorCode),
        'delete group': nameOf((await client.call(deleteGroupsApi, 2, { groupsNames: [groupId] })).results[0].errorCode),
        heartbeat: await one.heartbeat(),
      };
    };

    it('has its answers: no group', async () => {
      const one = await member();
      one.id = 'me';
      one.generation = 1;
      const { 'commit, from outside': outside, 'commit, without generation': ungenerated, ...answered } = await answers(one);
      expect([outside, ungenerated]).toEqual(['NONE', 'NONE']);
      expect(answered).toEqual({
        'heartbeat, earlier generation': 'UNKNOWN_MEMBER_ID',
        'heartbeat, unknown': 'UNKNOWN_MEMBER_ID',
        'sync, earlier generation': 'UNKNOWN_MEMBER_ID',
        'sync, unknown': 'UNKNOWN_MEMBER_ID',
        'sync, other protocol': 'UNKNOWN_MEMBER_ID',
        'sync, below version 5': 'UNKNOWN_MEMBER_ID',
        'join, unknown': 'UNKNOWN_MEMBER_ID',
        commit: 'ILLEGAL_GENERATION',
        'commit, earlier generation': 'ILLEGAL_GENERATION',
        'commit, unknown': 'ILLEGAL_GENERATION',
        'commit, without id': 'ILLEGAL_GENERATION',
        // A commit from outside has made the group by now.
        'commit, version 9': 'UNKNOWN_MEMBER_ID',
        'offset delete': 'GROUP_ID_NOT_FOUND',
        'delete group': 'NONE',
        heartbeat: 'UNKNOWN_MEMBER_ID',
      });
      expect(await one.commit(topic, { version: 9 })).toBe('GROUP_ID_NOT_FOUND');
    });

    it('has its answers: Empty', async () => {
      const one = await member();
      await one.settle();
      await one.leave();
      await become('Empty');
      expect(await answers(one)).toEqual({
        'heartbeat, earlier generation': 'UNKNOWN_MEMBER_ID',
        'heartbeat, unknown': 'UNKNOWN_MEMBER_ID',
        'sync, earlier generation': 'UNKNOWN_MEMBER_ID',
        'sync, unknown': 'UNKNOWN_MEMBER_ID',
        'sync, other protocol': 'UNKNOWN_MEMBER_ID',
        'sync, below version 5': 'UNKNOWN_MEMBER_ID',
        'join, unknown': 'UNKNOWN_MEMBER_ID',
        commit: 'UNKNOWN_MEMBER_ID',
        'commit, earlier generation': 'UNKNOWN_MEMBER_ID',
        'commit, unknown': 'UNKNOWN_MEMBER_ID',
        'commit, without id': 'UNKNOWN_MEMBER_ID',
        'commit, without generation': 'NONE',
        'commit, from outside': 'NONE',
        'commit, version 9': 'UNKNOWN_MEMBER_ID',
        'offset delete': 'NONE',
        'delete group': 'NONE',
        heartbeat: 'UNKNOWN_MEMBER_ID',
      });
    });

    const ofMembers = {
      'heartbeat, earlier generation': 'ILLEGAL_GENERATION',
      'heartbeat, unknown': 'UNKNOWN_MEMBER_ID',
      'sync, earlier generation': 'ILLEGAL_GENERATION',
      'sync, unknown': 'UNKNOWN_MEMBER_ID',
      'sync, other protocol': 'INCONSISTENT_GROUP_PROTOCOL',
      'sync, below version 5': 'UNKNOWN_MEMBER_ID',
      'join, unknown': 'UNKNOWN_MEMBER_ID',
      commit: 'NONE',
      'commit, earlier generation': 'ILLEGAL_GENERATION',
      'commit, unknown': 'UNKNOWN_MEMBER_ID',
      'commit, without id': 'UNKNOWN_MEMBER_ID',
      'commit, without generation': 'ILLEGAL_GENERATION',
      'commit, from outside': 'UNKNOWN_MEMBER_ID',
      'commit, version 9': 'NONE',
      'offset delete': 'NONE',
      'delete group': 'NON_EMPTY_GROUP',
      heartbeat: 'NONE',
    };

    it('has its answers: PreparingRebalance', async () => {
      const [one, two] = [await member(), await member()];
      await one.settle();
      const joining = two.enter();
      await become('PreparingRebalance');
      expect(await answers(one)).toEqual({ ...ofMembers, heartbeat: 'REBALANCE_IN_PROGRESS' });
      expect(nameOf((await one.sync()).errorCode)).toBe('REBALANCE_IN_PROGRESS');
      await Promise.all([one.join(), joining]);
    });

    it('has its answers: CompletingRebalance', async () => {
      const one = await member();
      await one.enter();
      expect(await answers(one)).toEqual({ ...ofMembers, commit: 'REBALANCE_IN_PROGRESS', 'commit, version 9': 'REBALANCE_IN_PROGRESS' });
    });

    it('has its answers: Stable', async () => {
      const one = await member();
      await one.settle();
      expect(await answers(one)).toEqual(ofMembers);
    });
  });
}
