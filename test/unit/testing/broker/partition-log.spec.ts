import fc from 'fast-check';
import { At, Attribute, readHead } from '../../../../lib/testing/broker/log/batch-header.js';
import { buildBatch, seal } from '../../../../lib/testing/broker/log/build-batch.js';
import { type BatchRules, checkBatch } from '../../../../lib/testing/broker/log/check-batch.js';
import { compact } from '../../../../lib/testing/broker/log/compaction.js';
import { crc32c } from '../../../../lib/testing/broker/log/crc32c.js';
import { PartitionLog } from '../../../../lib/testing/broker/log/partition-log.js';
import { RecordCursor } from '../../../../lib/testing/broker/log/record-cursor.js';
import { findTime, latestTime } from '../../../../lib/testing/broker/log/time-search.js';
import { ErrorCode } from '../../../../lib/testing/broker/protocol/error-codes.js';

const NOW = 1_700_000_000_000;
const RULES: BatchRules = { maxBytes: 1_048_588, maxTimestampAheadMs: 3_600_000, keysRequired: false };

function records(count: number, timestampMs = NOW) {
  return Array.from({ length: count }, (_, index) => ({ key: Buffer.from(`k${index}`), value: Buffer.from(`v${index}`), timestampMs: timestampMs + index }));
}
function append(log: PartitionLog, batch: Buffer) {
  return log.append(batch, readHead(batch), 3, null);
}
function produced(producerId: number, producerEpoch: number, baseSequence: number, count = 1, transactional = false): Buffer {
  return buildBatch(records(count), transactional ? Attribute.transactional : 0, { producerId, producerEpoch, baseSequence });
}
function changed(batch: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  seal(copy);
  return copy;
}
/** Base offset, or the error code that was thrown. */
function outcome(work: () => { baseOffset: number }): number | { code: number } {
  try {
    return work().baseOffset;
  } catch (error) {
    return { code: (error as { code: number }).code };
  }
}

describe('the log of a partition in the embedded broker', () => {
  it('keeps batches as they were written, but for base offset and leader epoch', () => {
    const log = new PartitionLog();
    const batch = buildBatch(records(3));
    append(log, buildBatch(records(2)));
    append(log, batch);
    const [, stored] = log.batches.all;
    expect(stored.bytes.readBigInt64BE(At.baseOffset)).toBe(2n);
    expect(stored.bytes.readInt32BE(At.leaderEpoch)).toBe(3);
    expect(stored.bytes.subarray(At.magic)).toEqual(batch.subarray(At.magic));
    expect(checkedCrc(stored.bytes)).toBe(true);
  });

  it('finds the batches of any offset within any limits, as a search from the start would', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.nat(160), fc.nat(160), fc.nat(2000), fc.boolean(), fc.nat(100), (counts, from, before, maxBytes, atLeastOne, deleted) => {
        const log = new PartitionLog();
        for (const count of counts) append(log, buildBatch(records(count)));
        log.deleteBefore(Math.min(deleted, log.endOffset));
        const wanted = log.batches.all.filter(({ lastOffset }) => lastOffset >= from && lastOffset < before);
        expect(log.batches.bytesBetween(from, before)).toBe(wanted.reduce((sum, { bytes }) => sum + bytes.length, 0));
        let room = maxBytes;
        const fitting = wanted.filter((batch, index) => (room -= batch.bytes.length) >= 0 || (index === 0 && atLeastOne));
        expect(log.batches.read(from, before, maxBytes, atLeastOne)).toEqual(fitting);
      }),
    );
  });

  it('takes each sequence number of a producer once, and tells a repeated batch where it went', () => {
    const log = new PartitionLog();
    expect(append(log, produced(9, 0, 0, 2)).baseOffset).toBe(0);
    expect(append(log, produced(9, 0, 2)).baseOffset).toBe(2);
    expect(append(log, produced(9, 0, 0, 2)).baseOffset).toBe(0);
    expect(log.endOffset).toBe(3);
    expect(outcome(() => append(log, produced(9, 0, 4)))).toEqual({ code: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    expect(outcome(() => append(log, produced(9, 1, 3)))).toEqual({ code: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    expect(append(log, produced(9, 1, 0)).baseOffset).toBe(3);
    expect(outcome(() => append(log, produced(9, 0, 3)))).toEqual({ code: ErrorCode.INVALID_PRODUCER_EPOCH });
  });

  it('remembers five batches of a producer, and goes on with 0 after the last sequence number', () => {
    const log = new PartitionLog();
    for (let sequence = 0; sequence < 6; sequence++) append(log, produced(9, 0, sequence));
    expect(append(log, produced(9, 0, 1)).baseOffset).toBe(1);
    expect(outcome(() => append(log, produced(9, 0, 0)))).toEqual({ code: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
    append(log, produced(8, 0, 2 ** 31 - 1, 3));
    expect(append(log, produced(8, 0, 2)).baseOffset).toBe(9);
  });

  it('holds the last stable offset at the oldest open transaction, and lists aborted ones in the order of their end', () => {
    const log = new PartitionLog();
    append(log, produced(1, 0, 0, 2, true));
    append(log, produced(2, 0, 0, 1, true));
    append(log, buildBatch(records(1)));
    expect(log.lastStableOffset).toBe(0);
    log.endTransaction({ producerId: 2, producerEpoch: 0, coordinatorEpoch: 0, committed: false }, 0, NOW);
    expect(log.lastStableOffset).toBe(0);
    log.endTransaction({ producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, committed: false }, 0, NOW);
    expect([log.lastStableOffset, log.endOffset]).toEqual([6, 6]);
    expect(log.transactions.abortedBetween(0, 5)).toEqual([
      { producerId: 2, firstOffset: 2, lastOffset: 4 },
      { producerId: 1, firstOffset: 0, lastOffset: 5 },
    ]);
    expect(log.transactions.abortedBetween(5, 5).map(({ producerId }) => producerId)).toEqual([1]);
  });

  it('fences a producer whose transaction was ended in a later epoch', () => {
    const log = new PartitionLog();
    append(log, produced(1, 0, 0, 1, true));
    log.endTransaction({ producerId: 1, producerEpoch: 1, coordinatorEpoch: 0, committed: false }, 0, NOW);
    expect(outcome(() => append(log, produced(1, 0, 1, 1, true)))).toEqual({ code: ErrorCode.INVALID_PRODUCER_EPOCH });
  });

  it('finds the first record of a time, also where later batches are older', () => {
    const log = new PartitionLog();
    append(log, buildBatch(records(3, NOW)));
    append(log, buildBatch(records(2, NOW - 1000)));
    append(log, buildBatch(records(2, NOW + 1000)));
    expect(findTime(log, NOW + 1)).toEqual({ offset: 1, timestamp: NOW + 1 });
    expect(findTime(log, NOW + 500)).toEqual({ offset: 5, timestamp: NOW + 1000 });
    expect(findTime(log, NOW + 2000)).toBeNull();
    expect(latestTime(log)).toEqual({ offset: 6, timestamp: NOW + 1001 });
  });

  it('keeps the last record of each key at its offset where it is compacted', () => {
    const log = new PartitionLog();
    append(log, buildBatch(records(3)));
    append(log, buildBatch(records(1)));
    append(log, buildBatch(records(1)));
    log.batches.replace(compact(log.batches.all));
    expect(log.batches.all.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([[0, 2], [4, 4]]);
    const [{ bytes }] = log.batches.all;
    expect([checkedCrc(bytes), readHead(bytes).lastOffsetDelta, readHead(bytes).count]).toEqual([true, 2, 2]);
    const cursor = new RecordCursor(bytes.subarray(At.records));
    cursor.next();
    expect([cursor.offsetDelta, String(cursor.bytesOf(cursor.key))]).toEqual([1, 'k1']);
    expect(log.batches.read(0, 5, 2 ** 20, true)).toHaveLength(2);
    expect(append(log, buildBatch(records(1))).baseOffset).toBe(5);
  });

  it('forgets what is deleted, and refuses to delete what is not there', () => {
    const log = new PartitionLog();
    append(log, buildBatch(records(3)));
    append(log, buildBatch(records(3)));
    log.deleteBefore(4);
    expect([log.startOffset, log.batches.all.length]).toEqual([4, 1]);
    log.deleteBefore(2);
    expect(log.startOffset).toBe(4);
    expect(() => log.deleteBefore(7)).toThrow('OFFSET_OUT_OF_RANGE');
  });
});

describe('a batch that arrives at the embedded broker', () => {
  const batch = buildBatch(records(2));
  const refused: [string, Buffer | null, number][] = [
    ['is missing', null, ErrorCode.INVALID_RECORD],
    ['is cut', batch.subarray(0, batch.length - 1), ErrorCode.INVALID_RECORD],
    ['is one of two', Buffer.concat([batch, batch]), ErrorCode.INVALID_RECORD],
    ['has an older format', changed(batch, copy => copy.writeInt8(1, At.magic)), ErrorCode.INVALID_RECORD],
    ['has a later format', changed(batch, copy => copy.writeInt8(3, At.magic)), ErrorCode.CORRUPT_MESSAGE],
    ['has a wrong checksum', Buffer.concat([batch.subarray(0, -1), Buffer.from([0x7f])]), ErrorCode.CORRUPT_MESSAGE],
    ['says that it is a control batch', changed(batch, copy => copy.writeInt16BE(Attribute.control, At.attributes)), ErrorCode.INVALID_RECORD],
    ['does not begin at offset 0', changed(batch, copy => copy.writeInt32BE(5, 4)), ErrorCode.INVALID_RECORD],
    ['counts more records than it has', changed(batch, copy => void (copy.writeInt32BE(3, At.count), copy.writeInt32BE(2, At.lastOffsetDelta))), ErrorCode.INVALID_RECORD],
    ['counts fewer records than it has', changed(batch, copy => void (copy.writeInt32BE(1, At.count), copy.writeInt32BE(0, At.lastOffsetDelta))), ErrorCode.INVALID_RECORD],
    ['has records that do not parse', changed(batch, copy => copy.fill(0xff, At.records)), ErrorCode.INVALID_RECORD],
    ['lies too far ahead', buildBatch(records(1, NOW + 7_200_000)), ErrorCode.INVALID_TIMESTAMP],
    ['is too large', buildBatch([{ key: null, value: Buffer.alloc(RULES.maxBytes), timestampMs: NOW }]), ErrorCode.MESSAGE_TOO_LARGE],
  ];
  it.each(refused)('is refused where it %s', (_what, bytes, code) => {
    expect(() => checkBatch(bytes, RULES, NOW)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('needs keys where the topic is compacted', () => {
    const keyless = buildBatch([{ key: null, value: null, timestampMs: NOW }]);
    expect(() => checkBatch(keyless, { ...RULES, keysRequired: true }, NOW)).toThrow('compacted');
    expect(checkBatch(keyless, RULES, NOW).head.count).toBe(1);
  });

  it('may be anything without breaking more than the request', () => {
    fc.assert(
      fc.property(fc.nat(batch.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, sealed) => {
        const broken = Buffer.from(batch);
        broken[at] = byte;
        if (sealed) seal(broken);
        const found = outcome(() => ({ baseOffset: checkBatch(broken, RULES, NOW).head.baseOffset }));
        expect(found).toEqual(found === 0 ? 0 : { code: expect.any(Number) as number });
      }),
    );
  });

  it('has the checksum CRC-32C', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });
});

function checkedCrc(bytes: Buffer): boolean {
  return bytes.readUInt32BE(At.crc) === crc32c(bytes, At.attributes);
}
