import { notLive, notReady, notStarted } from '../../../lib/terminus/health-report.js';
import { chunk, fetched, settle, wireError } from '../../support/fake-fetch-wire.js';
import { MemberHarness } from './member-harness.js';

const STALLED_MS = 5000;
const STUCK_MS = 10_000;

function checks({ consumer }: MemberHarness): { live: string[]; ready: string[]; started: string[] } {
  const group = { name: 'group', groupId: 'group', health: consumer.health(STUCK_MS) };
  return { live: notLive(group, STALLED_MS), ready: notReady(group), started: notStarted(group) };
}

/** What liveness found at any moment while the time passed. */
async function watched(group: MemberHarness, ms: number, stepMs = 100): Promise<string[]> {
  const found = new Set<string>();
  for (let passed = 0; passed < ms; passed += stepMs) {
    await group.clock.pass(stepMs);
    for (const finding of checks(group).live) found.add(finding);
  }
  return [...found];
}

describe('liveness, when brokers are away', () => {
  it.each(['refused', 'frozen'] as const)('is never down, however long that is and whatever waits for them (%s)', async (outage) => {
    const group = await new MemberHarness().member(0, 1);
    await group.append(0, 3);
    group.wire.outage = outage;
    await group.complete(0, 0);
    expect(await watched(group, 600_000, 1000)).toEqual([]);
    group.wire.outage = null;
    expect(await watched(group, 4000, 20)).toEqual([]);
    // The record is stuck once it has been that old while brokers answered.
    await group.clock.pass(STUCK_MS);
    expect(checks(group).live).toEqual([expect.stringContaining('t/0 offset 1 has been in flight')]);
  }, 60_000);

  it('is not down while the brokers that answer cannot serve the group', async () => {
    const group = await new MemberHarness().member(0);
    await group.append(0, 1);
    await group.complete(0, 0);
    group.wire.pulse = 'unavailable';
    for (let attempt = 0; attempt < 100; attempt++) group.wire.commitScripts.push(() => wireError('unavailable'));
    expect(await watched(group, 8 * STALLED_MS)).toEqual([]);
  });

  it('is down where the heartbeats are answered and a fetch is not', async () => {
    const group = await new MemberHarness().member(0);
    group.wire.swallowsFetches = true;
    await group.clock.pass(STALLED_MS);
    expect(checks(group).live).toEqual([]);
    await group.clock.pass(1500);
    expect(checks(group).live).toEqual([expect.stringMatching(/^group group: no fetch has come to an end for 5\.\d s$/)]);
  });
});

describe('liveness', () => {
  it('is up while nothing is to be done, for hours', async () => {
    const group = await new MemberHarness().member(0);
    expect(await watched(group, 3_600_000, 10_000)).toEqual([]);
    expect(checks(group)).toEqual({ live: [], ready: [], started: [] });
  });

  it('is up while a broker waits for records for as long as it was asked to', async () => {
    const group = await new MemberHarness({ fetch: { minBytes: 1, maxBytes: 1e7, maxBytesPerPartition: 1e6, maxWaitMs: 100_000 } }).member(0);
    await group.clock.pass(1_000_000);
    expect(group.consumer.health(STUCK_MS)).toMatchObject({ state: 'running', endedBy: null });
  });

  it('is up under load with a commit that is always due again', async () => {
    const group = await new MemberHarness().member(0);
    for (let offset = 0; offset < 30; offset++) {
      await group.append(0, 1);
      await group.complete(0, offset);
      await group.clock.pass(400);
      expect(checks(group).live).toEqual([]);
    }
  });

  it('is down when the commit that is due is not answered, and up when it is', async () => {
    const group = await new MemberHarness().member(0);
    group.wire.holdsCommits = true;
    await group.append(0, 1);
    await group.complete(0, 0);
    await group.clock.pass(STALLED_MS);
    expect(checks(group).live).toEqual([]);
    await group.clock.pass(2000);
    expect(checks(group).live).toEqual([expect.stringMatching(/^group group: offsets should have been committed \d\.?\d? s ago$/)]);
    await group.wire.releaseCommits();
    expect(checks(group).live).toEqual([]);
  });

  it('is down when the broker refuses the commits of one partition, whatever becomes of the others', async () => {
    const group = await new MemberHarness().member(0, 1);
    for (let attempt = 0; attempt < 30; attempt++) {
      group.wire.commitScripts.push((_, offsets) => group.wire.store(offsets).map((outcome) => (outcome.partition === 0 ? { ...outcome, error: wireError('fatal') } : outcome)));
    }
    await group.append(0, 1);
    await group.complete(0, 0);
    for (let offset = 0; offset < 8; offset++) {
      await group.append(1, 1);
      await group.complete(1, offset);
      await group.clock.pass(1000);
    }
    expect(group.stored(1)).toBe(8);
    expect(checks(group).live).toEqual([expect.stringContaining('should have been committed')]);
  });

  it('is down when a rebalance does not end, and up when it has', async () => {
    const group = await new MemberHarness().member(0);
    await group.rebalance();
    await group.clock.pass(STALLED_MS - 1000);
    expect(checks(group)).toEqual({ live: [], ready: [], started: [] });
    await group.clock.pass(2000);
    expect(checks(group).live).toEqual([expect.stringContaining('a rebalance has been going on for')]);
    await group.assigned(2, [0]);
    expect(checks(group).live).toEqual([]);
  });

  it('is down when an assigned hook does not end, not while its seek waits for brokers, and up when it has ended', async () => {
    const group = new MemberHarness();
    let end = (): void => {};
    group.hookWork = () => new Promise((resolve) => (end = resolve));
    await group.member(0);
    group.wire.outage = 'refused';
    expect(await watched(group, 8 * STUCK_MS)).toEqual([]);
    group.wire.outage = null;
    expect(await watched(group, STUCK_MS - 2000)).toEqual([]);
    await group.clock.pass(4000);
    expect(checks(group).live).toEqual([expect.stringContaining('a hook for assigned partitions has been running for')]);
    end();
    await settle();
    expect(checks(group).live).toEqual([]);
  });

  it('is down when a fetch loop has ended by a defect', async () => {
    const group = await new MemberHarness().member(0);
    const broken = { ...chunk('t', 0, 0, 1), offset: () => { throw new Error('a defect'); } };
    group.wire.fetch = () => Promise.resolve([fetched('t', 0, { chunk: broken })]);
    await group.clock.pass(1000);
    expect(checks(group).live).toEqual(['group group: the fetch loop of broker 1 has ended by a defect']);
  });

  it('is down when the consumer has failed, and says why; readiness, too', async () => {
    const group = await new MemberHarness().member(0);
    group.wire.pulse = 'fatal';
    await group.clock.pass(1000);
    expect(checks(group)).toEqual({
      live: ['group group: the consumer has stopped for good (scripted: fatal)'],
      ready: ['group group is failed (scripted: fatal)'],
      started: [],
    });
  });
});

describe('a record in flight', () => {
  it('is stuck when it is old, and names the oldest first', async () => {
    const group = await new MemberHarness().member(0, 1);
    await group.append(0, 1);
    await group.clock.pass(2000);
    await group.append(1, 1);
    await group.clock.pass(STUCK_MS - 3000);
    expect(checks(group).live).toEqual([]);
    await group.clock.pass(4000);
    expect(group.consumer.health(STUCK_MS).stuck).toMatchObject([{ topic: 't', partition: 0, offset: 0 }, { topic: 't', partition: 1, offset: 0 }]);
    expect(checks(group).live).toEqual([expect.stringMatching(/^group group: t\/0 offset 0 has been in flight for 13\.?\d? s .*, and so has 1 other$/)]);
  });

  it('is not stuck while others of its partition complete, and is once they do not any more', async () => {
    const group = await new MemberHarness().member(0, 1);
    await group.append(0, 1);
    for (let offset = 1; offset <= 20; offset++) {
      await group.append(0, 1);
      await group.complete(0, offset);
      await group.clock.pass(1000);
      expect(checks(group).live).toEqual([]);
    }
    // What completes in another partition is no sign of life of this one.
    await group.append(1, 1);
    await group.clock.pass(STUCK_MS - 1500);
    await group.complete(1, 0);
    expect(checks(group).live).toEqual([]);
    await group.clock.pass(2500);
    expect(group.consumer.health(STUCK_MS).stuck).toMatchObject([{ partition: 0, offset: 0 }]);
  });

  it('is not stuck when it gives a sign of life', async () => {
    const group = await new MemberHarness().member(0);
    await group.append(0, 1);
    for (let signs = 0; signs < 5; signs++) {
      await group.clock.pass(STUCK_MS - 2000);
      group.delivery(0, 0).progress();
      expect(checks(group).live).toEqual([]);
    }
    await group.clock.pass(STUCK_MS + 1500);
    expect(checks(group).live).toHaveLength(1);
  });

  it('is not stuck before twice its timeout', async () => {
    const group = await new MemberHarness({}, { timeoutMs: STUCK_MS, abortGraceMs: 5 * STUCK_MS }).member(0);
    await group.append(0, 1);
    await group.clock.pass(2 * STUCK_MS - 1500);
    expect(checks(group).live).toEqual([]);
    await group.clock.pass(3000);
    expect(checks(group).live).toHaveLength(1);
  });
});

describe('readiness', () => {
  it('follows the group: it joins, loses its coordinator, drains, stops', async () => {
    const group = new MemberHarness();
    expect(checks(group)).toEqual({ live: [], ready: ['group group is stopped'], started: ['group group has not joined yet, it is stopped'] });
    await group.start();
    expect(checks(group)).toEqual({ live: [], ready: ['group group is starting'], started: ['group group has not joined yet, it is starting'] });
    await group.wire.assemble(1);
    await group.wire.assign({ t: [0] });
    await settle();
    expect(checks(group)).toEqual({ live: [], ready: [], started: [] });
    group.wire.outage = 'refused';
    await group.clock.pass(15_000);
    expect(checks(group)).toEqual({ live: [], ready: [expect.stringContaining('is not connected')], started: [] });
    group.wire.outage = null;
    await group.clock.pass(3000);
    expect(checks(group).ready).toEqual([]);
    await group.consumer.drain(1000);
    expect(checks(group)).toEqual({ live: [], ready: ['group group is draining'], started: [] });
    await group.consumer.stop(1000);
    expect(checks(group)).toEqual({ live: [], ready: ['group group is stopped'], started: [] });
  });
});
