import fc from 'fast-check';
import { registry } from '../../../../lib/testing/broker/apis/registry.js';
import { ProtocolError } from '../../../../lib/testing/broker/protocol/protocol.error.js';
import { Reader } from '../../../../lib/testing/broker/protocol/reader.js';
import { array, arrayOf, bool, defaulted, float64, int16, int32, int64, int8, nullableArray, nullableBytes, nullableString, type Read, since, string, struct, tagged, taggedStruct, type Type, until, uuid } from '../../../../lib/testing/broker/protocol/types.js';
import { Writer } from '../../../../lib/testing/broker/protocol/writer.js';

const layout = struct({
  small: int8,
  short: int16,
  number: int32,
  long: int64,
  real: float64,
  flag: bool,
  id: uuid,
  name: string,
  nickname: nullableString,
  payload: nullableBytes,
  list: arrayOf(int32),
  rows: array({ key: string, later: since(2, int32, -1) }),
  noRows: nullableArray({ key: string }),
  old: until(1, int32, 0),
  mark: tagged(0, int32, -1),
  place: taggedStruct(3, { x: int32, y: string }),
});
const value = fc.record({
  small: fc.integer({ min: -128, max: 127 }),
  short: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  number: fc.integer(),
  long: fc.maxSafeInteger(),
  real: fc.double({ noNaN: true }),
  flag: fc.boolean(),
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('base64url')),
  name: fc.string({ unit: 'grapheme' }),
  nickname: fc.option(fc.string()),
  payload: fc.option(fc.uint8Array({ maxLength: 3000 }).map(bytes => Buffer.from(bytes))),
  list: fc.array(fc.integer()),
  rows: fc.array(fc.record({ key: fc.string(), later: fc.integer() })),
  noRows: fc.option(fc.array(fc.record({ key: fc.string() }))),
  old: fc.integer(),
  mark: fc.integer(),
  place: fc.option(fc.record({ x: fc.integer(), y: fc.string() })),
});

/** What there is of a value at this version. */
function atVersion(whole: Read<typeof layout>, version: number, flexible: boolean): Read<typeof layout> {
  return {
    ...whole,
    rows: whole.rows.map(({ key, later }) => ({ key, later: version >= 2 ? later : -1 })),
    old: version <= 1 ? whole.old : 0,
    mark: flexible ? whole.mark : -1,
    place: flexible ? whole.place : null,
  };
}

function written<T, W>(type: Type<T, W>, content: W, version = 0, flexible = false): Buffer {
  const writer = new Writer(version, flexible, 8);
  type.write(writer, content);
  const bytes = Buffer.concat(writer.buffers());
  expect(bytes).toHaveLength(writer.length);
  return bytes;
}

describe('the codec of the embedded broker', () => {
  it('reads what it has written, in the classic and in the flexible versions', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 3 }), fc.boolean(), (whole, version, flexible) => {
        const reader = new Reader(written(layout, whole, version, flexible), version, flexible);
        expect(layout.read(reader)).toEqual(atVersion(whole, version, flexible));
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('refuses bytes that end early, wherever they do', () => {
    fc.assert(
      fc.property(value, fc.boolean(), fc.nat(), (whole, flexible, cut) => {
        const bytes = written(layout, whole, 2, flexible);
        const short = new Reader(bytes.subarray(0, cut % bytes.length), 2, flexible);
        expect(() => layout.read(short)).toThrow(ProtocolError);
      }),
    );
  });

  it('skips tagged fields that it does not know', () => {
    const later = struct({ a: int32, mark: tagged(0, int32, -1), unknown: tagged(9, string, '') });
    const known = struct({ a: int32, mark: tagged(0, int32, -1) });
    const reader = new Reader(written(later, { a: 1, mark: 2, unknown: 'later' }, 0, true), 0, true);
    expect(known.read(reader)).toEqual({ a: 1, mark: 2 });
    expect(reader.remaining).toBe(0);
  });

  it('leaves out what has a default', () => {
    const bytes = written(struct({ a: int32, b: defaulted(int32, 7) }), { a: 1 });
    expect([...bytes]).toEqual([0, 0, 0, 1, 0, 0, 0, 7]);
  });

  it('writes compact types as Kafka does: lengths plus one, as varints', () => {
    expect([...written(struct({ s: nullableString, l: arrayOf(int8) }), { s: 'ab', l: [5] }, 0, true)]).toEqual([3, 97, 98, 2, 5, 0]);
    expect([...written(struct({ s: nullableString }), { s: null }, 0, true)]).toEqual([0, 0]);
  });

  it('allocates nothing for what is only announced', () => {
    const before = process.memoryUsage().rss;
    const announced = Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0]);
    for (const type of [arrayOf(int32), nullableBytes, array({ a: string })]) expect(() => type.read(new Reader(announced))).toThrow(ProtocolError);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('clamps numbers that a number cannot hold exactly', () => {
    const bytes = Buffer.alloc(16, 0xff);
    bytes.writeInt8(0x7f, 0);
    bytes.writeInt8(-128, 8);
    bytes.fill(0, 9);
    const reader = new Reader(bytes);
    expect([reader.int64(), reader.int64()]).toEqual([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
  });

  it('takes any bytes as a request of any API, or refuses them with one kind of error', () => {
    const apis = fc.constantFrom(...registry.values());
    fc.assert(
      fc.property(apis, fc.nat(), fc.uint8Array({ maxLength: 200 }), (api, seed, bytes) => {
        const [lowest, highest] = api.versions;
        const version = lowest + (seed % (highest - lowest + 1));
        try {
          api.decode(new Reader(Buffer.from(bytes), version, api.isFlexible(version)));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
