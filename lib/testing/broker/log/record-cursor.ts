import { gunzipSync } from 'node:zlib';
import { At, CODEC_NAMES, type BatchHead } from './batch-header.js';

/** The records of a batch do not have the form that they must have. */
export class MalformedRecords extends Error {
  override readonly name = 'MalformedRecords';
}

/** What a packed batch may unpack to. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

/** The records of a batch, unpacked where they are packed. @throws MalformedRecords where that fails. */
export function recordBytes(batch: Buffer, head: BatchHead): Buffer {
  const bytes = batch.subarray(At.records);
  if (head.codec === 0) return bytes;
  const codec = CODEC_NAMES[head.codec] ?? `codec ${head.codec}`;
  if (codec !== 'gzip') throw new MalformedRecords(`The embedded broker keeps batches that are packed with ${codec}, but cannot look into them.`);
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    throw new MalformedRecords(`A batch does not unpack with gzip: ${String(error)}`);
  }
}

/**
 * Walks over records without making an object of each: `next()` moves to a record and sets the fields.
 *
 * ```
 *  length | attributes | timestamp delta | offset delta | key length, key | value length, value | count, (name, value)*
 * ```
 *
 * All lengths are zigzag varints; −1 is null.
 */
export class RecordCursor {
  timestampDelta = 0;
  offsetDelta = 0;
  key: Span = NULL_SPAN;
  value: Span = NULL_SPAN;
  private headersAt = 0;
  private recordEnd = 0;
  private at = 0;

  constructor(readonly bytes: Buffer) {}

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** @throws MalformedRecords */
  next(): void {
    const length = this.varint();
    this.recordEnd = this.at + length;
    if (length < 0 || this.recordEnd > this.bytes.length) throw new MalformedRecords(`A record of ${length} bytes is announced at ${this.at} of ${this.bytes.length}.`);
    this.at++;
    this.timestampDelta = this.varint();
    this.offsetDelta = this.varint();
    this.key = this.span();
    this.value = this.span();
    this.headersAt = this.at;
    const count = this.varint();
    if (count < 0) throw new MalformedRecords(`${count} headers are announced.`);
    for (let header = 0; header < count; header++) {
      if (this.span().length < 0) throw new MalformedRecords('A header has no name.');
      this.span();
    }
    if (this.at !== this.recordEnd) throw new MalformedRecords(`A record ends at ${this.at} and not at ${this.recordEnd}, as its length says.`);
  }

  /** Headers of the record that `next()` moved to. */
  headers(): { readonly name: string; readonly value: Buffer | null }[] {
    const after = this.at;
    this.at = this.headersAt;
    const headers = Array.from({ length: this.varint() }, () => {
      const name = this.bytesOf(this.span());
      return { name: name === null ? '' : name.toString('utf8'), value: this.bytesOf(this.span()) };
    });
    this.at = after;
    return headers;
  }

  /** A view, null for null. */
  bytesOf(span: Span): Buffer | null {
    return span.length < 0 ? null : this.bytes.subarray(span.start, span.start + span.length);
  }

  private span(): Span {
    const length = this.varint();
    if (length < 0) return NULL_SPAN;
    const start = this.at;
    this.at += length;
    if (this.at > this.recordEnd) throw new MalformedRecords(`${length} bytes are announced at ${start}, beyond the record's end at ${this.recordEnd}.`);
    return { start, length };
  }

  /** A zigzag varint or varlong; exact up to 2^52. */
  private varint(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 10; read++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    throw new MalformedRecords(`No varint ends within ten bytes of ${this.at}.`);
  }
}

/** Where a key or a value lies; a length of −1 is null. */
export interface Span {
  readonly start: number;
  readonly length: number;
}
const NULL_SPAN: Span = { start: 0, length: -1 };
