import { setTimeout as delay } from 'node:timers/promises';
import type { CompressionTypes, Message } from 'kafkajs';
import type { RecordChunk } from '../../lib/engine/record-chunk.js';
import {
  type FetchedPartition, type FetchRequest, type JoinRequest, type MemberIdentity, type TopicPartition, type Wire, WireError, type WireErrorKind,
} from '../../lib/consumer/wire.js';
import { eventually, unique } from './kafka.js';

/** What the suite needs of the cluster behind the wire. */
export interface WireEnvironment {
  createTopic(name: string, partitions?: number, settings?: { configEntries?: { name: string; value: string }[] }): Promise<string>;
  /** Returns the first record's offset. */
  produce(topic: string, partition: number, messages: readonly Omit<Message, 'partition'>[], compression?: CompressionTypes): Promise<bigint>;
  deleteRecords(topic: string, partition: number, below: number): Promise<void>;
  /** Opens a transaction of a producer of its own. */
  transaction(): Promise<WireTransaction>;
}
export interface WireTransaction {
  send(topic: string, partition: number, messages: readonly Omit<Message, 'partition'>[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export interface WireOptions {
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  /** @default the environment's */
  readonly brokers?: readonly string[];
}

const SESSION_TIMEOUT_MS = 10_000;

/** What every implementation of `Wire` keeps, against any broker. */
export function wireConformance(name: string, makeWire: (options: WireOptions) => Wire, env: WireEnvironment): void {
  describe(`the wire to ${name}`, () => {
    const opened: Wire[] = [];
    const open = async (groupId = unique('group'), sessionTimeoutMs = SESSION_TIMEOUT_MS): Promise<Wire> => {
      const wire = makeWire({ groupId, sessionTimeoutMs });
      opened.push(wire);
      await wire.connect();
      return wire;
    };
    afterEach(async () => {
      await Promise.all(opened.splice(0).map(wire => wire.close()));
    });

    topicTests(open, env);
    fetchTests(open, env);
    transactionTests(open, env);
    groupTests(open, env);
    commitTests(open, env);
    connectionTests(open, makeWire, env);
  });
}

type Open = (groupId?: string, sessionTimeoutMs?: number) => Promise<Wire>;

function topicTests(open: Open, env: WireEnvironment): void {
  it('names the partitions of a topic and their leaders', async () => {
    const topic = await env.createTopic('meta', 3);
    const wire = await open();
    const found = await wire.metadata([topic]);
    expect(found.get(topic)?.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(found.get(topic)?.partitions.every(({ leader }) => typeof leader === 'number')).toBe(true);
  });

  it('names all topics of the cluster, and does not mistake some for all', async () => {
    const topics = [await env.createTopic('listed'), await env.createTopic('listed')];
    const wire = await open();
    expect(await wire.topics()).toEqual(expect.arrayContaining(topics));
    expect((await wire.metadata([])).size).toBe(0);
  });

  it('leaves out a topic that does not exist, and does not create it', async () => {
    const topic = await env.createTopic('meta');
    const missing = unique('missing');
    const wire = await open();
    for (let look = 0; look < 2; look++) {
      const found = await wire.metadata([missing, topic]);
      expect([...found.keys()]).toEqual([topic]);
    }
  });

  it('finds the start, the end and a time in the log', async () => {
    const topic = await env.createTopic('offsets', 2);
    await env.produce(topic, 0, [1_000, 2_000, 3_000].map(time => ({ value: 'x', timestamp: String(time) })));
    const wire = await open();
    const found = await wire.offsets([
      { topic, partition: 0, at: 'earliest' },
      { topic, partition: 0, at: 'latest' },
      { topic, partition: 0, at: { timestampMs: 1_500 } },
      { topic, partition: 0, at: { timestampMs: 9_000 } },
      { topic, partition: 1, at: 'latest' },
    ]);
    expect(found.map(({ offset }) => offset)).toEqual([0, 3, 1, 3, 0]);
    expect(found.map(({ partition }) => partition)).toEqual([0, 0, 0, 0, 1]);
  });

  it('refuses the offset of a partition that does not exist', async () => {
    const topic = await env.createTopic('offsets');
    const wire = await open();
    await expectKind(wire.offsets([{ topic, partition: 7, at: 'earliest' }]), 'moved');
  });
}

function fetchTests(open: Open, env: WireEnvironment): void {
  it('fetches records with key, value, headers, offset and time, from the position on', async () => {
    const topic = await env.createTopic('fetch');
    await env.produce(topic, 0, [
      { key: 'a', value: '1', timestamp: '1700000000000' },
      { key: 'b', value: '2', headers: { kind: 'x', many: ['1', '2'] }, timestamp: '1700000000005' },
      { key: null, value: null, timestamp: '1700000000001' },
    ]);
    const wire = await open();
    const chunk = chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 1 }]));
    expect({ from: chunk.from, to: chunk.to, count: chunk.count }).toEqual({ from: 1, to: 3, count: 2 });
    expect(offsetsOf(chunk)).toEqual([1, 2]);
    expect([String(chunk.key(0)), String(chunk.value(0)), chunk.timestampMs(0)]).toEqual(['b', '2', 1_700_000_000_005]);
    expect(JSON.parse(JSON.stringify(chunk.headers(0), (_, value: unknown) => (value instanceof Uint8Array ? value.toString() : value)))).toBeTruthy();
    expect(String(chunk.headers(0)['kind'])).toBe('x');
    expect([chunk.headers(0)['many']].flat().map(String)).toEqual(['1', '2']);
    expect([chunk.key(1), chunk.value(1)]).toEqual([null, null]);
  });

  it('answers without a chunk, and with the watermarks, where nothing lies at the position', async () => {
    const topic = await env.createTopic('fetch');
    await env.produce(topic, 0, [{ value: '1' }]);
    const wire = await open();
    const [partition] = await fetchOnce(wire, [{ topic, partition: 0, offset: 1 }]);
    expect(partition).toMatchObject({ fault: null, chunk: null, highWatermark: 1, lastStableOffset: 1, logStartOffset: 0, preferredReplica: -1 });
  });

  it('delivers one partition while another is out of range, and one that does not exist has moved', async () => {
    const topic = await env.createTopic('fetch', 2);
    await env.produce(topic, 1, [{ value: '1' }, { value: '2' }]);
    const wire = await open();
    const found = await fetchOnce(wire, [{ topic, partition: 0, offset: 999 }, { topic, partition: 1, offset: 0 }, { topic, partition: 9, offset: 0 }]);
    const by = new Map(found.map(partition => [partition.partition, partition]));
    expect(by.get(0)).toMatchObject({ fault: 'out-of-range', reason: 'OFFSET_OUT_OF_RANGE', chunk: null });
    expect(by.get(1)).toMatchObject({ fault: null, chunk: { count: 2 } });
    expect(by.get(9)).toMatchObject({ fault: 'moved', chunk: null });
  });

  it('calls a position below the start of the log out of range', async () => {
    const topic = await env.createTopic('fetch');
    await env.produce(topic, 0, [{ value: '1' }, { value: '2' }, { value: '3' }]);
    await env.deleteRecords(topic, 0, 2);
    const wire = await open();
    expect(await fetchOnce(wire, [{ topic, partition: 0, offset: 0 }])).toMatchObject([{ fault: 'out-of-range' }]);
    expect(chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 2 }]))).toMatchObject({ from: 2, to: 3, count: 1 });
  });

  it('returns a record that is larger than the limits of the fetch', async () => {
    const topic = await env.createTopic('fetch');
    await env.produce(topic, 0, [{ value: Buffer.alloc(300_000, 1) }]);
    const wire = await open();
    const chunk = chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 0 }], { maxBytes: 1_000, maxBytesPerPartition: 1_000 }));
    expect(chunk.value(0)?.length).toBe(300_000);
  });

  it('reads on where a limit has cut the records off, without gap or repetition', async () => {
    const topic = await env.createTopic('fetch');
    for (let batch = 0; batch < 20; batch++) await env.produce(topic, 0, Array.from({ length: 5 }, (_, record) => ({ value: Buffer.alloc(500, batch * 5 + record) })));
    const wire = await open();
    const seen: number[] = [];
    let fetches = 0;
    for (let offset = 0; offset < 100; fetches++) {
      const chunk = chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset }], { maxBytesPerPartition: 6_000 }));
      for (let index = 0; index < chunk.count; index++) seen.push(chunk.value(index)?.[0] ?? -1);
      offset = chunk.to;
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, value) => value));
    expect(fetches).toBeGreaterThan(5);
  });

  it('unpacks gzip', async () => {
    const topic = await env.createTopic('gzip');
    await env.produce(topic, 0, Array.from({ length: 50 }, (_, value) => ({ key: `k${value}`, value: 'same '.repeat(100) + value })), 1);
    await env.produce(topic, 0, [{ key: 'plain', value: 'plain' }]);
    const wire = await open();
    const chunk = chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 10 }]));
    expect({ from: chunk.from, to: chunk.to, count: chunk.count }).toEqual({ from: 10, to: 51, count: 41 });
    expect([String(chunk.key(0)), String(chunk.value(0)), String(chunk.key(40))]).toEqual(['k10', 'same '.repeat(100) + 10, 'plain']);
  });

  it('covers the holes that compaction leaves', async () => {
    const settings = [['cleanup.policy', 'compact'], ['segment.ms', '100'], ['min.cleanable.dirty.ratio', '0.001'], ['max.compaction.lag.ms', '100']];
    const topic = await env.createTopic('compacted', 1, { configEntries: settings.map(([name = '', value = '']) => ({ name, value })) });
    await env.produce(topic, 0, Array.from({ length: 10 }, (_, value) => ({ key: 'same', value: String(value) })));
    const wire = await open();
    let chunk: RecordChunk | null = null;
    await eventually(
      async () => {
        // The active segment is never compacted: something has to begin the next one.
        await env.produce(topic, 0, [{ key: 'other', value: 'x' }]);
        chunk = chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 0 }]));
        return chunk.offset(0) === 9;
      },
      { what: 'only the last record of the key is left', within: 60_000, every: 300, show: () => chunk && offsetsOf(chunk) },
    );
    const [{ from, to, count }, later] = [chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 0 }])), chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 5 }]))];
    expect(from).toBe(0);
    expect(count).toBeLessThan(to);
    expect([later.from, later.offset(0)]).toEqual([5, 9]);
  }, 90_000);
}

/** What a read_committed reader gets. Brokers acknowledge the end of a transaction before its markers are in the log. */
function stableUpTo(end: number, wire: Wire, topic: string): Promise<RecordChunk> {
  const read = async (): Promise<RecordChunk | null> => {
    const chunk = chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 0 }]));
    return chunk.to === end ? chunk : null;
  };
  return eventually(read, { what: `the transactions have ended below ${end}` }) as Promise<RecordChunk>;
}

function transactionTests(open: Open, env: WireEnvironment): void {
  it('leaves out two aborted transactions that overlap and end in another order than they began', async () => {
    const topic = await env.createTopic('aborted');
    const first = await env.transaction();
    const second = await env.transaction();
    await first.send(topic, 0, [{ value: 'first' }]);
    await second.send(topic, 0, [{ value: 'second' }]);
    await env.produce(topic, 0, [{ value: 'plain' }]);
    await second.send(topic, 0, [{ key: Buffer.alloc(4), value: 'looks like a marker' }, { value: 'second' }]);
    await second.abort();
    await first.send(topic, 0, [{ value: 'first' }]);
    await first.abort();
    await env.produce(topic, 0, [{ value: 'end' }]);
    const wire = await open();
    const position = [{ topic, partition: 0, offset: 0 }];
    expect(valuesOf(await stableUpTo(9, wire, topic))).toEqual(['plain', 'end']);
    expect(valuesOf(chunkOf(await fetchOnce(wire, position, { isolation: 'read_uncommitted' })))).toEqual(['first', 'second', 'plain', 'looks like a marker', 'second', 'first', 'end']);
  });

  it('delivers a committed transaction, a record with the key of a marker too, and the next one of an aborted producer', async () => {
    const topic = await env.createTopic('committed');
    const transaction = await env.transaction();
    await transaction.send(topic, 0, [{ key: Buffer.alloc(4), value: 'one' }, { value: 'two' }]);
    await transaction.commit();
    const wire = await open();
    expect(valuesOf(await stableUpTo(3, wire, topic))).toEqual(['one', 'two']);
  });

  it('moves on where only markers are left, with a chunk without records', async () => {
    const topic = await env.createTopic('markers');
    const transaction = await env.transaction();
    await transaction.send(topic, 0, [{ value: 'gone' }]);
    await transaction.abort();
    const wire = await open();
    expect(await stableUpTo(2, wire, topic)).toMatchObject({ from: 0, to: 2, count: 0, bytes: 0 });
    expect(chunkOf(await fetchOnce(wire, [{ topic, partition: 0, offset: 1 }]))).toMatchObject({ from: 1, to: 2, count: 0 });
  });

  it('ends at what an open transaction holds back', async () => {
    const topic = await env.createTopic('open');
    await env.produce(topic, 0, [{ value: 'before' }]);
    const transaction = await env.transaction();
    await transaction.send(topic, 0, [{ value: 'held back' }]);
    const wire = await open();
    const [partition] = await fetchOnce(wire, [{ topic, partition: 0, offset: 0 }]);
    expect(partition).toMatchObject({ highWatermark: 2, lastStableOffset: 1, chunk: { to: 1, count: 1 } });
    expect(await wire.offsets([{ topic, partition: 0, at: 'latest' }])).toMatchObject([{ offset: 1 }]);
    await transaction.commit();
  });
}

function groupTests(open: Open, env: WireEnvironment): void {
  it('joins without a member id, leads, and gets what it has assigned', async () => {
    const topic = await env.createTopic('group', 2);
    const wire = await open();
    const joined = await wire.join(joinRequest([topic], 'claims'));
    expect(joined).toMatchObject({ leaderId: joined.memberId, protocol: 'test' });
    expect(joined.generation).toBeGreaterThan(0);
    expect(joined.members).toEqual([{ memberId: joined.memberId, topics: [topic], userData: Buffer.from('claims') }]);
    const partitions = new Map([[topic, [0, 1]]]);
    const synced = await wire.sync({ ...identityOf(joined), protocol: 'test', assignments: [{ memberId: joined.memberId, partitions, userData: Buffer.from('mark') }] });
    expect([...synced.partitions]).toEqual([[topic, [0, 1]]]);
    expect(synced.userData).toEqual(Buffer.from('mark'));
    expect(await wire.heartbeat(identityOf(joined))).toBe('ok');
  });

  it('tells a member of a rebalance by its heartbeat, and forgets one that leaves', async () => {
    const topic = await env.createTopic('group');
    const group = unique('group');
    const [one, two] = [await open(group), await open(group)];
    const first = await joinAndSync(one, [topic]);
    const joining = two.join(joinRequest([topic]));
    await eventually(async () => (await one.heartbeat(first)) === 'rebalancing', { what: 'the rebalance is seen' });
    const [again, second] = await Promise.all([one.join({ ...joinRequest([topic]), memberId: first.memberId }), joining]);
    expect(again.memberId).toBe(first.memberId);
    expect(again.generation).toBe(second.generation);
    expect([again.members.length, second.members.length].sort()).toEqual([0, 2]);
    await two.leave(identityOf(second));
    await expectKind(two.heartbeat(identityOf(second)), 'unknown-member');
    await two.leave(identityOf(second));
  });

  it('tells a new member its id before its join waits, so that it can leave without an answer', async () => {
    const topic = await env.createTopic('group');
    const group = unique('group');
    const [one, two] = [await open(group), await open(group)];
    const first = await joinAndSync(one, [topic]);
    const ids: string[] = [];
    const joining = two.join({ ...joinRequest([topic]), identified: (memberId) => void ids.push(memberId) });
    const refused = expectKind(joining, 'unknown-member');
    await eventually(async () => (await one.heartbeat(first)) === 'rebalancing', { what: 'the join waits' });
    await one.leave({ memberId: ids[0], generation: -1 });
    await refused;
    expect(ids).toHaveLength(1);
  });

  it('refuses a member that the group does not know, and a generation that is over', async () => {
    const topic = await env.createTopic('group');
    const wire = await open();
    const identity = await joinAndSync(wire, [topic]);
    const stranger = { ...identity, memberId: 'stranger-1' };
    const old = { ...identity, generation: identity.generation - 1 };
    const offsets = [{ topic, partition: 0, offset: 1, metadata: '' }];
    await expectKind(wire.heartbeat(stranger), 'unknown-member');
    await expectKind(wire.commit(stranger, offsets), 'unknown-member');
    await expectKind(wire.heartbeat(old), 'fenced');
    await expectKind(wire.commit(old, offsets), 'fenced');
    await expectKind(wire.join({ ...joinRequest([topic]), memberId: 'stranger-1' }), 'unknown-member');
    expect(await wire.heartbeat(identity)).toBe('ok');
  });

  it('refuses a protocol that the group does not have as fatal', async () => {
    const topic = await env.createTopic('group');
    const group = unique('group');
    const [one, two] = [await open(group), await open(group)];
    await joinAndSync(one, [topic]);
    await expectKind(two.join({ ...joinRequest([topic]), protocols: [{ name: 'another', topics: [topic], userData: Buffer.alloc(0) }] }), 'fatal');
  });

  it('goes on with heartbeats, commits, metadata and fetches while a join waits', async () => {
    const topic = await env.createTopic('parked');
    await env.produce(topic, 0, [{ value: '1' }]);
    const group = unique('group');
    const [one, two] = [await open(group), await open(group)];
    const first = await joinAndSync(one, [topic]);
    let waits = true;
    const parked = two.join(joinRequest([topic])).finally(() => (waits = false));
    await eventually(async () => (await one.heartbeat(first)) === 'rebalancing', { what: 'the join waits' });
    const rejoin = { ...joinRequest([topic]), memberId: first.memberId };
    // While the second member's join waits for the first one: everything of the second wire but the join.
    const started = performance.now();
    expect(chunkOf(await fetchOnce(two, [{ topic, partition: 0, offset: 0 }])).count).toBe(1);
    expect((await two.metadata([topic])).has(topic)).toBe(true);
    expect(await two.committed([{ topic, partition: 0 }])).toMatchObject([{ offset: -1 }]);
    await expectKind(two.heartbeat({ memberId: 'stranger', generation: 1 }), 'unknown-member');
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(waits).toBe(true);
    await Promise.all([one.join(rejoin), parked]);
  });
}

function commitTests(open: Open, env: WireEnvironment): void {
  it('commits offsets with metadata and reads them back; −1 where there is none', async () => {
    const topic = await env.createTopic('commit', 3);
    const wire = await open();
    const identity = await joinAndSync(wire, [topic]);
    const metadata = '\u3400\u7fff'.repeat(2_048);
    const outcome = await wire.commit(identity, [
      { topic, partition: 0, offset: 5, metadata },
      { topic, partition: 2, offset: 2 ** 40 + 1, metadata: '' },
    ]);
    expect(outcome).toEqual([{ topic, partition: 0, error: null }, { topic, partition: 2, error: null }]);
    expect(await wire.committed([0, 1, 2].map(partition => ({ topic, partition })))).toEqual([
      { topic, partition: 0, offset: 5, metadata },
      { topic, partition: 1, offset: -1, metadata: '' },
      { topic, partition: 2, offset: 2 ** 40 + 1, metadata: '' },
    ]);
  });

  it('refuses metadata that is too large for its partition alone', async () => {
    const topic = await env.createTopic('commit', 2);
    const wire = await open();
    const identity = await joinAndSync(wire, [topic]);
    const outcome = await wire.commit(identity, [{ topic, partition: 0, offset: 1, metadata: 'x'.repeat(4_097) }, { topic, partition: 1, offset: 1, metadata: 'ok' }]);
    expect(outcome.map(({ error }) => error?.kind ?? null)).toEqual(['metadata-too-large', null]);
    expect(await wire.committed([{ topic, partition: 0 }, { topic, partition: 1 }])).toMatchObject([{ offset: -1 }, { offset: 1 }]);
  });

  it('calls a request too large that the broker cannot store', async () => {
    const topic = await env.createTopic('commit', 100);
    const wire = await open();
    const identity = await joinAndSync(wire, [topic]);
    const full = Array.from({ length: 100 }, (_, partition) => ({ topic, partition, offset: 1, metadata: '\u7fff'.repeat(4_096) }));
    const outcome = await wire.commit(identity, full);
    expect(new Set(outcome.map(({ error }) => error?.kind))).toEqual(new Set(['too-large']));
    expect((await wire.commit(identity, full.slice(0, 40))).every(({ error }) => error === null)).toBe(true);
  });

  it('accepts the commit of a member while the group assembles', async () => {
    const topic = await env.createTopic('commit');
    const group = unique('group');
    const [one, two] = [await open(group), await open(group)];
    const first = await joinAndSync(one, [topic]);
    const joining = two.join(joinRequest([topic]));
    await eventually(async () => (await one.heartbeat(first)) === 'rebalancing', { what: 'the rebalance is seen' });
    expect(await one.commit(first, [{ topic, partition: 0, offset: 3, metadata: 'm' }])).toEqual([{ topic, partition: 0, error: null }]);
    await Promise.all([one.join({ ...joinRequest([topic]), memberId: first.memberId }), joining]);
  });
}

function connectionTests(open: Open, makeWire: (options: WireOptions) => Wire, env: WireEnvironment): void {
  it('is unavailable where no broker answers', async () => {
    const wire = makeWire({ groupId: unique('away'), sessionTimeoutMs: SESSION_TIMEOUT_MS, brokers: ['127.0.0.1:1'] });
    await expectKind(wire.connect(), 'unavailable');
    await wire.close();
  });

  it('rejects what waits when it is closed, ends at once, and takes nothing any more', async () => {
    const topic = await env.createTopic('close');
    const group = unique('group');
    const [one, two] = [await open(group), await open(group)];
    await joinAndSync(one, [topic]);
    await two.metadata([topic]);
    const parked = two.join(joinRequest([topic]));
    const fetching = fetchOnce(two, [{ topic, partition: 0, offset: 0 }], { maxWaitMs: 20_000 });
    const outcomes = Promise.allSettled([parked, fetching]);
    // Until both are on their way: a connection takes a moment, and no answer tells of a request that waits.
    await delay(200);
    const started = performance.now();
    await two.close();
    expect(await outcomes).toMatchObject([{ status: 'rejected', reason: { kind: 'unavailable' } }, { status: 'rejected', reason: { kind: 'unavailable' } }]);
    expect(performance.now() - started).toBeLessThan(500);
    await expectKind(two.metadata([topic]), 'unavailable');
    await expectKind(two.connect(), 'unavailable');
    await two.close();
  });
}

async function joinAndSync(wire: Wire, topics: readonly string[]): Promise<MemberIdentity> {
  const joined = await wire.join(joinRequest(topics));
  const identity = identityOf(joined);
  const assignments = joined.members.map(({ memberId }) => ({ memberId, partitions: new Map(topics.map(topic => [topic, [0]])), userData: Buffer.alloc(0) }));
  await wire.sync({ ...identity, protocol: joined.protocol, assignments });
  return identity;
}

function joinRequest(topics: readonly string[], userData = ''): JoinRequest {
  return { memberId: '', sessionTimeoutMs: SESSION_TIMEOUT_MS, rebalanceTimeoutMs: 30_000, protocols: [{ name: 'test', topics, userData: Buffer.from(userData) }] };
}

function identityOf({ memberId, generation }: MemberIdentity): MemberIdentity {
  return { memberId, generation };
}

async function fetchOnce(wire: Wire, positions: readonly (TopicPartition & { offset: number })[], limits: Partial<FetchRequest> = {}): Promise<readonly FetchedPartition[]> {
  const topics = await wire.metadata([...new Set(positions.map(({ topic }) => topic))]);
  const [leader] = [...topics.values()].flatMap(({ partitions }) => partitions.map(partition => partition.leader));
  if (typeof leader !== 'number') throw new Error('The topic has no leader.');
  return wire.fetch({ leader, maxWaitMs: 250, minBytes: 1, maxBytes: 10_485_760, maxBytesPerPartition: 1_048_576, isolation: 'read_committed', positions, ...limits });
}

function chunkOf([partition]: readonly FetchedPartition[]): RecordChunk {
  if (partition?.fault) throw new Error(`A fault instead of a chunk: ${partition.fault}, ${partition.reason}`);
  const chunk = partition?.chunk;
  if (!chunk) throw new Error('No chunk has come.');
  return chunk;
}

function offsetsOf(chunk: RecordChunk): number[] {
  return Array.from({ length: chunk.count }, (_, at) => chunk.offset(at));
}
function valuesOf(chunk: RecordChunk): string[] {
  return Array.from({ length: chunk.count }, (_, at) => String(chunk.value(at)));
}

async function expectKind(work: Promise<unknown>, kind: WireErrorKind): Promise<void> {
  const error: unknown = await work.then(value => new Error(`resolved to ${JSON.stringify(value)}`), (reason: unknown) => reason);
  expect(error).toBeInstanceOf(WireError);
  expect(error).toMatchObject({ kind });
}
