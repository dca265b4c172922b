import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopic, eventually, produce, testBrokers, unique, withAdmin } from '../support/kafka.js';
import { type Format, FreshApp, type Nest, type RunningApp } from './fresh-app.js';
import { pack, PROJECT } from './pack.js';

const MINUTE = 60_000;
const RECORDS = 20;

interface Manifest {
  readonly peerDependencies: object;
  readonly peerDependenciesMeta: object;
}

const nests: Nest[] = ['11.2.10', '12.5.1'];
const formats: Format[] = ['CommonJS', 'ES modules'];
const wirings = ['forRoot', 'forRootAsync'];

describe('the packed package, in a fresh application without optional peers', () => {
  let folder: string;
  let tarball: string;
  let running: RunningApp | null = null;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packed-'));
    ({ tarball } = await pack(folder));
  }, 3 * MINUTE);
  afterEach(() => running?.signal('SIGKILL'));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each(nests)('on Nest %s', (nest) => {
    let app: FreshApp;
    beforeAll(async () => {
      app = await FreshApp.install(tarball, nest);
    }, 3 * MINUTE);
    afterAll(() => app.remove());

    it('has nothing but the peers that it asks for, and what these need', async () => {
      const { peerDependencies, peerDependenciesMeta } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as Manifest;
      const [installed, optional] = [await app.packages(), Object.keys(peerDependenciesMeta)];
      expect(installed).toEqual(expect.arrayContaining(Object.keys(peerDependencies).filter((name) => !optional.includes(name))));
      expect(optional).toContain('@nestjs/terminus');
      expect(installed.filter((name) => optional.includes(name))).toEqual([]);
    });

    it.each(formats)('can be imported, as %s, and its health indicator names the peer that is missing', async (format) => {
      await app.import(format, 'nestjs-kafka-many-threads');
      await expect(app.import(format, 'nestjs-kafka-many-threads/terminus')).rejects.toThrow(/Cannot find (module|package) '@nestjs\/terminus'/);
    });

    it.each(formats)('compiles, as %s', (format) => app.compile(format), 3 * MINUTE);

    it.each(formats.flatMap((format) => wirings.map((wiring): [Format, string] => [format, wiring])))('as %s, wired with %s: says what it handles, handles it, and has committed it all when SIGTERM has ended it', async (format, wiring) => {
      const [topic, groupId] = [await createTopic('orders', 2), unique('group')];
      const order = (id: number): { value: string } => ({ value: JSON.stringify({ id }) });
      for (const partition of [0, 1]) await produce(topic, partition, Array.from({ length: RECORDS / 2 }, (_, index) => order(2 * index + partition)));

      const run = (running = app.start(format, { BROKERS: testBrokers().join(','), TOPIC: topic, GROUP_ID: groupId, WIRING: wiring }));
      const handled = (): number[] => [...run.output.matchAll(/^handled order (\d+)/gm)].map(([, id]) => Number(id));
      await run.until(eventually(() => handled().length >= RECORDS, { what: 'all records are handled', within: MINUTE, show: () => run.output }));
      expect(handled().sort((a, b) => a - b)).toEqual(Array.from({ length: RECORDS }, (_, id) => id));
      await run.until(eventually(() => run.output.includes('tests find 1 receipt of order 7'), { what: 'what tests would use works', show: () => run.output }));
      expect(run.output).toMatch(new RegExp(`OrdersHandler\\.handle.*${topic}|${topic}.*OrdersHandler\\.handle`));

      run.signal('SIGTERM');
      await run.code;
      expect(await committed(groupId, topic)).toEqual([RECORDS / 2, RECORDS / 2]);
      expect(await members(groupId)).toBe(0);
      expect(run.output).not.toMatch(/\b(ERROR|WARN)\b/);
      expect(await app.cli('offsets', groupId, '--brokers', testBrokers().join(','))).toMatch(new RegExp(`${topic} +1 +${RECORDS / 2} +${RECORDS / 2} +0`));
    }, 2 * MINUTE);
  });
});

async function committed(groupId: string, topic: string): Promise<number[]> {
  const [answer] = await withAdmin((admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
  return (answer?.partitions ?? []).map(({ offset }) => Number(offset));
}

async function members(groupId: string): Promise<number | undefined> {
  const { groups } = await withAdmin((admin) => admin.describeGroups([groupId]));
  return groups[0]?.members.length;
}
