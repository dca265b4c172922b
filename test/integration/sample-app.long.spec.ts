import { type ChildProcess, spawn } from 'node:child_process';
import type { LedgerEntry } from '../../sample-app/ledger-entry.js';
import { oldestRepeatMs } from '../../sample-app/stage/crash.js';
import { judge } from '../../sample-app/stage/verdict.js';
import { createTopic, eventually, isEmbedded, testBrokers, unique, withAdmin } from '../support/kafka.js';

const MINUTE = 60_000;
const scenarios = process.env['CI'] && !isEmbedded() ? ['basic', 'concurrency', 'reliability', 'multiple'] : ['basic'];

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  running.clear();
});

describe('the judge of the scenarios', () => {
  it('finds what was lost, repeated, tried in vain, and run out of order or at once', () => {
    const entries = [
      line({ offset: 0, startMs: 0, endMs: 10 }),
      line({ offset: 0, startMs: 10, endMs: 20 }),
      line({ offset: 1, startMs: 15, endMs: 30, outcome: 'failed' }),
      line({ offset: 3, startMs: 30, endMs: 40 }),
      line({ offset: 2, startMs: 40, endMs: 50, outcome: 'skipped' }),
      line({ offset: 4, startMs: 41, endMs: 45, groupId: 'another' }),
    ];
    expect(judge({ entries, groupId: 'shop', topic: 'orders', ends: new Map([[0, 5]]) })).toEqual({
      records: 5,
      lost: 2,
      repeated: 1,
      failedAttempts: 1,
      outOfOrder: 2,
      mostInFlight: 2,
    });
  });

  it('excuses a repeat by a kill of the process that had completed the record, and by nothing else', () => {
    const entries = [line({ pid: 1, endMs: 10 }), line({ pid: 2, endMs: 200 })];
    expect(oldestRepeatMs(entries, new Map([[1, 100]]))).toBe(90);
    expect(oldestRepeatMs(entries, new Map([[2, 300]]))).toBe(Infinity);
  });
});

function line(entry: Partial<LedgerEntry>): LedgerEntry {
  return { groupId: 'shop', topic: 'orders', partition: 0, offset: 0, key: 'ada', attempt: 1, outcome: 'done', startMs: 0, endMs: 1, pid: 1, ...entry };
}

describe('a scenario of the sample app', () => {
  it.each(scenarios)('%s: every claim that it prints holds', async (name) => {
    const run = npm(['run', `scenario:${name}`], {});
    expect(await run.code).toBe(0);
    expect(run.output()).toMatch(/^ {2}ok {6}/m);
    expect(run.output()).not.toMatch(/^ {2}FAILED /m);
  }, 2 * MINUTE);

  it('that cannot reach its Kafka says so and fails', async () => {
    const run = npm(['run', 'scenario:basic'], { KAFKA_BROKERS: '127.0.0.1:1' });
    expect(await run.code).toBe(1);
    expect(run.output()).toContain('Kafka at 127.0.0.1:1 was not ready');
  }, MINUTE);
});

describe('the sample app', () => {
  it('takes orders, shows what became of them, and has committed them all when SIGTERM has ended it', async () => {
    const [ordersTopic, returnsTopic, groupId] = [await createTopic('orders', 2), await createTopic('returns', 2), unique('shop')];
    const names = { ORDERS_TOPIC: ordersTopic, RETURNS_TOPIC: returnsTopic, GROUP_ID: groupId, ANALYTICS_GROUP: unique('analytics') };
    const app = npm(['start'], { ...names, PORT: '0', ORDERS_PER_SECOND: '0' });
    const url = await eventually(() => /http:\S+(?=\/stats)/.exec(app.output())?.[0] ?? '', { what: 'the address of the shop', within: MINUTE, show: app.output });

    for (const amount of [10, 20, 30]) {
      const placed = await post(`${url}/orders`, { customer: 'ada', amount });
      expect(placed).toMatchObject({ status: 201, body: { customer: 'ada', amount } });
    }
    expect(await post(`${url}/orders`, { customer: 'ada', amount: -1 })).toMatchObject({ status: 400, body: { message: 'amount: expected a number above 0' } });
    await eventually(async () => (await processed(url, groupId)) === 3, { what: 'three orders handled', within: MINUTE, show: app.output });

    for (const check of ['started', 'live', 'ready']) expect(await get(`${url}/health/${check}`)).toMatchObject({ status: 200, body: { details: { kafka: { status: 'up' } } } });
    expect((await send(`${url}/groups/${groupId}/pause`, { topic: ordersTopic })).status).toBe(204);
    await post(`${url}/orders`, { customer: 'ada', amount: 40 });
    await eventually(async () => (await lagOf(url, groupId)) === 1, { what: 'the fourth order waits', within: MINUTE, show: app.output });
    expect(await processed(url, groupId)).toBe(3);
    expect((await send(`${url}/groups/${groupId}/resume`, { topic: ordersTopic })).status).toBe(204);
    await eventually(async () => (await lagOf(url, groupId)) === 0, { what: 'the fourth order is done', within: MINUTE, show: app.output });
    expect(await get(`${url}/groups/nobody/lag`)).toMatchObject({ status: 404 });

    app.signal('SIGTERM');
    await app.code;
    expect(await committed(groupId, ordersTopic)).toBe(4);
  }, 2 * MINUTE);
});

interface Run {
  readonly output: () => string;
  /** Null where a signal ended it. */
  readonly code: Promise<number | null>;
  readonly signal: (name: 'SIGTERM') => void;
}

/** npm as a newcomer calls it, with the broker of this test run. */
function npm(args: readonly string[], environment: Readonly<Record<string, string>>): Run {
  const env = { ...process.env, KAFKA_BROKERS: testBrokers().join(','), NO_COLOR: '1', ...environment };
  // A process group of its own, so that a signal reaches what npm has started, as it does from a terminal.
  const child = spawn('npm', [...args], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += String(text)));
  const code = new Promise<number | null>((resolve) => {
    child.once('close', (exitCode) => {
      running.delete(child);
      resolve(exitCode);
    });
  });
  return { output: () => output, code, signal: (name) => void (child.pid !== undefined && process.kill(-child.pid, name)) };
}

async function post(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await send(url, body);
  return { status: response.status, body: await response.json() };
}

function send(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

/** Over all partitions of the group, by the brokers. */
async function lagOf(url: string, groupId: string): Promise<number> {
  const { body } = await get(`${url}/groups/${groupId}/lag`);
  return (body as { lag: number }[]).reduce((sum, { lag }) => sum + lag, 0);
}

async function processed(url: string, groupId: string): Promise<number | undefined> {
  const { body } = await get(`${url}/stats`);
  const { groups } = body as { groups: { groupId: string; processedCount: number }[] };
  return groups.find((group) => group.groupId === groupId)?.processedCount;
}

/** Records that the group has committed, over all partitions. */
async function committed(groupId: string, topic: string): Promise<number> {
  const [answer] = await withAdmin((admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
  return (answer?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}
