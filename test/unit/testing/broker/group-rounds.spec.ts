import { ErrorCode } from '../../../../lib/testing/broker/protocol/error-codes.js';
import { GroupHarness, protocols, REBALANCE_MS, SESSION_MS } from './group-harness.js';

describe('A group that assembles', () => {
  it('tells a member without an id to join with the one that it is given', async () => {
    const group = new GroupHarness();
    const first = group.join({ clientId: 'shop' });
    expect(first.reply).toMatchObject({ errorCode: ErrorCode.MEMBER_ID_REQUIRED, memberId: expect.stringMatching(/^shop-[0-9a-f-]{36}$/) as string, generation: -1 });
    expect(group.state).toBe('Empty');

    const joined = group.join({ memberId: first.reply?.memberId });
    expect(group.state).toBe('PreparingRebalance');
    await group.clock.pass(0);
    const memberId = first.reply?.memberId;
    expect(joined.reply).toMatchObject({ errorCode: ErrorCode.NONE, generation: 1, leaderId: memberId, memberId, protocolType: 'consumer', protocolName: 'range' });
    expect(joined.reply?.members).toEqual([{ memberId, instanceId: null, metadata: protocols('range')[0].metadata }]);
  });

  it('lets clients of old versions in at once', async () => {
    const group = new GroupHarness();
    const joined = group.join({ mustJoinWithId: false });
    await group.clock.pass(0);
    expect(joined.reply).toMatchObject({ errorCode: ErrorCode.NONE, generation: 1 });
  });

  it('tells the leader alone who is there, and each what it was assigned', async () => {
    const group = new GroupHarness();
    const [a, b] = [group.newcomer(), group.newcomer()];
    await group.clock.pass(0);
    expect(a.joined.reply?.members.map(({ memberId }) => memberId)).toEqual([a.id, b.id]);
    expect(b.joined.reply).toMatchObject({ leaderId: a.id, members: [] });

    const follower = group.sync(b.id, 1);
    expect(follower.reply).toBeNull();
    const leader = group.sync(a.id, 1, { [a.id]: 'of a', [b.id]: 'of b' });
    expect([leader.reply?.assignment.toString(), follower.reply?.assignment.toString()]).toEqual(['of a', 'of b']);
    expect(group.description).toMatchObject({ state: 'Stable', protocolName: 'range', protocolType: 'consumer' });
  });

  it('gives an empty assignment to whom the leader forgot', async () => {
    const group = new GroupHarness();
    const [a, b] = [group.newcomer(), group.newcomer()];
    await group.clock.pass(0);
    const follower = group.sync(b.id, 1);
    group.sync(a.id, 1, { [a.id]: 'everything' });
    expect(follower.reply).toMatchObject({ errorCode: ErrorCode.NONE, assignment: Buffer.alloc(0) });
  });

  it('waits for the initial delay, once more for each time in which somebody came, and not above the rebalance timeout', async () => {
    const group = new GroupHarness({ initialRebalanceDelayMs: 3000 });
    const first = group.newcomer({ rebalanceTimeoutMs: 8000 });
    await group.clock.pass(2000);
    group.newcomer({ rebalanceTimeoutMs: 8000 });
    await group.clock.pass(2000);
    expect(group.state).toBe('PreparingRebalance');
    group.newcomer({ rebalanceTimeoutMs: 8000 });
    await group.clock.pass(3999);
    expect(first.joined.reply).toBeNull();
    await group.clock.pass(1);
    expect(first.joined.reply?.members).toHaveLength(3);
  });

  it('takes the protocol that most members like best of those that all speak', async () => {
    const group = new GroupHarness();
    const members = [['sticky', 'range', 'robin'], ['robin', 'range'], ['range', 'robin']].map((names) => group.newcomer({ protocols: protocols(...names) }));
    await group.clock.pass(0);
    expect(members.map(({ joined }) => joined.reply?.protocolName)).toEqual(['range', 'range', 'range']);
    expect(members[0].joined.reply?.members[2].metadata.toString()).toBe("range's metadata");
  });

  it.each([
    ['no protocol in common', { protocols: protocols('robin') }],
    ['another type of group', { protocolType: 'connect' }],
  ])('refuses a member with %s', async (_, request) => {
    const group = new GroupHarness();
    await group.stable(1);
    expect(group.join(request).reply).toMatchObject({ errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId: '' });
    expect(group.state).toBe('Stable');
  });

  it.each([[{ protocols: [] }], [{ protocolType: '' }]])('refuses a member that says not how to divide: %p', (request) => {
    expect(new GroupHarness().join(request).reply).toMatchObject({ errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL });
  });

  it.each([[5999], [60_001]])('refuses a session of %p ms where 6 to 60 s are allowed', (sessionTimeoutMs) => {
    const group = new GroupHarness({ minSessionTimeoutMs: 6000, maxSessionTimeoutMs: 60_000 });
    expect(group.join({ sessionTimeoutMs }).reply).toMatchObject({ errorCode: ErrorCode.INVALID_SESSION_TIMEOUT });
  });

  it('does not know a member id that nobody was given', async () => {
    const group = new GroupHarness();
    expect(group.join({ memberId: 'me' }).reply).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, memberId: 'me' });
    await group.stable(1);
    expect(group.join({ memberId: 'me' }).reply).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  });

  it('refuses a group without a name', () => {
    expect(new GroupHarness().join({ groupId: '' }).reply).toMatchObject({ errorCode: ErrorCode.INVALID_GROUP_ID });
  });
});

describe('A group that rebalances', () => {
  it('keeps everybody who joins again, and throws out who does not within the rebalance timeout', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    const newcomer = group.newcomer();
    const again = group.join({ memberId: a });
    expect([group.heartbeat(a, 1), group.heartbeat(b, 1)]).toEqual([ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.REBALANCE_IN_PROGRESS]);
    await group.beat([b], 1, REBALANCE_MS - 1000);
    expect(again.reply).toBeNull();
    await group.clock.pass(1000);
    expect(again.reply?.members.map(({ memberId }) => memberId)).toEqual([a, newcomer.id]);
    expect(again.reply).toMatchObject({ generation: 2 });
    expect(group.heartbeat(b, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it('is over as soon as all have joined', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    const newcomer = group.newcomer();
    const again = group.join({ memberId: a });
    expect([again.reply?.generation, newcomer.joined.reply?.generation]).toEqual([2, 2]);
  });

  it('waits for who was given an id and has not joined with it, for a session', async () => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    const newcomer = group.newcomer();
    group.join();
    const again = group.join({ memberId: a });
    await group.clock.pass(SESSION_MS - 1);
    expect(again.reply).toBeNull();
    await group.clock.pass(1);
    expect([again.reply?.generation, newcomer.joined.reply?.generation]).toEqual([2, 2]);
  });

  it('elects another leader where the leader does not join again', async () => {
    const group = new GroupHarness();
    const [, b] = await group.stable(2);
    group.newcomer();
    const again = group.join({ memberId: b });
    await group.clock.pass(REBALANCE_MS);
    expect(again.reply).toMatchObject({ generation: 2, leaderId: b });
  });

  it('begins again when somebody joins while the leader divides, and tells who waits', async () => {
    const group = new GroupHarness();
    const [a, b] = [group.newcomer(), group.newcomer()];
    await group.clock.pass(0);
    const waiting = group.sync(b.id, 1);
    group.newcomer();
    expect(waiting.reply).toMatchObject({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS, assignment: Buffer.alloc(0) });
    expect(group.sync(a.id, 1, { [a.id]: 'late' }).reply).toMatchObject({ errorCode: ErrorCode.REBALANCE_IN_PROGRESS });
  });

  it('throws out who does not sync within the rebalance timeout, and begins again', async () => {
    const group = new GroupHarness();
    const [a, b] = [group.newcomer(), group.newcomer()];
    await group.clock.pass(0);
    group.sync(a.id, 1, { [a.id]: 'all' });
    expect(group.state).toBe('Stable');
    await group.beat([a.id, b.id], 1, REBALANCE_MS);
    expect([group.heartbeat(a.id, 1), group.heartbeat(b.id, 1)]).toEqual([ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.UNKNOWN_MEMBER_ID]);
  });

  it('answers a follower that repeats its join at once, and rebalances for a leader', async () => {
    const group = new GroupHarness();
    const [a, b] = await group.stable(2);
    expect(group.join({ memberId: b }).reply).toMatchObject({ errorCode: ErrorCode.NONE, generation: 1, leaderId: a, members: [] });
    expect(group.state).toBe('Stable');
    expect(group.join({ memberId: a }).reply).toBeNull();
    expect(group.state).toBe('PreparingRebalance');
  });

  it('rebalances for a follower whose metadata are others', async () => {
    const group = new GroupHarness();
    const [, b] = await group.stable(2);
    expect(group.join({ memberId: b, protocols: [{ name: 'range', metadata: Buffer.from('other topics') }] }).reply).toBeNull();
    expect(group.state).toBe('PreparingRebalance');
  });

  it('repeats the answer for a leader that has lost it before it has divided', async () => {
    const group = new GroupHarness();
    const { id } = group.newcomer();
    await group.clock.pass(0);
    expect(group.join({ memberId: id }).reply).toMatchObject({ generation: 1, leaderId: id, members: [{ memberId: id }] });
    expect(group.state).toBe('CompletingRebalance');
  });

  it('repeats an assignment as long as the generation lasts', async () => {
    const group = new GroupHarness();
    const [, b] = await group.stable(2);
    expect(group.sync(b, 1).reply?.assignment.toString()).toBe('part 1');
  });

  it.each([
    ['an earlier generation', { generation: 0 }, ErrorCode.ILLEGAL_GENERATION],
    ['another protocol', { protocolName: 'robin' }, ErrorCode.INCONSISTENT_GROUP_PROTOCOL],
    ['another type of protocol', { protocolType: 'connect' }, ErrorCode.INCONSISTENT_GROUP_PROTOCOL],
    ['an id that it does not know', { memberId: 'who' }, ErrorCode.UNKNOWN_MEMBER_ID],
  ])('refuses a sync with %s', async (_, identity, errorCode) => {
    const group = new GroupHarness();
    const [a] = await group.stable(1);
    expect(group.sync(a, 1, {}, identity).reply).toMatchObject({ errorCode });
  });

  it('is forced by hand, and only where there are members', async () => {
    const group = new GroupHarness();
    expect(() => group.coordinator.forceRebalance('g')).toThrow('Group g has no members that could rebalance.');
    const [a] = await group.stable(1);
    group.coordinator.forceRebalance('g');
    expect(group.heartbeat(a, 1)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    expect(group.join({ memberId: a }).reply).toMatchObject({ generation: 2 });
  });
});
