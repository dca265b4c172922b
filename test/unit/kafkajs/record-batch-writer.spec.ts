import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import fc from 'fast-check';
import { crc32c } from '../../../lib/kafkajs/crc32c.js';
import { decodeRecords } from '../../../lib/kafkajs/record-batch.js';
import { encodeBatch } from '../../../lib/kafkajs/record-batch-writer.js';
import type { OutgoingRecord } from '../../../lib/producer/produce-wire.js';

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)));
const records = fc.array(
  fc.record({ key: bytes, value: bytes, headers: fc.array(fc.record({ name: fc.string({ unit: 'binary' }), value: bytes }), { maxLength: 3 }), timestampMs: fc.nat(2 ** 47), bytes: fc.constant(0) }),
  { minLength: 1, maxLength: 20 },
);
const batchOf = (list: readonly OutgoingRecord[], compression = 0) => encodeBatch({ topic: 't', partition: 0, compression, identity: { producerId: 77n, epoch: 3 }, sequence: 12, records: list });

test('the checksum is that of RFC 3720, of every length and at every place', () => {
  expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
  expect(crc32c(Buffer.alloc(32)).toString(16)).toBe('8a9136aa');
  expect(crc32c(Buffer.alloc(32, 0xff)).toString(16)).toBe('62a8ab43');
  const slowly = (data: Buffer): number => {
    let crc = -1;
    for (const byte of data) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return (crc ^ -1) >>> 0;
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (data, start) => expect(crc32c(Buffer.from(data), start)).toBe(slowly(Buffer.from(data).subarray(start)))));
});

test('our decoder reads what was written: null and empty keys and values, headers, times in any order', async () => {
  await fc.assert(
    fc.asyncProperty(records, async (list) => {
      const { chunk, corrupt } = await decodeRecords({ topic: 't', partition: 0, from: 0, bytes: await batchOf(list), aborted: null });
      expect(corrupt).toBeNull();
      expect(chunk?.count).toBe(list.length);
      for (const [index, { key, value, timestampMs }] of list.entries()) {
        expect([chunk?.offset(index), chunk?.key(index), chunk?.value(index), chunk?.timestampMs(index)]).toEqual([index, key, value, timestampMs]);
      }
    }),
  );
});

test('a batch says who sent it, from which sequence, and how late its records are', async () => {
  const batch = await batchOf([5, 9, 7].map((timestampMs) => ({ key: null, value: null, headers: [], timestampMs, bytes: 0 })));
  expect([batch.readBigInt64BE(27), batch.readBigInt64BE(35), batch.readBigInt64BE(43), batch.readInt16BE(51), batch.readInt32BE(53), batch.readInt32BE(57)]).toEqual([5n, 9n, 77n, 3, 12, 3]);
  expect(batch.readUInt32BE(17)).toBe(crc32c(batch, 21));
});

test('packed with GZIP it holds the same records', async () => {
  const list = Array.from({ length: 50 }, (_, index) => ({ key: null, value: Buffer.from(`value ${index}`), headers: [], timestampMs: index, bytes: 0 }));
  const [plain, packed] = [await batchOf(list), await batchOf(list, 1)];
  expect(packed.readInt16BE(21)).toBe(1);
  expect((await promisify(gunzip)(packed.subarray(61))).equals(plain.subarray(61))).toBe(true);
});
