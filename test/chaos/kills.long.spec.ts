import { setTimeout as delay } from 'node:timers/promises';
import { createTopic, eventually, produceEach, unique } from '../support/kafka.js';
import { committed, records } from '../support/group-under-test.js';
import { type Entry, Ledger } from '../support/ledger.js';
import { seeded } from '../support/random.js';
import { Workers } from '../support/worker-process.js';

jest.setTimeout(150_000);

const PARTITIONS = [0, 1, 2, 3];
const BATCH = 25;
const COMMIT_MS = 200;
const options = {
  sessionTimeoutMs: 2_000,
  heartbeatIntervalMs: 200,
  concurrency: 20,
  commit: { strategy: 'auto', intervalMs: COMMIT_MS, records: 1000, offsetMap: true } as const,
};

const nameOf = ({ partition, offset }: Entry): string => `${partition}@${offset}`;

/** Feeds the topic until it is told to stop; answers how many records each partition has. */
async function feed(topic: string, isOver: () => boolean): Promise<number> {
  let perPartition = 0;
  while (!isOver()) {
    await produceEach(topic, PARTITIONS, records(BATCH, (index) => `k${index}`));
    perPartition += BATCH;
    await delay(300);
  }
  return perPartition;
}

/** What a rerun may be: its first run was cut off, or had completed so shortly before its process died that no commit tells of it. */
function unexcused(ledger: Entry[], deaths: ReadonlyMap<number, number>): string[] {
  const runs = new Map<string, Entry[]>();
  for (const entry of ledger) if (entry.event === 'start' || entry.event === 'end') runs.set(nameOf(entry), [...(runs.get(nameOf(entry)) ?? []), entry]);
  const faults: string[] = [];
  for (const [name, entries] of runs) {
    const starts = entries.filter(({ event }) => event === 'start');
    for (const again of starts.slice(1)) {
      const before = entries.slice(0, entries.indexOf(again));
      const [{ pid }] = before.slice(-1);
      const endedAtMs = before.find((entry) => entry.event === 'end' && entry.pid === pid)?.atMs;
      const diedAtMs = deaths.get(pid);
      if (diedAtMs === undefined) faults.push(`${name} was repeated after process ${pid}, which was not killed`);
      // A commit under way and one interval: what completed before that must have been saved.
      else if (endedAtMs !== undefined && diedAtMs - endedAtMs > 5 * COMMIT_MS) faults.push(`${name} was repeated, though done ${diedAtMs - endedAtMs} ms before the kill`);
    }
  }
  return faults;
}

describe('three processes of which one after the other is killed or frozen', () => {
  let ledger: Ledger;
  let workers: Workers;
  beforeEach(() => (ledger = Ledger.inTemporaryFolder()));
  afterEach(async () => {
    await workers.killAll();
    ledger.remove();
  });

  async function isDone(groupId: string, topic: string, perPartition: number): Promise<boolean> {
    return (await committed(groupId, topic)).every(({ offset }) => offset === perPartition);
  }

  it('lose nothing to SIGKILL, and repeat only what was in flight or had completed since the last commit', async () => {
    const [topic, groupId, random, deaths] = [await createTopic('kills', 4), unique('group'), seeded(11), new Map<number, number>()];
    workers = new Workers(ledger, { groupId, topics: [topic], workMs: [5, 300], options });
    for (let count = 0; count < 3; count++) workers.start();
    await eventually(() => ledger.of('ready').length === 3, { what: 'three are there', within: 20_000 });
    let isOver = false;
    const fed = feed(topic, () => isOver);
    for (let kill = 0; kill < 7; kill++) {
      await delay(2_500 + random() * 1_500);
      const victim = workers.alive[Math.floor(random() * workers.alive.length)];
      deaths.set(victim.pid, performance.timeOrigin + performance.now());
      await victim.kill();
      workers.start();
    }
    isOver = true;
    const perPartition = await fed;
    await eventually(() => isDone(groupId, topic, perPartition), { what: 'all is committed', within: 40_000, every: 200, show: () => workers.alive.map(({ output }) => output) });

    const entries = ledger.read();
    expect(new Set(entries.filter(({ event }) => event === 'end').map(nameOf)).size).toBe(PARTITIONS.length * perPartition);
    expect(unexcused(entries, deaths)).toEqual([]);
    expect(deaths.size).toBe(7);
    // The kills have hit something: without repeats this test would say nothing.
    expect(entries.filter(({ event }) => event === 'start').length).toBeGreaterThan(PARTITIONS.length * perPartition);
    expect(commitsThatWentBack(entries)).toEqual([]);
  });

  it('lose nothing to a freeze that outlasts the session: no commit goes back, and on waking nothing starts before membership is proven', async () => {
    const [topic, groupId] = [await createTopic('freezes', 4), unique('group')];
    workers = new Workers(ledger, { groupId, topics: [topic], workMs: [5, 300], options });
    for (let count = 0; count < 3; count++) workers.start();
    await eventually(() => ledger.of('ready').length === 3, { what: 'three are there', within: 20_000 });
    let isOver = false;
    const fed = feed(topic, () => isOver);
    const wakings: { pid: number; atMs: number }[] = [];
    for (const worker of workers.alive) {
      await delay(2_000);
      worker.freeze();
      await delay(4_500);
      wakings.push({ pid: worker.pid, atMs: performance.timeOrigin + performance.now() });
      worker.thaw();
    }
    await delay(2_000);
    isOver = true;
    const perPartition = await fed;
    await eventually(() => isDone(groupId, topic, perPartition), { what: 'all is committed', within: 40_000, every: 200 });

    const entries = ledger.read();
    expect(new Set(entries.filter(({ event }) => event === 'end').map(nameOf)).size).toBe(PARTITIONS.length * perPartition);
    expect(commitsThatWentBack(entries)).toEqual([]);
    for (const { pid, atMs } of wakings) {
      const after = entries.filter((entry) => entry.pid === pid && entry.atMs > atMs);
      const proof = after.findIndex(({ event }) => event === 'assigned');
      expect(after.slice(0, proof === -1 ? undefined : proof).filter(({ event }) => event === 'start')).toEqual([]);
    }
  });
});

function commitsThatWentBack(entries: Entry[]): string[] {
  const highest = new Map<number, number>();
  const faults: string[] = [];
  for (const { event, partition = -1, offset = -1 } of entries) {
    if (event !== 'commit') continue;
    if (offset < (highest.get(partition) ?? 0)) faults.push(`${partition}: ${offset} after ${highest.get(partition)}`);
    highest.set(partition, Math.max(offset, highest.get(partition) ?? 0));
  }
  return faults;
}
