import { CorruptError } from './byte-reader.js';

/**
 * One record of a batch, format v2. All lengths are zigzag varints; −1 is null.
 *
 * ```
 *  length | attributes | timestamp delta | offset delta | key length, key | value length, value | count, (name, value)*
 *         ^
 *         a record is known by this position
 * ```
 */

/** The smallest record: every field takes a byte, key and value none. */
export const LEAST_RECORD_BYTES = 7;

/** Where the varint that was read last ends. A varint has two results, and an object for them would be one per field. */
let next = 0;
export function afterVarint(): number {
  return next;
}

/** @throws CorruptError where more than five bytes, or more than there are, belong to it. */
export function varintAt(bytes: Buffer, position: number): number {
  let byte = bytes[position++] ?? 0x80;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift > 28) throw new CorruptError(`no varint ends within five bytes of ${position - 5}`);
    byte = bytes[position++] ?? 0x80;
    value |= (byte & 0x7f) << shift;
  }
  next = position;
  return (value >>> 1) ^ -(value & 1);
}

/** Exact up to 2^52; what lies beyond is no time that anybody means. */
export function varlongAt(bytes: Buffer, position: number): number {
  let value = 0;
  let scale = 1;
  for (let read = 0; read < 10; read++) {
    const byte = bytes[position + read] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) break;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Position after a varint or varlong. */
export function skipVarint(bytes: Buffer, position: number): number {
  const limit = position + 10;
  while ((bytes[position++] ?? 0) >= 0x80) {
    if (position === limit) throw new CorruptError(`no varint ends within ten bytes of ${limit - 10}`);
  }
  return position;
}

/** Position after a length and its bytes; what lies beyond `end` is corrupt. */
export function skipBytes(bytes: Buffer, position: number, end: number): number {
  const length = varintAt(bytes, position);
  const after = next + (length > 0 ? length : 0);
  if (length < -1 || after > end) throw new CorruptError(`${length} bytes are announced at ${position}, and ${end - next} are left`);
  return after;
}

/** Position after a record's headers. Their count alone allocates nothing. */
export function skipHeaders(bytes: Buffer, position: number, end: number): number {
  const count = varintAt(bytes, position);
  if (count < 0) throw new CorruptError(`${count} headers are announced at ${position}`);
  position = next;
  for (let header = 0; header < count; header++) {
    if (varintAt(bytes, position) < 0) throw new CorruptError(`a header without a name at ${position}`);
    position = skipBytes(bytes, skipBytes(bytes, position, end), end);
  }
  return position;
}
