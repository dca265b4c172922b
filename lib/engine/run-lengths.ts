/** The part of an offset map that one form of it carries. */
export interface Carried {
  readonly bytes: Uint8Array;
  /** Distance from the base to the offset after the last complete one that is carried; 0 when there is none. */
  readonly span: number;
}

/** An offset is below 2⁵³: seven bits to a byte make eight bytes. */
const MAX_VARINT_BYTES = 8;

/**
 * Lengths of the stretches from the base on, as LEB128: incomplete, complete, incomplete, complete, ...
 * `complete` holds the bounds of the complete ones as distances from the base. What does not fit into `maxBytes` is left
 * out from the end, and the last stretch that does is shortened, so that the longest prefix is carried.
 */
export function encodeRunLengths(complete: Float64Array, maxBytes: number): Carried {
  const bytes = new Uint8Array(Math.min(maxBytes, MAX_VARINT_BYTES * complete.length));
  let used = 0;
  let span = 0;
  for (let index = 0; index < complete.length; index += 2) {
    const room = maxBytes - used - varintSize(complete[index] - span);
    if (room <= 0) break;
    const length = complete[index + 1] - complete[index];
    const carried = room < MAX_VARINT_BYTES ? Math.min(length, 2 ** (7 * room) - 1) : length;
    used = writeVarint(bytes, used, complete[index] - span);
    used = writeVarint(bytes, used, carried);
    span = complete[index] + carried;
    if (carried < length) break;
  }
  return { bytes: bytes.subarray(0, used), span };
}

/** Bounds of the complete offsets, `CompletedRanges`' form; null where the bytes are not run lengths or leave the safe integers. */
export function decodeRunLengths(bytes: Uint8Array, base: number): Float64Array | null {
  // An even number of lengths, at most one to a byte: never more bounds than bytes.
  const bounds = new Float64Array(bytes.length);
  let used = 0;
  let offset = base;
  let index = 0;
  while (index < bytes.length) {
    let length = 0;
    let scale = 1;
    let byte: number;
    do {
      if (index === bytes.length || scale > Number.MAX_SAFE_INTEGER) return null;
      byte = bytes[index++];
      length += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80);
    offset += length;
    const isEmpty = length === 0 && used > 0;
    if (isEmpty || !Number.isSafeInteger(offset)) return null;
    bounds[used++] = offset;
  }
  return used % 2 === 0 ? bounds.subarray(0, used) : null;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let next = position;
  let rest = value;
  while (rest >= 0x80) {
    bytes[next++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[next++] = rest;
  return next;
}
