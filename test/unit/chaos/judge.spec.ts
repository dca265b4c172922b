import { judge, type Evidence, type Verdict } from '../../chaos/judge/judge.js';
import type { Entry } from '../../support/ledger.js';

type Line = Partial<Entry> & Pick<Entry, 'event'>;

const [A, B] = [1, 2];

/** A ledger written by hand: each line 100 ms after the one before, unless it says when. */
function ledger(...lines: Line[]): Entry[] {
  let atMs = 0;
  return lines.map((line) => ({ pid: A, partition: 0, ...line, atMs: (atMs = line.atMs ?? atMs + 100) }));
}
const assigned = (pid: number): Line => ({ event: 'assigned', pid });
const revoked = (pid: number, text: string): Line => ({ event: 'revoked', pid, text });
const start = (pid: number, offset: number, more: Partial<Entry> = {}): Line => ({ event: 'start', pid, offset, key: 'k', value: offset, ...more });
const end = (pid: number, offset: number): Line => ({ event: 'end', pid, offset });
const run = (pid: number, offset: number): Line[] => [start(pid, offset), end(pid, offset)];
/** Sent at the time of the line before it. */
const commit = (pid: number, offset: number, sentAtMs: number): Line => ({ event: 'commit', pid, offset, sentAtMs });
const fault = (text: string, target?: number): Line => ({ event: 'fault', text, target });
const sent = (offset: number, count: number): Line => ({ event: 'sent', offset, value: offset, count });

function verdictOf(entries: Entry[], records: number, evidence: Partial<Evidence> = {}): Verdict {
  return judge({
    entries,
    ends: [records],
    committed: [records],
    commits: [{ partition: 0, offset: records }],
    order: 'key',
    sessionTimeoutMs: 10_000,
    stopTimeoutMs: 15_000,
    longestPauseMs: null,
    recoverWithinMs: 15_000,
    ...evidence,
  });
}

describe('the judge of a chaos run', () => {
  it('finds nothing in a run in which nothing happened', () => {
    const verdict = verdictOf(ledger(assigned(A), sent(0, 2), ...run(A, 0), ...run(A, 1), revoked(A, 'shutdown')), 2);
    expect(verdict).toMatchObject({ records: 2, starts: 2, lost: [], failures: [], order: { violations: [], zombies: 0 } });
  });

  it('does not take an empty ledger for a success', () => {
    expect(verdictOf([], 0).failures).toEqual([expect.stringContaining('nothing was judged')]);
  });

  describe('calls lost', () => {
    it('what nobody has started', () => {
      expect(verdictOf(ledger(assigned(A), ...run(A, 0)), 2).lost).toEqual(['0@1']);
    });
    it('what was started and never ended', () => {
      const verdict = verdictOf(ledger(assigned(A), ...run(A, 0), start(A, 1, { key: 'other' }), fault('kill', A)), 2);
      expect(verdict.lost).toEqual(['0@1']);
      expect(verdict.failures).toEqual([expect.stringContaining('1 lost: 0@1')]);
    });
    it('what a producer was told is there, and the log does not have', () => {
      expect(verdictOf(ledger(assigned(A), sent(0, 2), ...run(A, 0)), 1).lost).toEqual(['0@1']);
    });
  });

  it('sees a record that was delivered under the offset of another', () => {
    const verdict = verdictOf(ledger(assigned(A), sent(0, 1), start(A, 0, { value: 7 }), end(A, 0)), 1);
    expect(verdict.failures).toEqual([expect.stringContaining('0@0 as 7 instead of 0')]);
  });

  describe('of records that ran again', () => {
    it('excuses those that were in flight in a killed process, or had ended after its last commit', () => {
      const entries = ledger(assigned(A), ...run(A, 0), commit(A, 1, 350), ...run(A, 1), start(A, 2), fault('kill', A), assigned(B), ...run(B, 1), ...run(B, 2));
      const { repeats, failures } = verdictOf(entries, 3);
      expect(repeats.byExcuse.killed).toEqual({ repeated: 2, allowed: 2 });
      expect(failures).toEqual([]);
    });
    it('does not excuse one that had ended before a commit that was acknowledged', () => {
      const entries = ledger(assigned(A), ...run(A, 0), commit(A, 1, 350), start(A, 1), fault('kill', A), assigned(B), ...run(B, 0), ...run(B, 1));
      const { repeats, failures } = verdictOf(entries, 2);
      expect(repeats.byExcuse.killed).toEqual({ repeated: 1, allowed: 1 });
      expect(failures).toEqual([expect.stringContaining('had ended it 50 ms before a commit that was acknowledged')]);
    });
    it('takes a commit for what it was when it was sent, not when it was answered', () => {
      const entries = ledger(assigned(A), start(A, 0), end(A, 0), commit(A, 0, 250), fault('kill', A), assigned(B), ...run(B, 0));
      expect(verdictOf(entries, 1).failures).toEqual([]);
    });
    it('does not excuse one whose process goes on', () => {
      const entries = ledger(assigned(A), ...run(A, 0), ...run(A, 0));
      expect(verdictOf(entries, 1).failures).toEqual([expect.stringContaining('had ended it and still has the partition')]);
    });
    it('does not excuse one whose process has handed the partition over', () => {
      const entries = ledger(assigned(A), ...run(A, 0), revoked(A, 'rebalance'), assigned(B), ...run(B, 0));
      expect(verdictOf(entries, 1).failures).toEqual([expect.stringContaining('had handed the partition over in peace')]);
    });
    it('excuses one whose process was frozen and has lost the partition', () => {
      const entries = ledger(assigned(A), ...run(A, 0), fault('freeze', A), assigned(B), ...run(B, 0), fault('thaw', A), revoked(A, 'lost'));
      const { repeats, failures } = verdictOf(entries, 1);
      expect(repeats.byExcuse.evicted).toEqual({ repeated: 1, allowed: 1 });
      expect(failures).toEqual([]);
    });
    it('excuses one whose process was cut off, and has the partition back from somebody who could not commit', () => {
      const between = [fault('network', A), assigned(B), ...run(B, 1), fault('network', B), fault('heal', A), start(A, 2), end(A, 2), commit(A, 3, 1_250), revoked(B, 'lost')];
      const verdict = verdictOf(ledger(assigned(A), ...run(A, 0), commit(A, 1, 350), ...run(A, 1), ...between), 3);
      expect(verdict.repeats.unexplained).toEqual([]);
      expect(verdict.repeats.byExcuse.evicted.repeated).toBe(1);
      const told = verdictOf(ledger(assigned(A), ...run(A, 0), ...run(A, 1), commit(A, 2, 550), ...between), 3);
      expect(told.repeats.unexplained).toEqual([expect.stringContaining('0@1 ran again')]);
    });
    it('does not accept that a partition was lost without a fault', () => {
      const entries = ledger(assigned(A), ...run(A, 0), revoked(A, 'lost'), assigned(B), ...run(B, 0));
      expect(verdictOf(entries, 1).failures).toEqual([expect.stringContaining('process 1 lost partition 0')]);
    });
    it('excuses one whose last commit no coordinator took, because a broker had died', () => {
      const entries = ledger(assigned(A), ...run(A, 0), fault('broker 1 killed'), revoked(A, 'rebalance'), assigned(B), ...run(B, 0));
      expect(verdictOf(entries, 1, { recoverWithinMs: Infinity }).repeats).toMatchObject({ byExcuse: { uncommitted: { repeated: 1 } }, unexplained: [] });
    });
    it.each([
      ['excuses', 'another process was struck and it has waited as long as it may', [fault('freeze', B)], 15_000, true],
      ['does not excuse', 'nobody was struck', [], 15_000, false],
      ['does not excuse', 'it has not waited for the group as long as it may', [fault('freeze', B)], 14_000, false],
    ])('%s one whose process has stopped without a last commit, where %s', (_, __, faults, tookMs, isExcused) => {
      const stop: Line[] = [{ event: 'stopping', atMs: 1_000 }, revoked(A, 'shutdown'), { event: 'stopped', atMs: 1_000 + tookMs }];
      const { repeats } = verdictOf(ledger(assigned(A), ...run(A, 0), ...faults, ...stop, assigned(B), ...run(B, 0)), 1);
      expect([repeats.byExcuse.uncommitted.repeated, repeats.unexplained.length]).toEqual(isExcused ? [1, 0] : [0, 1]);
    });
  });

  describe('of the order', () => {
    it('sees a record that overlaps with the one before it', () => {
      const entries = ledger(assigned(A), start(A, 0), start(A, 1), end(A, 0), end(A, 1));
      expect(verdictOf(entries, 2).order.violations).toHaveLength(2);
      expect(verdictOf(entries, 2, { order: 'none' }).failures).toEqual([]);
    });
    it('sees a record that ran before the one before it', () => {
      expect(verdictOf(ledger(assigned(A), ...run(A, 1), ...run(A, 0)), 2).order.violations).toEqual([expect.stringContaining('started before 0 of its lane had ended')]);
    });
    it('lets other keys overlap, except where the partition is the order', () => {
      const entries = ledger(assigned(A), start(A, 0), start(A, 1, { key: 'other' }), end(A, 0), end(A, 1));
      expect(verdictOf(entries, 2).failures).toEqual([]);
      expect(verdictOf(entries, 2, { order: 'partition' }).order.violations).not.toEqual([]);
    });
    it('sees that two living processes run one record at once', () => {
      const entries = ledger(assigned(A), start(A, 0), assigned(B), start(B, 0), end(B, 0), end(A, 0));
      expect(verdictOf(entries, 1).order.violations).toHaveLength(1);
    });
    it('counts an overlap with a handler of a frozen process apart', () => {
      const entries = ledger(assigned(A), start(A, 0), fault('freeze', A), assigned(B), ...run(B, 0), ...run(B, 1), fault('thaw', A), end(A, 0), revoked(A, 'lost'));
      const { order, failures } = verdictOf(entries, 2);
      expect(order).toEqual({ violations: [], zombies: 2 });
      expect(failures).toEqual([]);
    });
    it('does not wait for the handler of a process that is dead', () => {
      const entries = ledger(assigned(A), start(A, 0), fault('kill', A), assigned(B), ...run(B, 0));
      expect(verdictOf(entries, 1).order).toEqual({ violations: [], zombies: 0 });
    });
  });

  describe('of membership', () => {
    it('sees a start without a recent proof of it', () => {
      const entries = ledger(assigned(A), start(A, 0, { atMs: 20_000, provenAtMs: 9_000 }), end(A, 0));
      expect(verdictOf(entries, 1).failures).toEqual([expect.stringContaining('11000 ms after its last proof of membership')]);
    });
    it('sees a start on a partition that somebody else has by now', () => {
      const entries = ledger(assigned(A), fault('freeze', A), assigned(B), ...run(B, 0), fault('thaw', A), ...run(A, 1), revoked(A, 'lost'), ...run(B, 1));
      expect(verdictOf(entries, 2).failures).toEqual([expect.stringContaining('process 1 started 0@1')]);
    });
    it('lets a process work on while another hears late of an assignment that is void', () => {
      const entries = ledger(assigned(A), fault('network', B), fault('heal', B), assigned(B), ...run(A, 0), revoked(B, 'lost'));
      expect(verdictOf(entries, 1).failures).toEqual([]);
    });
    it('sees a start after the partition was given up', () => {
      const entries = ledger(assigned(A), revoked(A, 'rebalance'), ...run(A, 0));
      expect(verdictOf(entries, 1).failures).toEqual([expect.stringContaining('when the partition was not its own')]);
    });
  });

  it('sees a commit that went back, and an end that was not reached', () => {
    const commits = [0, 5, 3].map((offset) => ({ partition: 0, offset }));
    const { failures } = verdictOf(ledger(assigned(A), ...run(A, 0)), 1, { commits, committed: [0] });
    expect(failures).toEqual([expect.stringContaining('partition 0 to 3 after 5'), expect.stringContaining('partition 0 is committed to 0 of 1')]);
  });

  it('lets a commit go back that nobody had answered: it arrived behind a newer one', () => {
    const commits = [0, 5, 3, 5].map((offset) => ({ partition: 0, offset }));
    const unanswered = (offset: number): Line => ({ event: 'unanswered', pid: A, offset });
    const verdict = (offset: number): Verdict => verdictOf(ledger(assigned(A), ...run(A, 0), unanswered(offset)), 1, { commits });
    expect(verdict(3)).toMatchObject({ commitsThatWentBack: [], lateCommits: 1, failures: [] });
    expect(verdict(4)).toMatchObject({ commitsThatWentBack: ['partition 0 to 3 after 5'], lateCommits: 0 });
  });

  it('measures a pause from when there was something to run, and tells partitions that moved from those that stayed', () => {
    const entries = ledger(
      assigned(A), sent(0, 2), ...run(A, 0), { ...start(A, 1), atMs: 3_000 }, end(A, 1),
      { ...sent(2, 1), atMs: 9_000 }, ...run(A, 2), { ...revoked(A, 'rebalance'), atMs: 9_500 }, assigned(B), sent(3, 1), { ...start(B, 3), atMs: 14_000 }, end(B, 3),
    );
    const { pauses, failures } = verdictOf(entries, 4, { longestPauseMs: 1_000 });
    expect(pauses.stayed).toMatchObject({ ms: 2_700 });
    expect(pauses.moved).toMatchObject({ ms: 14_000 - 9_700 });
    expect(failures).toEqual([expect.stringContaining('partition 0 for 2700 ms')]);
  });

  it('measures a recovery until what came after the fault is handled and committed', () => {
    const entries = ledger(
      assigned(A), sent(0, 1), ...run(A, 0), { ...fault('brokers killed'), atMs: 1_000 }, { ...sent(1, 1), atMs: 20_000 },
      { ...start(A, 1), atMs: 30_000 }, end(A, 1), { ...commit(A, 2, 30_200), atMs: 36_000 },
    );
    const { recoveries, failures } = verdictOf(entries, 2);
    expect(recoveries).toEqual([{ fault: 'brokers killed', usableMs: 19_000, consumingMs: 29_000, committingMs: 35_000 }]);
    expect(failures).toEqual([expect.stringContaining('brokers killed: consuming after 29000 ms, committing after 35000 ms')]);
    expect(verdictOf(entries, 2, { recoverWithinMs: 16_000 }).failures).toEqual([]);
  });
});
