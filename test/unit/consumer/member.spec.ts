import { settle, wireError } from '../../support/fake-fetch-wire.js';
import { MemberHarness } from './member-harness.js';

describe('while a join waits in the broker', () => {
  it('what is owned is fetched, handled and committed with the identity of before', async () => {
    const member = await new MemberHarness().member(0, 1);
    await member.rebalance();
    expect(member.claimed()).toEqual([0, 1]);
    await member.append(0, 2);
    expect(member.started).toEqual(['0@0', '0@1']);
    await member.complete(0, 0, 1);
    await member.clock.pass(60_000);
    expect(member.stored(0)).toBe(2);
    expect(member.wire.commits.at(-1)?.identity).toEqual({ memberId: 'me', generation: 1 });
    await member.append(1, 1);
    expect(member.started.at(-1)).toBe('1@0');
    await member.assigned(2, [0, 1]);
    expect(member.hooks).toEqual(['assigned 0 1']);
  });

  it('a commit that is refused because the generation is over is made with the next identity', async () => {
    const member = await new MemberHarness().member(0);
    await member.append(0, 1);
    await member.rebalance();
    await member.wire.assemble(2);
    await member.complete(0, 0);
    member.wire.commitScripts.push(() => wireError('fenced'));
    await member.clock.pass(600);
    await member.wire.assign({ t: [0] });
    await member.clock.pass(600);
    expect(member.stored(0)).toBe(1);
    expect(member.wire.commits.at(-1)?.identity.generation).toBe(2);
  });
});

describe('a partition that is withheld', () => {
  it('is drained, named, committed, and only then not claimed any more; the rest goes on', async () => {
    const member = await new MemberHarness().member(0, 1);
    await member.append(0, 3);
    await member.append(1, 2);
    await member.rebalance();
    await member.assigned(2, [0]);
    expect(member.draining).toEqual([1]);
    await member.append(1, 5);
    await member.append(0, 1);
    expect(member.started).toEqual(['0@0', '0@1', '0@2', '1@0', '1@1', '0@3']);
    await member.complete(1, 0);
    expect(member.hooks).toEqual(['assigned 0 1']);
    expect(member.wire.isJoining).toBe(false);
    await member.complete(1, 1);
    expect(member.hooks).toEqual(['assigned 0 1', 'rebalance 1']);
    expect(member.stored(1)).toBe(2);
    // Nothing is left to drain: the others need not wait.
    expect(member.claimed()).toEqual([0]);
    expect(member.wire.claims.generation).toBe(2);
  });

  it('is claimed as draining by every join until it is released', async () => {
    const member = await new MemberHarness().member(0, 1);
    await member.append(1, 1);
    await member.rebalance();
    await member.assigned(2, [0]);
    await member.rebalance();
    expect([member.claimed(), member.claimed('draining')]).toEqual([[0, 1], [1]]);
  });

  it('stays claimed as long as its last commit is not acknowledged', async () => {
    const member = await new MemberHarness().member(0, 1);
    await member.append(1, 1);
    await member.rebalance();
    await member.assigned(2, [0]);
    member.wire.holdsCommits = true;
    await member.complete(1, 0);
    expect([member.hooks.at(-1), member.wire.isJoining]).toEqual(['rebalance 1', false]);
    await member.wire.releaseCommits();
    expect(member.claimed()).toEqual([0]);
  });

  it('shares one rebalance with those released within a second; the last one waits for nothing', async () => {
    const member = await new MemberHarness().member(0, 1, 2);
    for (const partition of [0, 1, 2]) await member.append(partition, 1);
    await member.rebalance();
    await member.assigned(2, []);
    await member.complete(0, 0);
    await member.clock.pass(900);
    expect(member.wire.isJoining).toBe(false);
    await member.complete(1, 0);
    await member.clock.pass(100);
    expect(member.claimed()).toEqual([2]);
    await member.assigned(3, []);
    await member.complete(2, 0);
    expect(member.claimed()).toEqual([]);
  });

  it('that is released while a join waits which still claims it causes another join', async () => {
    const member = await new MemberHarness().member(0, 1);
    await member.append(1, 1);
    await member.rebalance();
    await member.assigned(2, [0]);
    await member.rebalance();
    await member.complete(1, 0);
    await member.assigned(3, [0]);
    expect(member.claimed()).toEqual([0]);
  });

  it('is aborted at the drain limit and released without what was running', async () => {
    const member = await new MemberHarness({ rebalance: { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 5_000 } }).member(0, 1);
    await member.append(1, 2);
    await member.rebalance();
    await member.assigned(2, [0]);
    await member.complete(1, 0);
    await member.clock.pass(5_000);
    expect(member.aborted).toEqual(['1@1']);
    expect(member.hooks.at(-1)).toBe('rebalance 1');
    expect(member.stored(1)).toBe(1);
    expect(member.claimed()).toEqual([0]);
  });

  it('before it is known where it begins is released at once, and no hook hears of it', async () => {
    const member = new MemberHarness();
    await member.start();
    const offsets = member.wire.committed.bind(member.wire);
    member.wire.committed = () => new Promise(() => {});
    await member.assigned(1, [0]);
    member.wire.committed = offsets;
    await member.rebalance();
    expect(member.claimed()).toEqual([0]);
    await member.assigned(2, []);
    expect(member.claimed()).toEqual([]);
    expect(member.hooks).toEqual([]);
  });
});

describe('a partition that comes back', () => {
  it('while it is drained goes on: what runs is not repeated, what was dropped is fetched again, no hook hears of it', async () => {
    const member = await new MemberHarness({ concurrency: 2 }).member(0);
    await member.append(0, 4);
    await member.rebalance();
    await member.assigned(2, []);
    await member.complete(0, 0);
    expect(member.started).toEqual(['0@0', '0@1']);
    await member.rebalance();
    await member.assigned(3, [0]);
    await member.clock.pass(300);
    expect(member.started).toEqual(['0@0', '0@1', '0@2']);
    await member.complete(0, 1, 2);
    await member.complete(0, 3);
    await member.clock.pass(500);
    expect(member.stored(0)).toBe(4);
    expect(member.hooks).toEqual(['assigned 0']);
  });

  it('after its hooks were called is released all the same, and begins anew where it was committed', async () => {
    const member = await new MemberHarness().member(0);
    await member.append(0, 2);
    await member.rebalance();
    await member.assigned(2, []);
    let end = (): void => {};
    member.hookWork = () => new Promise((resolve) => (end = resolve));
    await member.complete(0, 0, 1);
    await member.rebalance();
    await member.assigned(3, [0]);
    expect(member.hooks).toEqual(['assigned 0', 'rebalance 0']);
    member.hookWork = () => Promise.resolve();
    end();
    await settle();
    await member.append(0, 1);
    expect(member.hooks).toEqual(['assigned 0', 'rebalance 0', 'assigned 0']);
    expect(member.started).toEqual(['0@0', '0@1', '0@2']);
    expect(member.wire.isJoining).toBe(false);
  });
});

describe('a claim that a better one has beaten', () => {
  it('is lost at once: handlers are aborted, nothing is committed, and the hooks are told so', async () => {
    const member = await new MemberHarness().member(0, 1);
    await member.append(1, 2);
    await member.complete(1, 0);
    await member.rebalance();
    await member.assigned(2, [0], { lost: { t: [1] } });
    expect(member.aborted).toEqual(['1@1']);
    expect(member.hooks).toEqual(['assigned 0 1', 'lost 1']);
    const { length } = member.wire.commits;
    await member.clock.pass(5_000);
    expect(member.wire.commits.slice(length).flatMap(({ offsets }) => offsets)).toEqual([]);
    expect(member.owned).toEqual([0]);
  });
});

describe('under a leader of another client', () => {
  it('what is not assigned is lost at once, what is assigned goes on, and the next join waits for the drain', async () => {
    const member = await new MemberHarness().member(0, 1);
    await member.append(0, 1);
    await member.append(1, 1);
    await member.rebalance();
    await member.assigned(2, [0], { honoured: false });
    expect(member.hooks).toEqual(['assigned 0 1', 'lost 1']);
    expect(member.aborted).toEqual(['1@0']);
    await member.rebalance();
    expect([member.wire.isJoining, member.draining]).toEqual([false, [0]]);
    await member.complete(0, 0);
    expect(member.stored(0)).toBe(1);
    expect([member.claimed(), member.claimed('preferred')]).toEqual([[], [0]]);
    await member.assigned(3, [0, 1]);
    await member.rebalance();
    expect(member.claimed()).toEqual([0, 1]);
  });

  it('the drain before a join ends in time for it', async () => {
    const member = await new MemberHarness({ rebalanceTimeoutMs: 10_000 }).member();
    await member.rebalance();
    await member.assigned(2, [0], { honoured: false });
    await member.append(0, 1);
    await member.rebalance();
    await member.clock.pass(5_000);
    expect([member.aborted, member.wire.isJoining]).toEqual([['0@0'], true]);
  });
});

describe('a member that the coordinator does not know any more', () => {
  const away = async (): Promise<MemberHarness> => {
    const member = await new MemberHarness().member(0, 1);
    await member.append(0, 2);
    await member.complete(0, 0);
    await member.clock.pass(600);
    member.wire.pulse = 'unknown-member';
    await member.clock.pass(1_000);
    return member;
  };

  it('starts and commits nothing until it has joined again, without its id and with its claims', async () => {
    const member = await away();
    expect(member.wire.joining.request.memberId).toBe('');
    expect([member.claimed(), member.wire.claims.generation]).toEqual([[0, 1], 1]);
    const { length } = member.wire.commits;
    await member.append(1, 1);
    await member.complete(0, 1);
    await member.clock.pass(5_000);
    expect(member.started).toEqual(['0@0', '0@1']);
    expect(member.wire.commits).toHaveLength(length);
    expect(member.hooks).toEqual(['assigned 0 1']);
  });

  it('goes on with what nobody has taken meanwhile', async () => {
    const member = await away();
    await member.append(1, 1);
    await member.assigned(7, [0, 1]);
    expect(member.started).toEqual(['0@0', '0@1', '1@0']);
    await member.complete(0, 1);
    await member.clock.pass(600);
    expect(member.stored(0)).toBe(2);
    expect(member.wire.commits.at(-1)?.identity.generation).toBe(7);
    expect(member.hooks).toEqual(['assigned 0 1']);
  });

  it('loses what others have committed meanwhile, and takes it anew from there', async () => {
    const member = await away();
    await member.append(0, 10);
    member.wire.stored.set('t/0', { offset: 9, metadata: '' });
    await member.assigned(7, [0, 1]);
    expect(member.aborted).toEqual(['0@1']);
    expect(member.hooks).toEqual(['assigned 0 1', 'lost 0', 'assigned 0']);
    await member.clock.pass(300);
    expect(member.started.slice(2)).toEqual(['0@9', '0@10', '0@11']);
  });

  it('starts nothing before it has seen what is committed', async () => {
    const member = await away();
    await member.append(1, 1);
    const committed = member.wire.committed.bind(member.wire);
    let answer = (): void => {};
    member.wire.committed = async (partitions) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return committed(partitions);
    };
    await member.assigned(7, [0, 1]);
    await member.clock.pass(3_000);
    expect(member.started).toEqual(['0@0', '0@1']);
    answer();
    await settle();
    expect(member.started.at(-1)).toBe('1@0');
  });

  it('drains what it may finish but not keep', async () => {
    const member = await away();
    await member.assigned(7, [1]);
    await member.complete(0, 1);
    expect(member.stored(0)).toBe(2);
    expect(member.hooks.at(-1)).toBe('rebalance 0');
    expect(member.claimed()).toEqual([1]);
  });
});

describe('a member that missed a generation', () => {
  it('compares its commits before it goes on', async () => {
    const member = await new MemberHarness().member(0);
    await member.append(0, 1);
    await member.rebalance();
    await member.wire.assemble(2);
    await member.wire.syncs[1].fail('rebalancing');
    member.wire.stored.set('t/0', { offset: 5, metadata: '' });
    await member.append(0, 9);
    await member.assigned(3, [0]);
    expect(member.hooks).toEqual(['assigned 0', 'lost 0', 'assigned 0']);
    expect(member.started.at(-1)).toBe('0@9');
  });

  it('goes on where nobody was', async () => {
    const member = await new MemberHarness().member(0);
    await member.append(0, 1);
    await member.rebalance();
    await member.wire.assemble(2);
    await member.wire.syncs[1].fail('rebalancing');
    await member.assigned(3, [0]);
    await member.append(0, 1);
    expect(member.started).toEqual(['0@0', '0@1']);
    expect(member.hooks).toEqual(['assigned 0']);
  });
});

describe('a member whose group assembles again before it is assigned', () => {
  it('joins again at once, as often as it takes', async () => {
    const member = await new MemberHarness().member(0);
    await member.rebalance();
    for (let generation = 2; generation < 8; generation++) {
      await member.wire.assemble(generation);
      await member.wire.syncs[generation - 1].fail('rebalancing');
      expect(member.wire.isJoining).toBe(true);
    }
  });

  it('keeps its heartbeats and its id when one was refused while the assignment was under way', async () => {
    const member = await new MemberHarness().member(0);
    await member.rebalance();
    await member.wire.assemble(2);
    member.wire.pulse = 'unknown-member';
    await member.clock.pass(1_000);
    member.wire.pulse = 'ok';
    await member.wire.assign({ t: [0] });
    const { heartbeats } = member.wire;
    await member.clock.pass(3_000);
    expect(member.wire.heartbeats).toBe(heartbeats + 3);
    await member.rebalance();
    expect(member.wire.joining.request.memberId).toBe('me');
  });
});

describe('the lease', () => {
  it('ends when no heartbeat has been answered for nine tenths of a session: nothing starts until one is', async () => {
    const member = await new MemberHarness().member(0);
    await member.clock.pass(1_000);
    member.wire.pulse = null;
    await member.clock.pass(13_400);
    await member.append(0, 1);
    expect(member.started).toEqual(['0@0']);
    await member.clock.pass(1_200);
    await member.append(0, 1);
    expect(member.started).toEqual(['0@0']);
  });

  it('is extended by heartbeats while a join waits, however long', async () => {
    const member = await new MemberHarness().member(0);
    await member.rebalance();
    await member.clock.pass(50_000);
    await member.append(0, 1);
    expect(member.started).toEqual(['0@0']);
  });
});

describe('hooks', () => {
  it('for new partitions hold back only these', async () => {
    const member = await new MemberHarness().member(0);
    await member.rebalance();
    let warm = (): void => {};
    member.hookWork = () => new Promise((resolve) => (warm = resolve));
    await member.assigned(2, [0, 1]);
    await member.append(0, 1);
    await member.append(1, 1);
    await member.clock.pass(1_000);
    expect(member.started).toEqual(['0@0']);
    warm();
    await settle();
    await member.clock.pass(300);
    expect(member.started).toEqual(['0@0', '1@0']);
  });

  it('for revoked partitions wait for those that assigned them', async () => {
    const member = new MemberHarness();
    await member.start();
    let warm = (): void => {};
    member.hookWork = () => new Promise((resolve) => (warm = resolve));
    await member.assigned(1, [0]);
    await member.rebalance();
    await member.assigned(2, []);
    await member.clock.pass(500);
    expect([member.hooks, member.wire.isJoining]).toEqual([['assigned 0'], false]);
    member.hookWork = () => Promise.resolve();
    warm();
    await settle();
    expect(member.hooks).toEqual(['assigned 0', 'rebalance 0']);
    expect(member.claimed()).toEqual([]);
  });

  it('that hang keep a partition that moves no longer than a drain may take', async () => {
    const member = await new MemberHarness({ rebalance: { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 5000 } }).member(0, 1);
    member.hookWork = (call) => (call === 'rebalance 1' ? new Promise(() => {}) : Promise.resolve());
    await member.rebalance();
    await member.assigned(2, [0]);
    await member.clock.pass(4000);
    expect(member.owned).toEqual([0, 1]);
    await member.clock.pass(2000);
    expect(member.owned).toEqual([0]);
    expect(member.log.errors.join()).toContain('The hooks of t/1 have not ended within 5000 ms');
  });
});

describe('a member that stops', () => {
  it('hands over partition by partition, gets nothing, and leaves when it has nothing left', async () => {
    const member = await new MemberHarness().member(0, 1, 2);
    for (const partition of [0, 1]) await member.append(partition, 1);
    const stopped = member.consumer.stop(60_000);
    await settle();
    expect(member.hooks.at(-1)).toBe('shutdown 2');
    await member.clock.pass(1_000);
    expect([member.claimed(), member.wire.claims.leaving]).toEqual([[0, 1], true]);
    await member.assigned(2, []);
    await member.complete(0, 0);
    await member.clock.pass(1_000);
    expect(member.claimed()).toEqual([1]);
    await member.assigned(3, []);
    expect(member.wire.left).toEqual([]);
    await member.complete(1, 0);
    await stopped;
    expect([member.wire.left, member.wire.isJoining]).toEqual([['me'], false]);
    expect([member.stored(0), member.stored(1)]).toEqual([1, 1]);
  });

  it('in the middle of a join leaves, too, even before it has been answered', async () => {
    const member = await new MemberHarness().start();
    member.wire.joining.request.identified?.('given');
    await member.consumer.stop(1_000);
    expect(member.wire.left).toEqual(['given']);
  });

  it('does not begin what is assigned to it meanwhile', async () => {
    const member = await new MemberHarness().member(0);
    await member.append(0, 1);
    await member.rebalance();
    const stopped = member.consumer.stop(60_000);
    await member.assigned(2, [0, 1]);
    expect(member.hooks).toEqual(['assigned 0']);
    expect([member.claimed(), member.wire.claims.leaving]).toEqual([[0], true]);
    await member.assigned(3, []);
    await member.complete(0, 0);
    await stopped;
  });

  it('aborts at its limit', async () => {
    const member = await new MemberHarness().member(0);
    await member.append(0, 1);
    const stopped = member.consumer.stop(3_000);
    await member.clock.pass(3_000);
    await stopped;
    expect([member.aborted, member.hooks.at(-1), member.wire.left]).toEqual([['0@0'], 'shutdown 0', ['me']]);
  });

  it('waits with its last commit for the assignment that a frozen member holds up, as long as it would let handlers run', async () => {
    const member = await memberWithoutAssignment(2);
    const stopped = member.consumer.stop(60_000);
    await settle();
    await member.clock.pass(50_000);
    expect([member.stored(0), member.wire.left]).toEqual([0, []]);
    await member.wire.assign({ t: [0] });
    await member.clock.pass(1_000);
    await stopped;
    expect([member.stored(0), member.wire.left]).toEqual([1, ['me']]);
  });

  it('gives its last commit up after that, and no sooner than after a session', async () => {
    const member = await memberWithoutAssignment(2);
    const stopped = member.consumer.stop(1_000);
    await settle();
    await member.clock.pass(14_900);
    expect(member.wire.left).toEqual([]);
    await member.clock.pass(100);
    await stopped;
    expect([member.stored(0), member.wire.left]).toEqual([0, ['me']]);
  });

  it('while it still asks for committed offsets starts anew when it is asked to', async () => {
    const member = new MemberHarness({ fromBeginning: false });
    jest.spyOn(member.wire, 'committed').mockReturnValueOnce(new Promise(() => {}));
    const connected = member.consumer.connect();
    await member.clock.pass(10);
    await connected;
    void member.consumer.start();
    await settle();
    await member.consumer.stop(0);
    await member.start();
    expect([member.wire.isJoining, member.consumer.state]).toEqual([true, 'starting']);
  });
});

/** With a record that is complete and not committed: the generation in which it was assigned is over, and nobody has assigned the next one. */
async function memberWithoutAssignment(generation: number): Promise<MemberHarness> {
  const member = await new MemberHarness().member(0);
  await member.append(0, 1);
  await member.rebalance();
  await member.wire.assemble(generation);
  member.wire.pulse = 'ok';
  member.wire.commitScripts.push(() => wireError('fenced'));
  await member.complete(0, 0);
  return member;
}

describe('under the eager protocol', () => {
  it('everything is drained and committed before the join, which claims nothing and says what it would like back', async () => {
    const member = await new MemberHarness({ rebalance: { protocol: 'eager', assignment: 'sticky', drainTimeoutMs: 30_000 } }).member(0, 1);
    await member.append(0, 1);
    await member.rebalance();
    expect([member.wire.isJoining, member.draining]).toEqual([false, [0]]);
    await member.complete(0, 0);
    expect([member.claimed(), member.claimed('preferred')]).toEqual([[], [0, 1]]);
    expect(member.stored(0)).toBe(1);
    await member.assigned(2, [0]);
    expect(member.hooks).toEqual(['assigned 0 1', 'rebalance 1', 'rebalance 0', 'assigned 0']);
  });
});

describe('a topic that is gone', () => {
  it('is given up at once, and nothing of it is committed: a topic of that name would begin behind records', async () => {
    const member = await new MemberHarness({ metadataMaxAgeMs: 1000 }).member(0);
    await member.append(0, 2);
    await member.complete(0, 0);
    const { commits } = member.wire;
    const before = commits.length;
    member.wire.partitions.delete('t');
    member.wire.commitScripts.push(...Array.from({ length: 50 }, () => () => wireError('moved')));
    await member.clock.pass(10_000);
    expect(member.owned).toEqual([]);
    expect(member.aborted).toEqual(['0@1']);
    member.wire.topic('t', 4);
    await member.clock.pass(10_000);
    expect(commits.slice(before).length).toBeGreaterThan(0);
    expect(member.stored(0)).toBe(0);
    expect(member.hooks).toEqual(['assigned 0', 'lost 0']);
  });
});

describe('a topic that has grown', () => {
  it('is told to the group by whoever sees it', async () => {
    const member = await new MemberHarness({ metadataMaxAgeMs: 10_000 }).member(0);
    member.wire.topic('t', 6);
    await member.clock.pass(10_500);
    expect(member.wire.claims.counts).toEqual(new Map([['t', 6]]));
    expect(member.claimed()).toEqual([0]);
  });
});
