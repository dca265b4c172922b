import { eventually, produceEach, createTopic, unique } from '../support/kafka.js';
import { committed, records } from '../support/group-under-test.js';
import { type Entry, Ledger } from '../support/ledger.js';
import { Workers } from '../support/worker-process.js';

const nameOf = ({ partition, offset }: Entry): string => `${partition}@${offset}`;

describe('a process that is frozen for longer than its session', () => {
  it('starts nothing on waking before it is a member again, moves no commit back, and repeats only what it had in flight or uncommitted', async () => {
    const [topic, groupId, ledger] = [await createTopic('frozen', 4), unique('group'), Ledger.inTemporaryFolder()];
    const count = 400;
    await produceEach(topic, [0, 1, 2, 3], records(count));
    const options = { concurrency: 20, sessionTimeoutMs: 6_000, heartbeatIntervalMs: 300 };
    const workers = new Workers(ledger, { groupId, topics: [topic], workMs: [200, 400], options });
    try {
      const frozen = workers.start();
      await eventually(() => ledger.of('ready', frozen.pid).length === 1, { what: 'the first one is ready', within: 20_000 });
      const other = workers.start();
      await eventually(() => ledger.of('start', other.pid).length > 20, { what: 'the second one works', within: 20_000 });
      frozen.freeze();
      const frozenAtMs = Date.now();
      await eventually(() => new Set(ledger.of('assigned', other.pid).map(({ partition }) => partition)).size === 4, { what: 'the other one has all', within: 20_000 });
      frozen.thaw();
      const thawedAtMs = Date.now();
      await eventually(() => new Set(ledger.of('end').map(nameOf)).size === 4 * count, { what: 'all is done', within: 60_000, show: () => new Set(ledger.of('end').map(nameOf)).size });
      await eventually(async () => (await committed(groupId, topic)).every(({ offset }) => offset === count), { what: 'all is committed', within: 20_000 });

      const mine = ledger.read().filter(({ pid }) => pid === frozen.pid);
      const assignedAgainMs = mine.find(({ event, atMs }) => event === 'assigned' && atMs > thawedAtMs)?.atMs ?? Infinity;
      expect(mine.filter(({ event, atMs }) => event === 'start' && atMs > thawedAtMs && atMs < assignedAgainMs)).toEqual([]);

      const [starts, ends] = [ledger.of('start'), new Map(ledger.of('end').map((entry) => [`${nameOf(entry)} ${entry.pid}`, entry.atMs]))];
      const firstRuns = new Map<string, Entry>();
      const repeated = starts.filter((entry) => {
        if (!firstRuns.has(nameOf(entry))) firstRuns.set(nameOf(entry), entry);
        return firstRuns.get(nameOf(entry)) !== entry;
      });
      // Everything that ran again had first run in the frozen process, and had not ended a commit interval before the freeze.
      for (const entry of repeated) {
        const first = firstRuns.get(nameOf(entry));
        expect(first?.pid).toBe(frozen.pid);
        expect(ends.get(`${nameOf(entry)} ${frozen.pid}`) ?? Infinity).toBeGreaterThan(frozenAtMs - 1_000);
      }
      expect(repeated.length).toBeLessThanOrEqual(2 * options.concurrency);

      const commits = ledger.of('commit').sort((a, b) => a.atMs - b.atMs);
      const highest = new Map<number, number>();
      for (const { partition = 0, offset = 0 } of commits) {
        expect(offset).toBeGreaterThanOrEqual(highest.get(partition) ?? 0);
        highest.set(partition, offset);
      }
    } finally {
      for (const worker of workers.alive) worker.thaw();
      await workers.killAll();
      ledger.remove();
    }
  }, 120_000);
});
