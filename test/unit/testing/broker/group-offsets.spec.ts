import { ErrorCode } from '../../../../lib/testing/broker/protocol/error-codes.js';
import { GroupHarness, SESSION_MS } from './group-harness.js';

const OUTSIDE = { groupId: 'g', memberId: '', instanceId: null, generation: -1 };
const UNKNOWN_GROUP = -99;
const at = (partition: number, offset: number, metadata = '', topic = 't') => ({ topic, partition, offset, leaderEpoch: -1, metadata });
const named = (partition: number, topic = 't') => ({ topic, partition });

describe('A commit of a member', () => {
  it('is taken while the group is stable and while it prepares, and not while the leader divides', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    expect(group.commit(a, 1, 1)).toBe(ErrorCode.NONE);
    group.coordinator.forceRebalance('g');
    expect(group.commit(a, 1, 2)).toBe(ErrorCode.NONE);
    group.join({ memberId: a });
    expect([group.commit(a, 1, 3), group.commit(a, 2, 4)]).toEqual([ErrorCode.ILLEGAL_GENERATION, ErrorCode.REBALANCE_IN_PROGRESS]);
    expect(group.committed).toBe(2);
    group.sync(a, 2, {});
    expect(group.commit(a, 2, 5)).toBe(ErrorCode.NONE);
    expect(group.committed).toBe(5);
  });

  it('is refused from whoever is not in the group', async () => {
    const group = new GroupHarness();
    expect(group.commit('who', 1)).toBe(UNKNOWN_GROUP);
    const [a] = await group.stable(1);
    expect([group.commit('who', 1), group.commit(a, 0), group.commit(a, 2), group.commit('', -1), group.commit('', 1)]).toEqual([
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.ILLEGAL_GENERATION,
      ErrorCode.ILLEGAL_GENERATION,
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.UNKNOWN_MEMBER_ID,
    ]);
    await group.clock.pass(SESSION_MS);
    expect(group.commit(a, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

describe('A commit from outside', () => {
  it('makes a group where there is none, and is taken while nobody is in it', async () => {
    const group = new GroupHarness();
    expect(group.commit('', -1, 3)).toBe(ErrorCode.NONE);
    expect(group.description).toMatchObject({ state: 'Empty', protocolType: '' });
    await group.stable(1);
    expect(group.commit('', -1, 4)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.committed).toBe(3);
  });
});

describe('Metadata of a commit', () => {
  const { coordinator } = new GroupHarness();

  it.each([
    ['4,096 letters', 'x'.repeat(4096), ErrorCode.NONE],
    ['4,097 letters', 'x'.repeat(4097), ErrorCode.OFFSET_METADATA_TOO_LARGE],
    ['4,096 characters of three bytes', '㐀'.repeat(4096), ErrorCode.NONE],
    ['2,048 surrogate pairs', '😀'.repeat(2048), ErrorCode.NONE],
    ['2,048 surrogate pairs and a letter', `${'😀'.repeat(2048)}x`, ErrorCode.OFFSET_METADATA_TOO_LARGE],
  ])('of %s costs that partition alone, or passes', (_, metadata, expected) => {
    const topic = String(metadata.length) + String(metadata.codePointAt(0));
    expect(coordinator.commit(OUTSIDE, [at(0, 1, 'before', topic), at(1, 1, metadata, topic)], UNKNOWN_GROUP)).toEqual([ErrorCode.NONE, expected]);
    const [before, found] = coordinator.fetchOffsets('g', [named(0, topic), named(1, topic)], false);
    expect(before.metadata).toBe('before');
    expect(found).toMatchObject(expected === ErrorCode.NONE ? { offset: 1, metadata } : { offset: -1, metadata: '' });
  });

  it('is refused for all partitions where the whole commit is too large for the offsets topic', () => {
    const full = (count: number) => Array.from({ length: count }, (_, partition) => at(partition, 1, '㐀'.repeat(4096), 'full'));
    expect(new Set(coordinator.commit(OUTSIDE, full(85), UNKNOWN_GROUP))).toEqual(new Set([ErrorCode.UNKNOWN_SERVER_ERROR]));
    expect(coordinator.fetchOffsets('g', [named(0, 'full')], false)[0].offset).toBe(-1);
    expect(new Set(coordinator.commit(OUTSIDE, full(84), UNKNOWN_GROUP))).toEqual(new Set([ErrorCode.NONE]));
  });
});

describe('Offsets within a transaction', () => {
  const commitInTransaction = ({ coordinator }: GroupHarness, producerId: number, offset: number, identity = OUTSIDE) => coordinator.commitInTransaction(identity, producerId, [at(0, offset)])[0];
  const stable = ({ coordinator }: GroupHarness) => coordinator.fetchOffsets('g', [named(0)], true)[0];

  it('are seen when it commits, and refused to who wants them stable until then', () => {
    const group = new GroupHarness();
    group.commit('', -1, 1);
    expect(commitInTransaction(group, 7, 5)).toBe(ErrorCode.NONE);
    expect(group.committed).toBe(1);
    expect(stable(group)).toMatchObject({ errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT, offset: -1 });
    group.coordinator.endTransaction(7, true);
    expect(stable(group)).toMatchObject({ errorCode: ErrorCode.NONE, offset: 5 });
  });

  it('are forgotten when it aborts', () => {
    const group = new GroupHarness();
    commitInTransaction(group, 7, 5);
    group.coordinator.endTransaction(7, false);
    expect(stable(group)).toMatchObject({ errorCode: ErrorCode.NONE, offset: -1 });
  });

  it('do not undo what was committed after them', () => {
    const group = new GroupHarness();
    commitInTransaction(group, 7, 5);
    group.commit('', -1, 9);
    group.coordinator.endTransaction(7, true);
    expect(group.committed).toBe(9);
  });

  it('are taken from members of the current generation, also while the leader divides', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    const of = (memberId: string, generation: number) => commitInTransaction(group, 7, 5, { ...OUTSIDE, memberId, generation });
    expect([of(a, 1), of(a, 0), of('who', 1), of('', -1)]).toEqual([ErrorCode.NONE, ErrorCode.ILLEGAL_GENERATION, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NONE]);
    group.join({ memberId: a });
    expect(group.state).toBe('CompletingRebalance');
    expect(of(a, 2)).toBe(ErrorCode.NONE);
  });

  it('are refused in the name of a group that is not there', () => {
    expect(commitInTransaction(new GroupHarness(), 7, 5, { ...OUTSIDE, memberId: 'me', generation: 1 })).toBe(ErrorCode.ILLEGAL_GENERATION);
  });
});

describe('Deleting', () => {
  const TOPICS = (...topics: string[]) => {
    const names = topics.map((topic) => Buffer.concat([Buffer.from([0, topic.length]), Buffer.from(topic)]));
    return Buffer.concat([Buffer.from([0, 3, 0, 0, 0, topics.length]), ...names, Buffer.from('whatever a later version has')]);
  };

  it('an offset is refused while the group reads that topic', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1, () => ({ protocols: [{ name: 'range', metadata: TOPICS('t') }] }));
    group.coordinator.commit({ ...OUTSIDE, memberId: a, generation: 1 }, [at(0, 1), at(0, 2, '', 'u')], UNKNOWN_GROUP);
    expect(group.coordinator.deleteOffsets('g', [named(0), named(0, 'u')])).toEqual([ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode.NONE]);
    expect(group.coordinator.fetchOffsets('g', null, false).map(({ topic }) => topic)).toEqual(['t']);
    group.leave({ memberId: a });
    expect(group.coordinator.deleteOffsets('g', [named(0)])).toEqual([ErrorCode.NONE]);
  });

  it('an offset is refused where nobody can tell what is read', async () => {
    const group = new GroupHarness();
    await group.stable(1, () => ({ protocols: [{ name: 'range', metadata: Buffer.from([0, 0, 0x7f, 0xff, 0xff, 0xff, 0]) }] }));
    expect(group.coordinator.deleteOffsets('g', [named(0)])).toEqual([ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC]);
    const connect = new GroupHarness();
    await connect.stable(1, () => ({ protocolType: 'connect' }));
    expect(['g', 'h', ''].map((id) => connect.coordinator.refusesDeletingOffsets(id))).toEqual([ErrorCode.NON_EMPTY_GROUP, ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.INVALID_GROUP_ID]);
    expect(connect.coordinator.deleteOffsets('g', [named(0)])).toEqual([ErrorCode.NON_EMPTY_GROUP]);
  });

  it('a group needs it to be empty', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    group.commit(a, 1, 5);
    expect([group.coordinator.delete('g'), group.coordinator.delete('h')]).toEqual([ErrorCode.NON_EMPTY_GROUP, ErrorCode.GROUP_ID_NOT_FOUND]);
    group.leave({ memberId: a });
    expect(group.coordinator.delete('g')).toBe(ErrorCode.NONE);
    expect([group.state, group.committed]).toEqual(['Dead', -1]);
  });

  it('a topic takes its offsets along', () => {
    const group = new GroupHarness();
    group.coordinator.commit(OUTSIDE, [at(0, 1), at(0, 2, '', 'u')], UNKNOWN_GROUP);
    group.coordinator.topicDeleted('t');
    expect(group.coordinator.fetchOffsets('g', null, false)).toMatchObject([{ topic: 'u', offset: 2 }]);
  });
});

describe('A coordinator that moves', () => {
  it('keeps members, generation, assignment and offsets', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    group.commit(a, 1, 5);
    group.coordinator.coordinatorMoved('g');
    expect([group.heartbeat(a, 1), group.heartbeat(b, 1), group.commit(a, 1, 6)]).toEqual([ErrorCode.NONE, ErrorCode.NONE, ErrorCode.NONE]);
    expect(group.sync(b, 1).reply?.assignment.toString()).toBe('part 1');
    expect(group.join({ memberId: b }).reply).toMatchObject({ generation: 1, leaderId: a });
    await group.clock.pass(SESSION_MS);
    expect(group.state).toBe('Empty');
  });

  it('answers what is parked, and goes back to the last generation that was complete', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    const newcomer = group.newcomer();
    const joining = group.join({ memberId: a });
    group.coordinator.coordinatorMoved('g');
    expect([joining.reply, newcomer.joined.reply]).toMatchObject([{ errorCode: ErrorCode.NOT_COORDINATOR }, { errorCode: ErrorCode.NOT_COORDINATOR }]);
    expect(group.state).toBe('Stable');
    expect(group.join({ memberId: newcomer.id }).reply).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });

    group.join({ memberId: a });
    group.join({ memberId: b });
    const syncing = group.sync(b, 2);
    group.coordinator.coordinatorMoved('g');
    expect(syncing.reply).toMatchObject({ errorCode: ErrorCode.NOT_COORDINATOR });
    expect([group.heartbeat(a, 2), group.heartbeat(a, 1)]).toEqual([ErrorCode.ILLEGAL_GENERATION, ErrorCode.NONE]);
  });

  it('lets no session end while there is none', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    group.coordinator.coordinatorLost('g');
    expect(() => group.coordinator.forceRebalance('g')).toThrow('no members');
    await group.clock.pass(10 * SESSION_MS);
    group.coordinator.coordinatorMoved('g');
    expect(group.heartbeat(a, 1)).toBe(ErrorCode.NONE);
    await group.clock.pass(SESSION_MS);
    expect(group.heartbeat(a, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it('leaves no timer of the past behind', async () => {
    const group = new GroupHarness();
    await group.stable(3);
    group.join();
    group.coordinator.coordinatorMoved('g');
    expect(group.clock.timerCount).toBe(3);
  });
});
