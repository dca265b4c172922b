import fc from 'fast-check';
import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import { crc32 } from '../../../lib/engine/crc32.js';
import { decodeOffsetMap, type DecodedOffsetMap, type OffsetMapCompression } from '../../../lib/engine/offset-map.js';
import { packText } from '../../../lib/engine/packed-text.js';
import { encode, progress, progressOf, zlib } from './offset-map-samples.js';

const refused = (about: string): DecodedOffsetMap => ({ completed: CompletedRanges.NONE, problem: expect.stringContaining(about) as string });

/** A map with a correct checksum around any content: what only an enemy, or a broken release, would write. */
function forged(base: number, ...content: number[]): string {
  const baseBytes = new Uint8Array(new BigUint64Array([BigInt(base)]).buffer);
  const body = Uint8Array.from(content);
  const sum = crc32(body, crc32(baseBytes));
  return `kmt1${packText(Uint8Array.of(...body, sum & 0xff, (sum >>> 8) & 0xff, (sum >>> 16) & 0xff, sum >>> 24))}`;
}
/** The number that Kafka's tools would read from nothing: LEB128 of the largest safe integer. */
const LARGEST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];

describe('damaged metadata', () => {
  it('is refused, or changes nothing, whichever unit is replaced by whatever', () => {
    fc.assert(
      fc.property(progress(60), fc.nat(), fc.integer({ min: 0, max: 0xffff }), (given, place, unit) => {
        const { metadata } = encode(given, 4096, zlib);
        fc.pre(metadata !== '');
        const index = place % metadata.length;
        const altered = metadata.slice(0, index) + String.fromCharCode(unit) + metadata.slice(index + 1);
        const decoded = decodeOffsetMap(given.watermark, altered, zlib);
        if (altered === metadata) expect(decoded.problem).toBeNull();
        else expect(decoded).toEqual(refused("The commit's metadata"));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused when cut off at any place', () => {
    const { metadata } = encode(progressOf(90, [1, 3, 1, 70_000, 5, 1]));
    for (let length = 1; length < metadata.length; length++) {
      expect(decodeOffsetMap(90, metadata.slice(0, length))).toEqual(refused("The commit's metadata"));
    }
  });

  it('is refused for every other offset than the one that it was written for', () => {
    fc.assert(
      fc.property(progress(20), fc.integer({ min: -1, max: 2 ** 53 }), (given, committed) => {
        const { metadata } = encode(given);
        fc.pre(metadata !== '' && committed !== given.watermark);
        expect(decodeOffsetMap(committed, metadata)).toEqual(refused(`written for another offset than ${committed}`));
      }),
    );
  });

  it('never throws, whatever string is found there', () => {
    const body = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 200 });
    const packed = fc.uint8Array({ maxLength: 200 }).map((bytes) => packText(bytes));
    fc.assert(
      fc.property(fc.constantFrom('', 'kmt', 'kmt1', 'kmt2'), fc.oneof(body, packed), fc.double(), (header, rest, watermark) => {
        const { completed } = decodeOffsetMap(watermark, header + rest, zlib);
        expect(completed.isEmpty).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('metadata that is not ours', () => {
  it('is named as another program\'s', () => {
    expect(decodeOffsetMap(5, 'AgAAAZEhkqk=')).toEqual(refused('another program has written it'));
  });
  it('is named as a later version\'s', () => {
    expect(decodeOffsetMap(5, 'kmt2\u3400')).toEqual(refused('has version "2", this member reads 1'));
  });
  it('is not even looked at where it is longer than Kafka can carry', () => {
    expect(decodeOffsetMap(5, `kmt1${'\u3400'.repeat(20_000)}`)).toEqual(refused('has 20004 characters'));
  });
});

describe('a forged map', () => {
  it('passes its checksum, or the following would show nothing', () => {
    expect([...decodeOffsetMap(5, forged(5, 0, 1, 3)).completed]).toEqual([[6, 9]]);
    expect([...decodeOffsetMap(5, forged(5, 1, 0b110)).completed]).toEqual([[6, 8]]);
  });
  it.each([
    ['lengths beyond the safe integers', forged(5, 0, ...LARGEST, 1)],
    ['a length of more than 53 bits', forged(5, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
    ['a length without its end', forged(5, 0, 1, 0x80)],
    ['an empty stretch', forged(5, 0, 1, 1, 0, 1)],
    ['a stretch without its counterpart', forged(5, 0, 1, 1, 1)],
    ['bits beyond the safe integers', forged(Number.MAX_SAFE_INTEGER - 3, 1, 0xff), Number.MAX_SAFE_INTEGER - 3],
  ])('with %s is refused', (_name, metadata, base = 5) => {
    expect(decodeOffsetMap(base, metadata)).toEqual(refused('stretches that are empty or too long'));
  });
  it('of an unknown form is refused', () => {
    expect(decodeOffsetMap(5, forged(5, 9, 1, 1))).toEqual(refused('unknown form 9'));
  });
  it('that inflates to a giant is refused without being inflated', () => {
    const bomb = zlib.deflate(new Uint8Array(5_000_000).fill(1));
    expect(decodeOffsetMap(5, forged(5, 2, ...bomb), zlib)).toEqual(refused('does not inflate to at most 65536 bytes'));
  });
  it('is refused even where the inflater does not keep to its bound', () => {
    const careless: OffsetMapCompression = { deflate: zlib.deflate, inflate: () => new Uint8Array(70_000).fill(1) };
    expect(decodeOffsetMap(5, forged(5, 2, 1, 1), careless)).toEqual(refused('does not inflate'));
  });
  it('that is not deflated at all is refused', () => {
    expect(decodeOffsetMap(5, forged(5, 2, 0xff, 0xff, 0xff), zlib)).toEqual(refused('does not inflate'));
  });
});
