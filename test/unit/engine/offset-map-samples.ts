import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { IncompleteRuns } from '../../../lib/engine/incomplete-runs.js';
import { encodeOffsetMap, type EncodedOffsetMap, type OffsetMapCompression } from '../../../lib/engine/offset-map.js';

export const zlib: OffsetMapCompression = {
  deflate: (bytes) => deflateRawSync(bytes),
  inflate: (bytes, maxBytes) => inflateRawSync(bytes, { maxOutputLength: maxBytes }),
};

/** What a tracker would hand in for a commit. */
export interface Progress {
  readonly watermark: number;
  readonly runs: IncompleteRuns;
  readonly end: number;
}

/** `lengths` alternate: incomplete, complete, incomplete, ... from the watermark on. */
export function progressOf(watermark: number, lengths: readonly number[]): Progress {
  const runs = new IncompleteRuns();
  let end = watermark;
  lengths.forEach((length, index) => {
    if (index % 2 === 0) runs.add(end, end + length);
    end += length;
  });
  return { watermark, runs, end };
}

export function encode(progress: Progress, chars = 4096, compression?: OffsetMapCompression): EncodedOffsetMap {
  return encodeOffsetMap(progress.watermark, progress.runs, progress.end, { chars }, compression);
}

/** The complete ranges from the watermark to `end`, straight from the runs. */
export function completeUpTo({ watermark, runs }: Progress, end: number): number[][] {
  const ranges: number[][] = [];
  let open = watermark;
  for (let run = 0; run < runs.count; run++) {
    if (Math.min(runs.from(run), end) > open) ranges.push([open, Math.min(runs.from(run), end)]);
    open = runs.to(run);
  }
  if (end > open) ranges.push([open, end]);
  return ranges;
}

/** The end of the last complete range: what a map of any size can carry at most. */
export function lastComplete(progress: Progress): number {
  return completeUpTo(progress, progress.end).at(-1)?.[1] ?? progress.watermark;
}

const length = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 40 }) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_000_000 }) });
const watermark = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 2 ** 32 - 100, max: 2 ** 52 }));

/** Progress with up to `maxLengths` stretches, few and many. */
export const progress = (maxLengths: number): fc.Arbitrary<Progress> =>
  fc.tuple(watermark, fc.array(length, { maxLength: maxLengths, size: 'max' })).map(([from, lengths]) => progressOf(from, lengths));

/** The same numbers at every run. */
export function* pseudoRandom(seed: number): Generator<number, never, undefined> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** One hole in about `1 / density` offsets, scattered, the watermark being the first. */
export function scattered(watermarkAt: number, holes: number, density: number): Progress {
  const random = pseudoRandom(holes);
  const lengths: number[] = [];
  for (let hole = 0; hole < holes; hole++) lengths.push(1, 1 + Math.floor(Math.log(random.next().value) / Math.log(1 - density)));
  return progressOf(watermarkAt, lengths);
}
