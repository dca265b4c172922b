import { fetch } from '../../../lib/testing/broker/apis/fetch.js';
import { deleteRecords } from '../../../lib/testing/broker/apis/delete-records.js';
import { At, Attribute } from '../../../lib/testing/broker/log/batch-header.js';
import { NO_UUID } from '../../../lib/testing/broker/protocol/types.js';
import { eventually, unique } from '../kafka.js';
import type { BrokerUnderTest, StartBroker } from './broker-under-test.js';
import { differences } from './differences.js';
import { batchOf, RawLog, TIME_MS } from './raw-log.js';
import { nameOf } from './raw-member.js';
import { RawProducer } from './raw-producer.js';

const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAg';
/** Longer than any test, and shorter than a hang: nobody waits for it where an answer comes in time. */
const LONG_MS = 20_000;
const two = batchOf(['a', 'b']);

/** What a broker answers to consumers that read and look up. */
export function fetchAnswers(start: StartBroker): void {
  let broker: BrokerUnderTest;
  let log: RawLog;
  const others: { close(): void }[] = [];
  const another = async (topic = log.topic): Promise<RawLog> => {
    const connected = await RawLog.connect(broker.address, topic);
    others.push(connected);
    return connected;
  };
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    log = await RawLog.connect(broker.address, await broker.createTopic(2));
  });
  afterEach(() => {
    for (const each of [log, ...others.splice(0)]) each.close();
  });

  describe('a fetch', () => {
    it.each([4, 5, 6, 7, 8, 9, 10, 11, 12])('reads, in version %i', async (version) => {
      await log.produce(two);
      const answer = await log.fetch(0, { version });
      expect(answer).toMatchObject({ error: 'NONE', highWatermark: 2, lastStableOffset: 2, logStartOffset: version < 5 ? -1 : 0, sessionId: 0 });
      expect(offsetsIn(answer.records)).toEqual([0]);
    });

    it.each([13, 14, 15, 16, 17, 18])('reads by the id of the topic, in version %i', async (version) => {
      await log.produce(two);
      const answer = await log.fetch(0, { version, topicId: await log.id() });
      expect([answer.error, offsetsIn(answer.records)]).toEqual(['NONE', [0]]);
      expect((await log.fetch(0, { version, topicId: UNKNOWN_ID })).error).toBe('UNKNOWN_TOPIC_ID');
    });

    it('from within a batch has the whole of it', async () => {
      await log.produce(two);
      await log.produce(two);
      expect(offsetsIn((await log.fetch(3)).records)).toEqual([2]);
    });

    it('at the end is empty, and out of range beyond', async () => {
      await log.produce(two);
      expect(await log.fetch(2)).toMatchObject({ error: 'NONE', highWatermark: 2, records: Buffer.alloc(0) });
      const outside = [await log.fetch(3), await log.fetch(-1)];
      expect(outside.map(({ error, highWatermark }) => [error, highWatermark])).toEqual([['OFFSET_OUT_OF_RANGE', -1], ['OFFSET_OUT_OF_RANGE', -1]]);
    });

    it('of a topic, a partition or a leader epoch that does not exist is refused', async () => {
      const refused = [await log.fetch(0, { topic: unique('missing') }), await log.fetch(0, { index: 2 }), await log.fetch(0, { leaderEpoch: 9 })];
      expect(refused.map(({ error }) => error)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_LEADER_EPOCH']);
    });

    it('has one batch at least, whatever the limits, and no more than they allow', async () => {
      for (let batch = 0; batch < 3; batch++) await log.produce(two);
      expect(offsetsIn((await log.fetch(0, { partitionMaxBytes: 1 })).records)).toEqual([0]);
      expect(offsetsIn((await log.fetch(0, { maxBytes: 1 })).records)).toEqual([0]);
      expect((await log.fetch(0, { partitionMaxBytes: 2 * two.length })).records.length).toBe(2 * two.length);
    });

    it('of two partitions has one batch at least of the first, and of the other what there is room for', async () => {
      for (const index of [0, 1]) await log.produce(two, { index });
      const partitions = [0, 1].map((index) => ({ index, currentLeaderEpoch: -1, fetchOffset: 0, lastFetchedEpoch: -1, logStartOffset: -1, maxBytes: 1_000_000 }));
      const request = { replicaId: -1, maxWaitMs: 0, minBytes: 1, isolationLevel: 0, sessionId: 0, sessionEpoch: -1, rackId: '', forgottenTopics: [], topics: [{ name: log.topic, topicId: NO_UUID, partitions }] };
      const lengths = async (maxBytes: number) => (await log.client.call(fetch, 11, { ...request, maxBytes })).topics[0].partitions.map(({ records }) => records?.length ?? 0);
      expect(await lengths(1)).toEqual([two.length, 0]);
      expect(await lengths(1_000_000)).toEqual([two.length, two.length]);
    });

    it('waits for the first record', async () => {
      const reader = await another();
      const fetched = reader.fetch(0, { maxWaitMs: LONG_MS });
      await log.produce(two);
      expect(offsetsIn((await fetched).records)).toEqual([0]);
    });

    it('waits for as many bytes as it asks for, or for as long', async () => {
      await log.produce(two);
      const started = performance.now();
      const short = await log.fetch(0, { minBytes: two.length + 1, maxWaitMs: 300 });
      expect(performance.now() - started).toBeGreaterThan(290);
      expect(offsetsIn(short.records)).toEqual([0]);
      const reader = await another();
      const fetched = reader.fetch(0, { minBytes: two.length + 1, maxWaitMs: LONG_MS });
      await log.produce(two);
      expect(offsetsIn((await fetched).records)).toEqual([0, 2]);
    });

    it('that waits holds back what comes behind it on its connection, and nothing on others', async () => {
      const reader = await another();
      let answered = false;
      const fetched = reader.fetch(0, { maxWaitMs: LONG_MS });
      const behind = reader.offsetAt(-1).finally(() => (answered = true));
      expect((await log.offsetAt(-1)).offset).toBe(0);
      expect(answered).toBe(false);
      await log.produce(two);
      await fetched;
      expect((await behind).offset).toBe(2);
    });

    it('that asks for a session is documented to differ', async () => {
      await log.produce(two);
      const { sessionId, records } = await log.fetch(0, { sessionEpoch: 0 });
      expect([sessionId === 0 ? 'no session' : 'a session', offsetsIn(records)]).toEqual([differences.fetchSession[broker.kind], [0]]);
      expect((await log.fetch(0, { sessionId: 123_456, sessionEpoch: 3 })).error).toBe('FETCH_SESSION_ID_NOT_FOUND');
    });
  });

  describe('a transaction', () => {
    let producer: RawProducer;
    const append = (...values: string[]) => {
      const { transactionalId, producerId, producerEpoch } = producer;
      const baseSequence = sent;
      sent += values.length;
      return log.produce(batchOf(values, { attributes: Attribute.transactional, producer: { producerId, producerEpoch, baseSequence } }), { transactionalId });
    };
    let sent: number;
    beforeEach(async () => {
      sent = 0;
      producer = await RawProducer.connect(broker.address, unique('tx'));
      others.push(producer);
      await producer.start();
      await log.produce(two);
      expect(await producer.addPartition(log.topic)).toBe('NONE');
    });
    const ended = async (committed: boolean): Promise<void> => {
      expect(await producer.end(committed)).toBe('NONE');
      await eventually(async () => (await log.offsetAt(-1, { committed: true })).offset === 5, { what: 'the marker is written' });
    };

    it('that is open is behind the last stable offset', async () => {
      expect(await append('c', 'd')).toMatchObject({ error: 'NONE', baseOffset: 2 });
      const [all, stable] = [await log.fetch(0), await log.fetch(0, { committed: true })];
      expect([all, stable].map(({ highWatermark, lastStableOffset, records }) => [highWatermark, lastStableOffset, offsetsIn(records)])).toEqual([[4, 2, [0, 2]], [4, 2, [0]]]);
      expect([(await log.offsetAt(-1)).offset, (await log.offsetAt(-1, { committed: true })).offset]).toEqual([4, 2]);
      await ended(false);
    });

    it('that is committed is there, and its marker takes an offset', async () => {
      await append('c', 'd');
      await ended(true);
      const { records, abortedTransactions, lastStableOffset } = await log.fetch(0, { committed: true });
      expect([offsetsIn(records), abortedTransactions ?? [], lastStableOffset]).toEqual([[0, 2, 4], [], 5]);
      const marker = records.subarray(records.length - 78);
      expect([marker.readInt16BE(At.attributes), marker.readInt32BE(At.count), marker.readBigInt64BE(At.producerId)]).toEqual([Attribute.control | Attribute.transactional, 1, BigInt(producer.producerId)]);
    });

    it('that is aborted is told to who reads what is committed', async () => {
      await append('c', 'd');
      await ended(false);
      const { records, abortedTransactions } = await log.fetch(0, { committed: true });
      expect([offsetsIn(records), abortedTransactions]).toEqual([[0, 2, 4], [{ producerId: producer.producerId, firstOffset: 2 }]]);
      expect((await log.fetch(0)).abortedTransactions).toBeNull();
      expect((await log.fetch(5, { committed: true })).abortedTransactions).toEqual([]);
    });

    it('wakes who waits for what is committed when it ends', async () => {
      await append('c', 'd');
      const reader = await another();
      const fetched = reader.fetch(2, { committed: true, maxWaitMs: LONG_MS });
      await producer.end(true);
      expect(offsetsIn((await fetched).records)[0]).toBe(2);
      await ended(true).catch(() => undefined);
    });

    it('takes only partitions that were added, and only from its own producer', async () => {
      const other = await log.sibling();
      const { transactionalId, producerId, producerEpoch } = producer;
      const batch = batchOf(['c'], { attributes: Attribute.transactional, producer: { producerId, producerEpoch, baseSequence: 0 } });
      expect(await other.refusal(batch, { transactionalId })).toBe('INVALID_TXN_STATE');
      await append('c', 'd');
      await (await RawProducer.connect(broker.address, transactionalId).then((next) => (others.push(next), next))).start();
      expect((await append('e')).error).toBe('INVALID_PRODUCER_EPOCH');
    });
  });

  describe('an offset', () => {
    beforeEach(async () => {
      for (const at of [0, 10]) await log.produce(batchOf(['a', 'b'], { timestampMs: TIME_MS + at }));
    });

    it.each([
      ['the end', -1, 4, -1],
      ['the start', -2, 0, -1],
      ['the latest time', -3, 3, TIME_MS + 11],
      ['the local start', -4, 0, -1],
      ['what is tiered', -5, -1, -1],
      ['a time before all', 0, 0, TIME_MS],
      ['a time of a record', TIME_MS + 1, 1, TIME_MS + 1],
      ['a time between records', TIME_MS + 5, 2, TIME_MS + 10],
      ['a time after all', TIME_MS + 12, -1, -1],
    ])('is found: %s', async (_, timestamp, offset, time) => {
      expect(await log.offsetAt(timestamp)).toEqual({ error: 'NONE', offset, timestamp: time });
    });

    it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('is found in version %i', async (version) => {
      expect(await log.offsetAt(-1, { version })).toEqual({ error: 'NONE', offset: 4, timestamp: -1 });
    });

    it('of a topic, a partition, an epoch or a kind that does not exist is refused', async () => {
      const refused = [await log.offsetAt(-1, { topic: unique('missing') }), await log.offsetAt(-1, { index: 2 }), await log.offsetAt(-1, { leaderEpoch: 9 }), await log.offsetAt(-3, { version: 6 }), await log.offsetAt(-6)];
      expect(refused.map(({ error }) => error)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_LEADER_EPOCH', 'UNSUPPORTED_VERSION', 'UNSUPPORTED_VERSION']);
    });

    it.each([0, 1, 2])('is gone when records are deleted, in version %i of DeleteRecords', async (version) => {
      const remove = async (offset: number, topic = log.topic, index = 0) => {
        const { topics } = await log.client.call(deleteRecords, version, { timeoutMs: 5_000, topics: [{ name: topic, partitions: [{ index, offset }] }] });
        const [{ errorCode, lowWatermark }] = topics[0].partitions;
        return `${nameOf(errorCode)} ${lowWatermark}`;
      };
      expect([await remove(3), await remove(2)]).toEqual(['NONE 3', 'NONE 3']);
      expect([(await log.offsetAt(-2)).offset, (await log.offsetAt(0)).offset, (await log.fetch(2)).error, offsetsIn((await log.fetch(3)).records)]).toEqual([3, 3, 'OFFSET_OUT_OF_RANGE', [2]]);
      expect([await remove(5), await remove(-2), await remove(0, unique('missing')), await remove(-1)]).toEqual(['OFFSET_OUT_OF_RANGE -1', 'OFFSET_OUT_OF_RANGE -1', 'UNKNOWN_TOPIC_OR_PARTITION -1', 'NONE 4']);
    });
  });
}

/** First offsets of the batches. */
function offsetsIn(records: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < records.length; at += records.readInt32BE(at + At.length) + At.leaderEpoch) offsets.push(Number(records.readBigInt64BE(at)));
  return offsets;
}
