import type { Carried } from './run-lengths.js';

/**
 * One bit for each offset from the base on, least significant first, set where it is complete. Behind the last byte nothing
 * is known. `complete` holds the bounds of the complete stretches as distances from the base; what `maxBytes` cannot reach is
 * left out.
 */
export function encodeCompleteBits(complete: Float64Array, maxBytes: number): Carried {
  const limit = 8 * maxBytes;
  const span = spanWithin(complete, limit);
  const bytes = new Uint8Array(Math.ceil(span / 8));
  for (let index = 0; index < complete.length && complete[index] < limit; index += 2) {
    setBits(bytes, complete[index], Math.min(complete[index + 1], limit));
  }
  return { bytes, span };
}

/** Bounds of the complete offsets, `CompletedRanges`' form; null where they leave the safe integers. */
export function decodeCompleteBits(bytes: Uint8Array, base: number): Float64Array | null {
  if (!Number.isSafeInteger(base + 8 * bytes.length)) return null;
  const bounds: number[] = [];
  let before = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    // Each set bit of this is an offset whose state differs from that of the offset before it.
    let changes = (byte ^ ((byte << 1) | before)) & 0xff;
    before = byte >>> 7;
    while (changes !== 0) {
      const lowest = changes & -changes;
      bounds.push(base + 8 * index + 31 - Math.clz32(lowest));
      changes ^= lowest;
    }
  }
  if (before === 1) bounds.push(base + 8 * bytes.length);
  return Float64Array.from(bounds);
}

/** The end of the last complete stretch, as far as `limit`. */
function spanWithin(complete: Float64Array, limit: number): number {
  let span = 0;
  for (let index = 0; index < complete.length && complete[index] < limit; index += 2) span = Math.min(complete[index + 1], limit);
  return span;
}

function setBits(bytes: Uint8Array, from: number, to: number): void {
  const firstWhole = Math.ceil(from / 8);
  const afterWhole = Math.floor(to / 8);
  if (firstWhole < afterWhole) bytes.fill(0xff, firstWhole, afterWhole);
  for (let bit = from; bit < Math.min(to, 8 * firstWhole); bit++) bytes[bit >>> 3] |= 1 << (bit & 7);
  for (let bit = Math.max(from, 8 * afterWhole); bit < to; bit++) bytes[bit >>> 3] |= 1 << (bit & 7);
}
