import { gzipSync } from 'node:zlib';
import { produce } from '../../../lib/testing/broker/apis/produce.js';
import { At, Attribute } from '../../../lib/testing/broker/log/batch-header.js';
import { seal } from '../../../lib/testing/broker/log/build-batch.js';
import { eventually, unique } from '../kafka.js';
import { RawClient } from '../raw-client.js';
import { asSnappy } from '../snappy.js';
import type { BrokerUnderTest, StartBroker } from './broker-under-test.js';
import { differences } from './differences.js';
import { batchOf, RawLog, TIME_MS } from './raw-log.js';
import { RawProducer } from './raw-producer.js';

const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAg';
const two = batchOf(['a', 'b']);

/** What a broker answers to producers, and what it writes. */
export function produceAnswers(start: StartBroker): void {
  let broker: BrokerUnderTest;
  let log: RawLog;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    log = await RawLog.connect(broker.address, await broker.createTopic(1));
  });
  afterEach(() => log.close());

  describe('a batch', () => {
    it.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('is written, in version %i of Produce', async (version) => {
      const logStartOffset = version < 5 ? -1 : 0;
      expect(await log.produce(two, { version })).toEqual({ error: 'NONE', baseOffset: 0, logAppendTimeMs: -1, logStartOffset });
      expect(await log.produce(two, { version })).toEqual({ error: 'NONE', baseOffset: 2, logAppendTimeMs: -1, logStartOffset });
    });

    it('is written by the id of the topic, in version 13', async () => {
      const topicId = await log.id();
      expect(await log.produce(two, { topicId, version: 13 })).toMatchObject({ error: 'NONE', baseOffset: 0 });
      expect(await log.refusal(two, { topicId: UNKNOWN_ID, version: 13 })).toBe('UNKNOWN_TOPIC_ID');
    });

    it.each([1, -1])('is acknowledged with acks %i', async (acks) => {
      expect(await log.produce(two, { acks })).toMatchObject({ error: 'NONE', baseOffset: 0 });
    });

    it('is written without an answer with acks 0, and the connection goes on', async () => {
      log.client.send(produce, 9, log.produceRequest(two, { acks: 0 }));
      await eventually(async () => (await log.offsetAt(-1)).offset === 2, { what: 'the records are there' });
    });

    it('that is refused closes the connection of who does not wait for an answer', async () => {
      const hasty = await RawClient.connect(broker.address);
      const closed = new Promise<void>((resolve) => hasty.socket.once('close', () => resolve()));
      hasty.send(produce, 9, log.produceRequest(two, { acks: 0, topic: unique('missing') }));
      await closed;
    });

    it('has the time of its arrival where the topic says so', async () => {
      const times = await log.sibling({ 'message.timestamp.type': 'LogAppendTime' });
      expect((await times.produce(two)).logAppendTimeMs).toBeGreaterThan(TIME_MS + 50_000);
      const { records } = await times.fetch(0);
      expect(records.readInt16BE(At.attributes) & Attribute.appendTime).toBe(Attribute.appendTime);
    });

    it('comes back as it was written, with the offset and the leader epoch that it has here', async () => {
      await log.produce(two);
      await log.produce(two);
      const { records } = await log.fetch(0);
      expect(records.length).toBe(2 * two.length);
      for (const [index, copy] of [records.subarray(0, two.length), records.subarray(two.length)].entries()) {
        expect([copy.readBigInt64BE(At.baseOffset), copy.readInt32BE(At.leaderEpoch)]).toEqual([BigInt(2 * index), 0]);
        expect(copy.subarray(At.magic)).toEqual(two.subarray(At.magic));
      }
    });
  });

  describe('a packed batch', () => {
    it.each([
      ['gzip', 1, gzipSync],
      ['snappy', 2, asSnappy],
    ] as const)('comes back as it was: %s', async (_, codec, pack) => {
      const batch = packed(two, codec, pack(two.subarray(At.records)));
      expect(await log.produce(batch)).toMatchObject({ error: 'NONE', baseOffset: 0 });
      expect((await log.fetch(0)).records.subarray(At.magic)).toEqual(batch.subarray(At.magic));
      expect((await log.offsetAt(-1)).offset).toBe(2);
    });

    it('with zstd needs version 7', async () => {
      expect(await log.refusal(changed(two, (batch) => batch.writeInt16BE(4, At.attributes)), { version: 6 })).toBe('UNSUPPORTED_COMPRESSION_TYPE');
    });

    it('that cannot be unpacked is documented to differ', async () => {
      expect(await log.refusal(changed(two, (batch) => batch.writeInt16BE(1, At.attributes)))).toBe(differences.packedGarbage[broker.kind]);
      expect(await log.refusal(changed(two, (batch) => batch.writeInt16BE(7, At.attributes)))).toBe(differences.unknownCodec[broker.kind]);
    });
  });

  describe('is refused:', () => {
    it('a topic and a partition that do not exist', async () => {
      expect([await log.refusal(two, { topic: unique('missing') }), await log.refusal(two, { index: 1 })]).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION']);
    });

    it.each([2, -2, 7])('acks %i', async (acks) => {
      expect(await log.refusal(two, { acks })).toBe('INVALID_REQUIRED_ACKS');
    });

    it.each<[string, Buffer | null, string]>([
      ['less than a head', two.subarray(0, 40), 'INVALID_RECORD'],
      ['no bytes', Buffer.alloc(0), 'INVALID_RECORD'],
      ['a batch that is cut off', two.subarray(0, -3), 'INVALID_RECORD'],
      ['two batches', Buffer.concat([two, two]), 'INVALID_RECORD'],
      ['a wrong checksum', flipped(two), 'CORRUPT_MESSAGE'],
      ['format 1', changed(two, (batch) => batch.writeInt8(1, At.magic)), 'INVALID_RECORD'],
      ['a control batch', changed(two, (batch) => batch.writeInt16BE(Attribute.control, At.attributes)), 'INVALID_RECORD'],
      ['a base offset', changed(two, (batch) => batch.writeInt32BE(5, At.baseOffset + 4)), 'INVALID_RECORD'],
      ['more records announced than the last offset tells', changed(two, (batch) => batch.writeInt32BE(3, At.count)), 'INVALID_RECORD'],
      ['more records announced than there are', changed(two, (batch) => counted(batch, 3)), 'INVALID_RECORD'],
      ['fewer records announced than there are', changed(two, (batch) => counted(batch, 1)), 'INVALID_RECORD'],
      ['no records', changed(two, (batch) => counted(batch, 0)), 'INVALID_RECORD'],
      ['a time far ahead', batchOf(['a'], { timestampMs: Date.now() + 7_200_000 }), 'INVALID_TIMESTAMP'],
      ['more bytes than a batch may have', batchOf(['x'.repeat(1_100_000)]), 'MESSAGE_TOO_LARGE'],
      ['a transactional batch without a transactional id', changed(two, (batch) => batch.writeInt16BE(Attribute.transactional, At.attributes)), 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'],
      ['an idempotent batch without a sequence number', batchOf(['a'], { producer: { producerId: 77, producerEpoch: 0, baseSequence: -1 } }), 'INVALID_RECORD'],
    ])('%s', async (_, records, error) => {
      expect(await log.refusal(records)).toBe(error);
      expect((await log.offsetAt(-1)).offset).toBe(0);
    });

    it('a record without a key, by a compacted topic', async () => {
      const compacted = await log.sibling({ 'cleanup.policy': 'compact' });
      expect([await compacted.refusal(batchOf(['a'], { key: null })), await compacted.refusal(two)]).toEqual(['INVALID_RECORD', 'NONE']);
    });

    it('a batch above the size that the topic has for itself', async () => {
      const small = await log.sibling({ 'max.message.bytes': String(two.length) });
      expect([await small.refusal(two), await small.refusal(batchOf(['a', 'bb']))]).toEqual(['NONE', 'MESSAGE_TOO_LARGE']);
    });

    it('without the offset that the log starts at, as documented', async () => {
      const { error, logStartOffset } = await log.produce(batchOf(['a'], { timestampMs: Date.now() + 7_200_000 }));
      expect([error, logStartOffset === -1 ? '−1' : 'of the log']).toEqual(['INVALID_TIMESTAMP', differences.logStart[broker.kind]]);
    });

    it('more than Kafka does, as documented', async () => {
      expect(await log.refusal(changed(two, (batch) => batch.fill(0xff, At.records)))).toBe(differences.garbledRecords[broker.kind]);
      expect(await log.refusal(changed(two, (batch) => (batch[At.records + 3] = 8)))).toBe(differences.wrongDelta[broker.kind]);
      expect(await log.refusal(batchOf(['a'], { producer: { producerId: 77, producerEpoch: -1, baseSequence: 0 } }))).toBe(differences.producerWithoutEpoch[broker.kind]);
      const transactional = changed(two, (batch) => batch.writeInt16BE(Attribute.transactional, At.attributes));
      expect(await log.refusal(transactional, { transactionalId: unique('tx') })).toBe(differences.transactionalWithoutProducer[broker.kind]);
    });
  });

  describe('an idempotent producer', () => {
    let producerId: number;
    /** Sends `count` records from a sequence number on: `NONE 0` is an error's name and the first offset. */
    const send = async (baseSequence: number, count = 1, producerEpoch = 0): Promise<string> => {
      const batch = batchOf(Array.from({ length: count }, (_, index) => String(index)), { producer: { producerId, producerEpoch, baseSequence } });
      const { error, baseOffset } = await log.produce(batch);
      return `${error} ${baseOffset}`;
    };
    const inTurn = async (...batches: readonly [number, number?, number?][]): Promise<string[]> => {
      const answers: string[] = [];
      for (const batch of batches) answers.push(await send(...batch));
      return answers;
    };
    beforeEach(async () => {
      const producer = await RawProducer.connect(broker.address, unique('tx'));
      ({ producerId } = await producer.init({ transactionalId: null }));
      producer.close();
    });

    it('is answered a batch that it repeats as the first time, and it is written once', async () => {
      expect(await inTurn([0], [1, 3], [1, 3], [0], [4])).toEqual(['NONE 0', 'NONE 1', 'NONE 1', 'NONE 0', 'NONE 4']);
      expect((await log.offsetAt(-1)).offset).toBe(5);
    });

    it('is refused a gap, and part of what it has sent', async () => {
      expect(await inTurn([0, 3], [4], [1], [3])).toEqual(['NONE 0', 'OUT_OF_ORDER_SEQUENCE_NUMBER -1', 'OUT_OF_ORDER_SEQUENCE_NUMBER -1', 'NONE 3']);
    });

    it('is known by its last five batches', async () => {
      expect(await inTurn([0], [1], [2], [3], [4], [5], [1], [0])).toEqual(['NONE 0', 'NONE 1', 'NONE 2', 'NONE 3', 'NONE 4', 'NONE 5', 'NONE 1', 'OUT_OF_ORDER_SEQUENCE_NUMBER -1']);
    });

    it('begins again with a new epoch, and its old one is over', async () => {
      expect(await inTurn([0], [3, 1, 1], [0, 1, 1], [1, 1, 0], [1, 1, 1])).toEqual(['NONE 0', 'OUT_OF_ORDER_SEQUENCE_NUMBER -1', 'NONE 1', 'INVALID_PRODUCER_EPOCH -1', 'NONE 2']);
    });

    it('goes on from 0 after the last number', async () => {
      expect(await inTurn([2_147_483_646, 3], [1])).toEqual(['NONE 0', 'NONE 3']);
    });

    it('that nobody knows may begin anywhere', async () => {
      expect(await inTurn([5], [6])).toEqual(['NONE 0', 'NONE 1']);
    });
  });
}

/** A copy with another head, or other records, and the checksum for it. */
function changed(batch: Buffer, change: (copy: Buffer) => unknown): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  seal(copy);
  return copy;
}

function packed(batch: Buffer, codec: number, records: Buffer): Buffer {
  return changed(Buffer.concat([batch.subarray(0, At.records), records]), (copy) => {
    copy.writeInt32BE(copy.length - At.leaderEpoch, At.length);
    copy.writeInt16BE(codec, At.attributes);
  });
}

function counted(batch: Buffer, count: number): void {
  batch.writeInt32BE(count, At.count);
  batch.writeInt32BE(count - 1, At.lastOffsetDelta);
}

function flipped(batch: Buffer): Buffer {
  const copy = Buffer.from(batch);
  copy[copy.length - 1] ^= 1;
  return copy;
}
