import fc from 'fast-check';
import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import { decodeOffsetMap } from '../../../lib/engine/offset-map.js';
import vectors from '../../vectors/offset-map.json' with { type: 'json' };
import { completeUpTo, encode, lastComplete, progress, progressOf, scattered, zlib } from './offset-map-samples.js';

describe('the offset map', () => {
  it('tells after decoding exactly what was complete', () => {
    fc.assert(
      fc.property(progress(200), fc.constantFrom(undefined, zlib), (given, compression) => {
        const { metadata, end } = encode(given, 4096, compression);
        const decoded = decodeOffsetMap(given.watermark, metadata, compression);
        expect(end).toBe(lastComplete(given));
        expect(decoded.problem).toBeNull();
        expect([...decoded.completed]).toEqual(completeUpTo(given, end));
      }),
    );
  });

  it('is no metadata at all where nothing is complete above the watermark', () => {
    expect(encode(progressOf(7, [12]))).toEqual({ metadata: '', end: 7 });
    expect(encode(progressOf(7, []))).toEqual({ metadata: '', end: 7 });
    expect(decodeOffsetMap(7, '')).toEqual({ completed: CompletedRanges.NONE, problem: null });
    expect(decodeOffsetMap(7, null)).toEqual({ completed: CompletedRanges.NONE, problem: null });
  });

  it('takes nine units for a million complete above one hole, at whatever offset', () => {
    expect(encode(progressOf(0, [1, 1_000_000])).metadata).toHaveLength(9);
    expect(encode(progressOf(2 ** 52, [1, 1_000_000])).metadata).toHaveLength(9);
  });

  it('is never longer than a bit for each offset', () => {
    fc.assert(
      fc.property(progress(400), (given) => {
        const bytes = Math.ceil((lastComplete(given) - given.watermark) / 8);
        fc.pre(bytes < 7_000);
        expect(encode(given).metadata.length).toBeLessThanOrEqual(4 + Math.ceil((8 * (bytes + 5) + 1) / 15));
      }),
    );
  });

  it('is smaller deflated where holes follow a pattern, and then needs the inflater', () => {
    const regular = progressOf(500, Array.from({ length: 1_400 }, (_, index) => (index % 2 === 0 ? 1 : 10)));
    const { metadata } = encode(regular, 4096, zlib);
    expect(metadata.length).toBeLessThan(encode(regular).metadata.length / 10);
    expect([...decodeOffsetMap(500, metadata, zlib).completed]).toEqual(completeUpTo(regular, regular.end));
    expect(decodeOffsetMap(500, metadata)).toEqual({ completed: CompletedRanges.NONE, problem: expect.stringContaining('is deflated') as string });
  });

  it('stays within code points that are neither surrogates nor ASCII behind the header, and survives UTF-8', () => {
    const { metadata } = encode(scattered(1_000_000, 4_000, 0.2));
    expect(metadata).toMatch(/^kmt1[\u3400-\ub3ff]+$/);
    expect(Buffer.from(metadata, 'utf8').toString('utf8')).toBe(metadata);
  });
});

describe('an offset map that does not fit', () => {
  const narrow = fc.integer({ min: 0, max: 60 });

  it('keeps to the limit and says where it ends, and every offset that it calls complete is', () => {
    fc.assert(
      fc.property(progress(400), narrow, fc.constantFrom(undefined, zlib), (given, chars, compression) => {
        const { metadata, end } = encode(given, chars, compression);
        expect(metadata.length).toBeLessThanOrEqual(chars);
        const decoded = decodeOffsetMap(given.watermark, metadata, compression);
        expect(decoded.problem).toBeNull();
        expect([...decoded.completed]).toEqual(completeUpTo(given, end));
        expect(decoded.completed.isEmpty ? given.watermark : decoded.completed.end).toBe(end);
      }),
    );
  });

  it('carries the longest prefix: told to end one offset later, the whole would not fit', () => {
    fc.assert(
      fc.property(progress(120), narrow, (given, chars) => {
        const { end } = encode(given, chars);
        fc.pre(end < lastComplete(given));
        const following = completeUpTo(given, given.end).find(([, to]) => to > end)?.[0] ?? end;
        const longer = { ...given, end: Math.max(end, following) + 1 };
        // No limit to speak of: this is how long the map of the longer prefix has to be.
        expect(encode(longer, 4096).metadata.length).toBeGreaterThan(chars);
      }),
    );
  });

  it('carries, deflated, at least what it carries otherwise', () => {
    fc.assert(
      fc.property(progress(4_000), fc.integer({ min: 400, max: 2_000 }), (given, chars) => {
        expect(encode(given, chars, zlib).end).toBeGreaterThanOrEqual(encode(given, chars).end);
      }),
      { numRuns: 40 },
    );
  });

  it('fills 97 % of the limit deflated', () => {
    for (const density of [0.5, 0.2, 0.1, 0.02, 0.003]) {
      const given = scattered(10_000, 32_000, density);
      const { metadata, end } = encode(given, 4096, zlib);
      expect(end).toBeLessThan(given.end);
      expect(metadata.length).toBeGreaterThan(0.97 * 4096);
    }
  });

  it('stays below what a Kafka string can hold, whatever limit is given', () => {
    const { metadata } = encode(scattered(0, 60_000, 0.5), Infinity);
    expect(Buffer.byteLength(metadata)).toBeLessThanOrEqual(32_767);
    expect(metadata.length).toBeGreaterThan(10_000);
    expect(decodeOffsetMap(0, metadata).problem).toBeNull();
  });
});

describe('the test vectors of the offset map', () => {
  it.each(vectors.encoded)('$name', ({ watermark, incomplete, end, chars, metadata, carriedEnd }) => {
    const given = { ...progressOf(watermark, []), end };
    for (const [from, to] of incomplete) given.runs.add(from, to);
    expect(encode(given, chars)).toEqual({ metadata, end: carriedEnd });
    expect([...decodeOffsetMap(watermark, metadata).completed]).toEqual(completeUpTo(given, carriedEnd));
  });

  it.each(vectors.deflated)('deflated: $name', ({ watermark, incompleteEvery, count, end, metadata }) => {
    const given = progressOf(watermark, Array.from({ length: 2 * count }, (_, index) => (index % 2 === 0 ? 1 : incompleteEvery - 1)));
    expect([...decodeOffsetMap(watermark, metadata, zlib).completed]).toEqual(completeUpTo(given, end));
  });

  it.each(vectors.refused)('refused: $name', ({ watermark, metadata }) => {
    expect(decodeOffsetMap(watermark, metadata, zlib)).toEqual({ completed: CompletedRanges.NONE, problem: expect.any(String) as string });
  });
});
