/**
 * What one commit pays for the offset map: `npx tsx bench/offset-map.ts`. Milliseconds, in the worst shapes that a partition can
 * take. A benchmark is for people: how long a machine takes fails nothing.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { IncompleteRuns } from '../lib/engine/incomplete-runs.js';
import { decodeOffsetMap, encodeOffsetMap, type OffsetMapCompression } from '../lib/engine/offset-map.js';

const CHARS = 4096;
const WATERMARK = 123_456_789;
const WARM_UP = 100;
const ROUNDS = 500;

const zlib: OffsetMapCompression = {
  deflate: (bytes) => deflateRawSync(bytes),
  inflate: (bytes, maxBytes) => inflateRawSync(bytes, { maxOutputLength: maxBytes }),
};

interface Shape {
  readonly name: string;
  readonly runs: IncompleteRuns;
  readonly end: number;
}

/** `holes` single incomplete offsets, `gap(i)` complete ones after each. */
function shape(name: string, holes: number, gap: (hole: number) => number): Shape {
  const runs = new IncompleteRuns();
  let end = WATERMARK;
  for (let hole = 0; hole < holes; hole++) {
    runs.add(end, end + 1);
    end += 1 + gap(hole);
  }
  return { name, runs, end };
}

const scattered = (mean: number) => () => 1 + Math.floor(-Math.log(Math.random()) * mean);
const shapes = [
  shape('1,000,000 complete above one hole', 1, () => 1_000_000),
  shape('100 holes in 10,000', 100, scattered(99)),
  shape('1,000 holes in 5,000', 1_000, scattered(4)),
  shape('10,000 holes in 1,000,000', 10_000, scattered(99)),
  shape('10,000 holes in 100,000', 10_000, scattered(9)),
  shape('10,000 holes, every 20th', 10_000, () => 19),
  shape('100,000 holes in 1,000,000', 100_000, scattered(9)),
];

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? NaN;
}

function time(run: () => unknown): { p50: number; p99: number } {
  for (let round = 0; round < WARM_UP; round++) run();
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

const rows = shapes.map(({ name, runs, end }) => {
  const encode = () => encodeOffsetMap(WATERMARK, runs, end, { chars: CHARS }, zlib);
  const map = encode();
  const encoding = time(encode);
  const decoding = time(() => decodeOffsetMap(WATERMARK, map.metadata, zlib));
  return {
    shape: name,
    units: map.metadata.length,
    'carried %': Math.round((100 * (map.end - WATERMARK)) / (end - WATERMARK)),
    'encode p50': encoding.p50.toFixed(3),
    'encode p99': encoding.p99.toFixed(3),
    'decode p50': decoding.p50.toFixed(3),
    'decode p99': decoding.p99.toFixed(3),
  };
});
console.table(rows);
