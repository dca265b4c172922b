import { ErrorCode } from '../../../../lib/testing/broker/protocol/error-codes.js';
import { GroupHarness, REBALANCE_MS, SESSION_MS } from './group-harness.js';

const JOIN_OF_A_NEWCOMER_MS = 300_000;

describe('A session', () => {
  it('lasts as long as heartbeats come, in every state', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    await group.beat([a, b], 1, 3 * SESSION_MS);
    expect(group.state).toBe('Stable');
    group.coordinator.forceRebalance('g');
    await group.beat([a, b], 1, 2 * SESSION_MS);
    expect(group.description.members).toHaveLength(2);
  });

  it('ends without heartbeats, and the others have to join again', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    await group.beat([a], 1, SESSION_MS);
    expect([group.heartbeat(a, 1), group.heartbeat(b, 1)]).toEqual([ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.UNKNOWN_MEMBER_ID]);
  });

  it('goes on with a commit', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    for (let passed = 0; passed < 3 * SESSION_MS; passed += 5000) {
      await group.clock.pass(5000);
      expect(group.commit(a, 1)).toBe(ErrorCode.NONE);
    }
  });

  it('does not end while a join or a sync waits', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    const joining = group.join({ memberId: a, rebalanceTimeoutMs: 60_000 });
    await group.beat([b], 1, 2 * SESSION_MS);
    expect(joining.reply).toBeNull();
    group.join({ memberId: b });
    expect(joining.reply?.members).toHaveLength(2);

    const syncing = group.sync(b, 2);
    await group.beat([a], 2, 2 * SESSION_MS);
    expect(syncing.reply).toBeNull();
    group.sync(a, 2, { [b]: 'late' });
    expect(syncing.reply?.assignment.toString()).toBe('late');
  });

  it('of a newcomer that waits for its first join ends after five minutes', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1, () => ({ rebalanceTimeoutMs: 2 * JOIN_OF_A_NEWCOMER_MS }));
    const { joined } = group.newcomer();
    await group.beat([a], 1, JOIN_OF_A_NEWCOMER_MS - 1000);
    expect(joined.reply).toBeNull();
    await group.beat([a], 1, 1000);
    expect(joined.reply).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, memberId: '' });
  });

  it('is ended by hand, whatever the member waits for', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    expect(() => group.coordinator.expireMember('g', 'who')).toThrow(`Group g has no member who; it has ${a}, ${b}.`);
    const joining = group.join({ memberId: a });
    group.coordinator.expireMember('g', a);
    expect(joining.reply).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
    expect(group.heartbeat(b, 1)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  it('leaves an empty group behind when it was the last one', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    group.commit(a, 1, 7);
    await group.clock.pass(SESSION_MS);
    expect(group.description).toMatchObject({ state: 'Empty', members: [], protocolType: 'consumer' });
    expect(group.committed).toBe(7);
    expect(group.clock.timerCount).toBe(0);
  });
});

describe('Leaving', () => {
  it('rebalances at once', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    expect(group.leave({ memberId: b })).toEqual([ErrorCode.NONE]);
    expect(group.join({ memberId: a }).reply).toMatchObject({ generation: 2, members: [{ memberId: a }] });
  });

  it('answers each member that is named', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2, (index) => (index === 0 ? { instanceId: 'one', mustJoinWithId: false } : {}));
    const answers = group.leave({ memberId: 'who' }, { memberId: b }, { instanceId: 'two' }, { memberId: b, instanceId: 'one' }, { instanceId: 'one' });
    expect(answers).toEqual([ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID, ErrorCode.NONE]);
    expect(group.heartbeat(a, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(group.state).toBe('Empty');
  });

  it('gives an id back that nobody has joined with', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    const promised = group.join().reply?.memberId ?? '';
    const { joined } = group.newcomer();
    const again = group.join({ memberId: a });
    expect(again.reply).toBeNull();
    expect(group.leave({ memberId: promised })).toEqual([ErrorCode.NONE]);
    expect([again.reply?.generation, joined.reply?.generation]).toEqual([2, 2]);
  });

  it('tells a request of the member that still waits', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    const joining = group.join({ memberId: a });
    group.leave({ memberId: a });
    expect(joining.reply).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
    group.join({ memberId: b });
    expect(group.state).toBe('CompletingRebalance');
  });

  it('is refused where the group is not there', () => {
    expect(new GroupHarness().leave({ memberId: 'me' })).toEqual([ErrorCode.UNKNOWN_MEMBER_ID]);
  });
});

describe('A static member', () => {
  const instance = (instanceId: string) => ({ instanceId, mustJoinWithId: true, maySkipAssignment: true });

  it('is in at once, and named after its instance', async () => {
    const group = new GroupHarness();
    const joined = group.join(instance('one'));
    await group.clock.pass(0);
    expect(joined.reply).toMatchObject({ errorCode: ErrorCode.NONE, memberId: expect.stringMatching(/^one-/) as string });
    expect(joined.reply?.members[0].instanceId).toBe('one');
  });

  it('that is back within its session gets its place and its assignment again, without a rebalance', async () => {
    const group = new GroupHarness();
    const joined = [group.join(instance('one')), group.join(instance('two'))];
    await group.clock.pass(0);
    const [one, two] = joined.map(({ reply }) => reply?.memberId ?? '');
    group.sync(two, 1, {}, { instanceId: 'two' });
    group.sync(one, 1, { [one]: 'of one', [two]: 'of two' }, { instanceId: 'one' });

    const back = group.join(instance('two')).reply;
    expect(back).toMatchObject({ errorCode: ErrorCode.NONE, generation: 1, leaderId: one, skipAssignment: false });
    expect(group.state).toBe('Stable');
    const id = back?.memberId ?? '';
    expect(group.sync(id, 1, {}, { instanceId: 'two' }).reply?.assignment.toString()).toBe('of two');
    expect(group.heartbeat(two, 1, 'two')).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(group.heartbeat(two, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    await group.beat([one, id], 1, 2 * SESSION_MS);
    expect(group.state).toBe('Stable');
  });

  it.each([
    [true, { skipAssignment: true, isItself: true, members: 1 }],
    [false, { skipAssignment: false, isItself: false, members: 0 }],
  ])('that leads and is back divides nothing (it knows of skipping: %p)', async (maySkipAssignment, expected) => {
    const group = new GroupHarness();
    const first = group.join(instance('one'));
    await group.clock.pass(0);
    const id = first.reply?.memberId ?? '';
    group.sync(id, 1, { [id]: 'all' }, { instanceId: 'one' });
    const { reply } = group.join({ ...instance('one'), maySkipAssignment });
    expect({ skipAssignment: reply?.skipAssignment, isItself: reply?.leaderId === reply?.memberId, members: reply?.members.length }).toEqual(expected);
  });

  it('fences whoever waits under its name', async () => {
    const group = new GroupHarness();
    const joined = [group.join(instance('one')), group.join(instance('two'))];
    await group.clock.pass(0);
    const [one, two] = joined.map(({ reply }) => reply?.memberId ?? '');
    const syncing = group.sync(two, 1, {}, { instanceId: 'two' });
    const successor = group.join(instance('two'));
    expect(syncing.reply).toMatchObject({ errorCode: ErrorCode.FENCED_INSTANCE_ID });
    expect(group.state).toBe('PreparingRebalance');

    const next = group.join(instance('two'));
    expect(successor.reply).toMatchObject({ errorCode: ErrorCode.FENCED_INSTANCE_ID });
    expect(next.reply).toBeNull();
    const leader = group.join({ ...instance('one'), memberId: one });
    expect(leader.reply?.members.map(({ memberId }) => memberId)).toEqual([one, next.reply?.memberId]);
  });

  it('that is away keeps its place through a round, and loses it with its session', async () => {
    const group = new GroupHarness();
    const joined = [group.join({ ...instance('one'), sessionTimeoutMs: 120_000 }), group.join(instance('two'))];
    await group.clock.pass(0);
    const [one, two] = joined.map(({ reply }) => reply?.memberId ?? '');
    group.sync(one, 1, {}, { instanceId: 'one' });
    group.sync(two, 1, {}, { instanceId: 'two' });
    group.coordinator.forceRebalance('g');
    const again = group.join({ ...instance('two'), memberId: two });
    await group.clock.pass(REBALANCE_MS);
    expect(again.reply).toMatchObject({ generation: 2, leaderId: two });
    expect(again.reply?.members.map(({ instanceId }) => instanceId).sort()).toEqual(['one', 'two']);
  });
});
