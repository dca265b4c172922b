import { gzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { NO_KEY, type RecordChunk } from '../../../lib/engine/record-chunk.js';
import type { AbortedTransaction } from '../../../lib/kafkajs/batch-scan.js';
import { type DecodedSet, decodeRecords } from '../../../lib/kafkajs/record-batch.js';
import { APPEND_TIME, batch, bytes, GZIP, marker, recordBytes, type TestBatch, TRANSACTIONAL, varint } from './batches.js';

function decode(set: Buffer, from = 0, aborted: readonly AbortedTransaction[] | null = null): DecodedSet {
  const decoded = decodeRecords({ topic: 't', partition: 3, from, bytes: set, aborted });
  if (decoded instanceof Promise) throw new Error('Nothing has to be unpacked, and yet the decoder waits.');
  return decoded;
}
async function unpack(set: Buffer, from = 0): Promise<DecodedSet> {
  return decodeRecords({ topic: 't', partition: 3, from, bytes: set, aborted: null });
}
function chunkOf({ chunk, corrupt }: DecodedSet): RecordChunk {
  if (chunk === null) throw new Error(`No chunk: ${corrupt}`);
  return chunk;
}
const each = <T>(chunk: RecordChunk, read: (index: number) => T): T[] => Array.from({ length: chunk.count }, (_, index) => read(index));
const valuesOf = (chunk: RecordChunk): string[] => each(chunk, index => String(chunk.value(index)));
const offsetsOf = (chunk: RecordChunk): number[] => each(chunk, index => chunk.offset(index));

describe('a record set', () => {
  it('gives back what kafkajs encodes', async () => {
    const { RecordBatch } = jest.requireActual<{ RecordBatch(options: object): Promise<{ buffer: Buffer }> }>('kafkajs/src/protocol/recordBatch/v0');
    const Record = jest.requireActual<(record: object) => unknown>('kafkajs/src/protocol/recordBatch/record/v0');
    const messages = [
      { offsetDelta: 0, timestampDelta: 0, key: 'a', value: '1', headers: { one: 'x', many: ['y', 'z'] } },
      { offsetDelta: 1, timestampDelta: -70, key: null, value: 'ü'.repeat(200), headers: {} },
      { offsetDelta: 2, timestampDelta: 5_000_000_000, key: '', value: null, headers: {} },
    ];
    const encoded = await RecordBatch({ firstOffset: 4_294_967_300, firstTimestamp: 1_700_000_000_000, maxTimestamp: 1, lastOffsetDelta: 2, records: messages.map(Record) });
    const chunk = chunkOf(decode(encoded.buffer, 4_294_967_300));
    expect({ topic: chunk.topic, partition: chunk.partition, from: chunk.from, to: chunk.to, count: chunk.count }).toEqual({ topic: 't', partition: 3, from: 4_294_967_300, to: 4_294_967_303, count: 3 });
    expect(offsetsOf(chunk)).toEqual([4_294_967_300, 4_294_967_301, 4_294_967_302]);
    expect(each(chunk, index => chunk.key(index)?.toString() ?? null)).toEqual(['a', null, '']);
    expect(each(chunk, index => chunk.value(index)?.toString() ?? null)).toEqual(['1', 'ü'.repeat(200), null]);
    expect(each(chunk, index => chunk.timestampMs(index))).toEqual([1_700_000_000_000, 1_699_999_999_930, 1_705_000_000_000]);
    expect(each(chunk, index => chunk.attributes(index))).toEqual([0, 0, 0]);
    expect(chunk.headers(0)).toEqual({ one: Buffer.from('x'), many: [Buffer.from('y'), Buffer.from('z')] });
    expect(chunk.headers(1)).toEqual({});
  });

  it('reads values as text, and refuses bytes that are none instead of replacing them', () => {
    const broken = Buffer.from([0x7b, 0xff, 0x7d]);
    const set = batch({ records: [{ value: 'grün' }, { value: '' }, { value: null }, { value: 'a \uFFFD that somebody wrote' }, { value: broken }] });
    const chunk = chunkOf(decode(set));
    expect([0, 1, 2, 3].map(index => chunk.text(index))).toEqual(['grün', '', null, 'a \uFFFD that somebody wrote']);
    expect(() => chunk.text(4)).toThrow(new TypeError('the bytes are not UTF-8'));
    expect(chunk.value(4)).toEqual(broken);
  });

  it('drops what lies below the position, and begins at the position', () => {
    const set = Buffer.concat([batch({ baseOffset: 0, records: [{ value: 'a' }, { value: 'b' }] }), batch({ baseOffset: 2, records: [{ value: 'c' }, { value: 'd' }] })]);
    const chunk = chunkOf(decode(set, 3));
    expect([chunk.from, chunk.to, valuesOf(chunk), offsetsOf(chunk)]).toEqual([3, 4, ['d'], [3]]);
  });

  it('covers holes and empty batches, which compaction leaves, up to the last offset of the last batch', () => {
    const set = Buffer.concat([
      batch({ baseOffset: 5, records: [{ delta: 1, value: 'a' }, { delta: 7, value: 'b' }], lastDelta: 9 }),
      batch({ baseOffset: 20, lastDelta: 4 }),
    ]);
    const chunk = chunkOf(decode(set, 2));
    expect([chunk.from, chunk.to, offsetsOf(chunk)]).toEqual([2, 25, [6, 12]]);
  });

  it('leaves a batch that is cut off at the end for the next fetch', () => {
    const whole = batch({ records: [{ value: 'a' }] });
    const next = batch({ baseOffset: 1, records: [{ value: 'bbbb' }] });
    for (let cut = 0; cut < next.length; cut++) {
      const chunk = chunkOf(decode(Buffer.concat([whole, next.subarray(0, cut)])));
      expect([chunk.to, valuesOf(chunk)]).toEqual([1, ['a']]);
    }
  });

  it('reads batches of 140,000 records and more', () => {
    const chunk = chunkOf(decode(batch({ records: Array.from({ length: 200_000 }, (_, value) => ({ value: String(value) })) })));
    expect([chunk.count, chunk.to, String(chunk.value(199_999))]).toEqual([200_000, 200_000, '199999']);
  });

  it('has nothing at the position where there are no bytes', () => {
    expect(decode(Buffer.alloc(0), 7)).toEqual({ chunk: null, corrupt: null });
  });

  it('takes the time of the append from the batch', () => {
    const set = Buffer.concat([
      batch({ records: [{ timeDelta: 3 }, { timeDelta: -1 }], baseTime: 100n }),
      batch({ baseOffset: 2, records: [{ timeDelta: 3 }, { timeDelta: 5 }], attributes: APPEND_TIME, maxTime: 900n }),
      batch({ baseOffset: 4, records: [{ timeDelta: 8 }], baseTime: -1n }),
    ]);
    const chunk = chunkOf(decode(set));
    expect(each(chunk, index => chunk.timestampMs(index))).toEqual([103, 99, 900, 900, 7]);
  });

  it('counts the buffer that it keeps alive, and the index', () => {
    const set = batch({ records: [{ value: 'a' }, { value: 'b' }] });
    const large = Buffer.alloc(10_000);
    set.copy(large);
    const chunk = chunkOf(decode(large.subarray(0, set.length)));
    expect(chunk.bytes).toBe(large.buffer.byteLength + 2 * 12);
  });
});

describe('a record', () => {
  it('hashes the bytes of its key: equal keys alike, others apart, none to NO_KEY', () => {
    const keys = ['a', 'a', 'b', '', null, 'abcd', 'abce', 'abcdefg'];
    const chunk = chunkOf(decode(batch({ records: keys.map(key => ({ key })) })));
    const hashes = each(chunk, index => chunk.keyHash(index));
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[4]).toBe(NO_KEY);
    expect(new Set(hashes).size).toBe(7);
    expect(hashes.every((hash, index) => index === 4 || (Number.isInteger(hash) && hash >= 0 && hash < 2 ** 31))).toBe(true);
    // MurmurHash3 with seed 0, without its top bit.
    expect(hashes.slice(5, 6)).toEqual([0x43ed676a]);
  });

  it('has headers of hostile and repeated names as values of its own', () => {
    const headers = [['__proto__', 'p'], ['constructor', 'c'], ['many', '1'], ['many', null], ['many', '2'], ['none', null]] as const;
    const chunk = chunkOf(decode(batch({ records: [{ value: 'v', headers }] })));
    const read = chunk.headers(0);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read).sort()).toEqual(['__proto__', 'constructor', 'many', 'none']);
    expect(Object.getOwnPropertyDescriptor(read, '__proto__')?.value).toEqual(Buffer.from('p'));
    expect([read['constructor'], read['many'], read['none']]).toEqual([Buffer.from('c'), [Buffer.from('1'), Buffer.from('2')], undefined]);
  });

  it('is copied with everything it has into bytes of its own', () => {
    const large = 'x'.repeat(5_000);
    const chunk = chunkOf(decode(batch({ baseOffset: 10, records: [{ value: large }, { key: 'k', value: 'v', timeDelta: 9, headers: [['h', '1']] }, { value: large }] }), 10));
    const copy = chunk.copy(1);
    expect({ from: copy.from, to: copy.to, count: copy.count, topic: copy.topic, partition: copy.partition }).toEqual({ from: 11, to: 12, count: 1, topic: 't', partition: 3 });
    expect([copy.offset(0), copy.timestampMs(0), copy.keyHash(0), copy.attributes(0)]).toEqual([11, 1_009, chunk.keyHash(1), 0]);
    expect([String(copy.key(0)), String(copy.value(0)), copy.headers(0)]).toEqual(['k', 'v', { h: Buffer.from('1') }]);
    expect(copy.value(0)?.buffer.byteLength).toBeLessThan(30);
    expect(copy.bytes).toBeLessThan(50);
    expect(String(copy.copy(0).value(0))).toBe('v');
  });

  it('refuses an index that the chunk does not have', () => {
    const chunk = chunkOf(decode(batch({ records: [{ value: 'a' }] })));
    expect(() => chunk.value(1)).toThrow(RangeError);
  });
});

describe('transactions', () => {
  const data = (baseOffset: number, producerId: bigint, ...values: string[]): Buffer =>
    batch({ baseOffset, producerId, attributes: TRANSACTIONAL, records: values.map(value => ({ key: Buffer.alloc(4), value })) });

  it('leaves out aborted ones that overlap, in whatever order the broker lists them', () => {
    const set = Buffer.concat([
      data(0, 1n, 'one'), data(1, 2n, 'two', 'two'), data(3, 3n, 'kept'), marker('abort', 4, 2n), data(5, 2n, 'kept later'), data(6, 1n, 'one'),
      marker('abort', 7, 1n), marker('commit', 8, 2n), marker('commit', 9, 3n), data(10, 1n, 'kept last'),
    ]);
    const aborted = [{ producerId: 2n, firstOffset: 1 }, { producerId: 1n, firstOffset: 0 }];
    for (const list of [aborted, [...aborted].reverse()]) {
      const chunk = chunkOf(decode(set, 0, list));
      expect(valuesOf(chunk)).toEqual(['kept', 'kept later', 'kept last']);
      expect(chunk.to).toBe(11);
    }
  });

  it('leaves out several aborted ones of the same producer, and not what is committed between them', () => {
    const set = Buffer.concat([data(0, 1n, 'x'), marker('abort', 1, 1n), data(2, 1n, 'kept'), marker('commit', 3, 1n), data(4, 1n, 'x'), marker('abort', 5, 1n)]);
    expect(valuesOf(chunkOf(decode(set, 0, [{ producerId: 1n, firstOffset: 0 }, { producerId: 1n, firstOffset: 4 }])))).toEqual(['kept']);
  });

  it('leaves out the rest of one that began before the position', () => {
    const set = Buffer.concat([data(7, 1n, 'x'), marker('abort', 8, 1n), data(9, 1n, 'kept')]);
    expect(valuesOf(chunkOf(decode(set, 7, [{ producerId: 1n, firstOffset: 2 }])))).toEqual(['kept']);
  });

  it('keeps what the same producer has written outside of a transaction', () => {
    const set = Buffer.concat([data(0, 1n, 'x'), batch({ baseOffset: 1, producerId: 1n, records: [{ value: 'kept' }] })]);
    expect(valuesOf(chunkOf(decode(set, 0, [{ producerId: 1n, firstOffset: 0 }])))).toEqual(['kept']);
  });

  it('delivers aborted records where nobody asks for committed ones, and markers to nobody', () => {
    const chunk = chunkOf(decode(Buffer.concat([data(0, 1n, 'x'), marker('abort', 1, 1n)])));
    expect([valuesOf(chunk), chunk.to]).toEqual([['x'], 2]);
  });

  it('moves the position where there is nothing to deliver', () => {
    const chunk = chunkOf(decode(Buffer.concat([data(0, 1n, 'x'), marker('abort', 1, 1n)]), 0, [{ producerId: 1n, firstOffset: 0 }]));
    expect({ from: chunk.from, to: chunk.to, count: chunk.count, bytes: chunk.bytes }).toEqual({ from: 0, to: 2, count: 0, bytes: 0 });
  });
});

describe('compressed batches', () => {
  const packed = (rest: TestBatch): Buffer => batch({ attributes: GZIP, ...rest, count: rest.count ?? rest.records?.length ?? 0, body: gzipSync(recordBytes(rest.records ?? [])) });

  it('are unpacked, mixed with others', async () => {
    const set = Buffer.concat([
      packed({ records: [{ key: 'a', value: '1' }, { key: 'b', value: '2' }] }),
      batch({ baseOffset: 2, records: [{ key: 'c', value: '3' }] }),
      packed({ baseOffset: 3, records: [{ key: 'd', value: '4', headers: [['h', 'x']] }], baseTime: 50n }),
    ]);
    const chunk = chunkOf(await unpack(set, 1));
    expect([valuesOf(chunk), offsetsOf(chunk), chunk.to]).toEqual([['2', '3', '4'], [1, 2, 3], 4]);
    expect([String(chunk.key(2)), chunk.timestampMs(2), chunk.headers(2)]).toEqual(['d', 50, { h: Buffer.from('x') }]);
    expect(String(chunk.copy(2).value(0))).toBe('4');
  });

  it('end the chunk before a codec that is missing, which is then named', async () => {
    const set = Buffer.concat([packed({ records: [{ value: '1' }] }), batch({ baseOffset: 1, attributes: 3, records: [{ value: '2' }] })]);
    expect(chunkOf(await unpack(set)).to).toBe(1);
    const { chunk, corrupt } = await unpack(batch({ baseOffset: 1, attributes: 3, records: [{ value: '2' }] }), 1);
    expect(chunk).toBeNull();
    expect(corrupt).toContain('packed with LZ4');
    expect(corrupt).toContain('CompressionCodecs[CompressionTypes.LZ4]');
  });

  it('use a codec that the application has registered', async () => {
    const codecs = kafkajs.CompressionCodecs as Record<number, unknown>;
    const before = codecs[4];
    codecs[4] = () => ({ compress: async () => Buffer.alloc(0), decompress: async (body: Buffer) => Buffer.from(body).reverse() });
    try {
      const set = batch({ attributes: 4, count: 1, body: Buffer.from(recordBytes([{ value: 'turned' }])).reverse() });
      expect(valuesOf(chunkOf(await unpack(set)))).toEqual(['turned']);
    } finally {
      codecs[4] = before;
    }
  });

  it('are corrupt where they do not unpack, or to something else', async () => {
    expect((await unpack(batch({ attributes: GZIP, count: 1, body: Buffer.from('no gzip at all') }))).corrupt).toContain('does not unpack with GZIP');
    expect((await unpack(batch({ attributes: GZIP, count: 2_000_000_000, body: gzipSync(recordBytes([{ value: 'a' }])) }))).corrupt).toContain('announces 2000000000 records');
    expect((await unpack(batch({ attributes: 7, count: 1, body: Buffer.from('x') }))).corrupt).toContain('type 7');
  });

  it('do not fill the memory with what a small one unpacks to', async () => {
    const megabyte = gzipSync(Buffer.alloc(1024 * 1024));
    const bomb = Buffer.concat(Array.from({ length: 300 }, () => megabyte));
    const { chunk, corrupt } = await unpack(batch({ attributes: GZIP, count: 1, body: bomb }));
    expect(chunk).toBeNull();
    expect(corrupt).toContain('to more than');
  });
});

describe('hostile and damaged bytes', () => {
  const fault = (set: Buffer, from = 0): string => {
    const { chunk, corrupt } = decode(set, from);
    expect(chunk).toBeNull();
    return corrupt ?? '';
  };
  const withBody = (body: Buffer, count = 1): Buffer => batch({ count, lastDelta: 5, body });
  const record = (...parts: Buffer[]): Buffer => Buffer.concat([varint(Buffer.concat(parts).length), ...parts]);
  const head = Buffer.from([0, 0, 0]);

  it('are named by what is wrong with them', () => {
    expect(fault(batch({ magic: 1, records: [{ value: 'old' }] }))).toContain('message format v1');
    expect(fault(batch({ magic: 3, records: [{ value: 'new' }] }))).toContain('format 3 is unknown');
    expect(fault(batch({ length: 20 }))).toContain('announces 20 bytes');
    expect(fault(batch({ length: 2_000_000_000 }))).toContain('the broker has sent');
    expect(fault(batch({ length: -1 }))).toContain('announces -1 bytes');
    expect(fault(Buffer.alloc(9))).toContain('less than the header');
    expect(fault(batch({ lastDelta: -1 }))).toContain('cannot be');
    expect(fault(batch({ count: -2 }))).toContain('cannot be');
    expect(fault(batch({ baseOffset: 2n ** 60n, records: [{}] }))).toContain('64-bit number');
    expect(fault(batch({ count: 2_000_000_000, records: [{}] }))).toContain('announces 2000000000 records');
  });

  it('are found in each field of a record', () => {
    expect(fault(withBody(record(head, varint(1_000_000_000), bytes('v'), varint(0))))).toContain('1000000000 bytes are announced');
    expect(fault(withBody(record(head, varint(-5), bytes('v'), varint(0))))).toContain('-5 bytes are announced');
    expect(fault(withBody(record(head, bytes('k'), varint(40), varint(0))))).toContain('40 bytes are announced');
    expect(fault(withBody(record(head, bytes('k'), bytes('v'), varint(2_000_000_000))))).not.toBe('');
    expect(fault(withBody(record(head, bytes('k'), bytes('v'), varint(-1))))).toContain('-1 headers');
    expect(fault(withBody(record(head, bytes('k'), bytes('v'), varint(1), varint(-1), bytes('x'))))).toContain('without a name');
    expect(fault(withBody(record(head, bytes('k'), bytes('v'), varint(0), Buffer.alloc(3))))).toContain('does not end where');
    expect(fault(withBody(Buffer.concat([varint(3), Buffer.alloc(10)])))).toContain('has 3 bytes');
    expect(fault(withBody(Buffer.alloc(20, 0xff)))).toContain('varint');
    expect(fault(withBody(record(Buffer.from([0]), Buffer.alloc(12, 0xff), varint(0))))).toContain('varint');
  });

  it('are found in deltas that go back or beyond the batch', () => {
    expect(fault(batch({ records: [{ delta: 1 }, { delta: 1 }], lastDelta: 3 }))).toContain('delta 1 after 1');
    expect(fault(batch({ records: [{ delta: 4 }], lastDelta: 3 }))).toContain('the last one is 3');
    expect(fault(batch({ records: [{ delta: -1 }], lastDelta: 3 }))).toContain('delta -1');
  });

  it('are found behind the last record, and in batches that go back', () => {
    expect(fault(batch({ count: 1, body: Buffer.concat([recordBytes([{ value: 'a' }]), Buffer.alloc(8)]) }))).toContain('8 bytes follow');
    const back = Buffer.concat([batch({ baseOffset: 5, records: [{ value: 'a' }] }), batch({ baseOffset: 5, records: [{ value: 'b' }] })]);
    expect(chunkOf(decode(back, 5)).to).toBe(6);
    expect(valuesOf(chunkOf(decode(back, 5)))).toEqual(['a']);
  });

  it('behind a good batch do not cost that batch', () => {
    const good = batch({ records: [{ value: 'a' }, { value: 'b' }] });
    for (const bad of [withBody(Buffer.alloc(20, 0xff)), batch({ baseOffset: 2, magic: 0 }), batch({ baseOffset: 2, records: [{ delta: 9 }], lastDelta: 1 })]) {
      const chunk = chunkOf(decode(Buffer.concat([good, bad])));
      expect([chunk.to, valuesOf(chunk)]).toEqual([2, ['a', 'b']]);
    }
  });
});
