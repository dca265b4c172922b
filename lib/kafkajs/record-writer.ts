import type { OutgoingRecord } from '../producer/produce-wire.js';

/** Most bytes of a varint, and of a varlong. */
const VARINT = 5;
const VARLONG = 10;
/** Length, attributes, both deltas, and the lengths of key, value and headers. */
const FIXED_BYTES = VARINT + 1 + VARLONG + VARINT + VARINT + VARINT + VARINT;

/** At least what the record takes in a batch; `record-format.ts` draws it. */
export function recordBytes({ key, value, headers }: Pick<OutgoingRecord, 'key' | 'value' | 'headers'>): number {
  let bytes = FIXED_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) bytes += 2 * VARINT + Buffer.byteLength(header.name) + (header.value?.length ?? 0);
  return bytes;
}

/** Writes records one behind the other into a buffer that is large enough. */
export class RecordWriter {
  constructor(
    private readonly buffer: Buffer,
    private position: number,
  ) {}

  get written(): Buffer {
    return this.buffer.subarray(0, this.position);
  }

  record(record: OutgoingRecord, offsetDelta: number, timestampDelta: number): void {
    this.varint(bodyBytes(record, offsetDelta, timestampDelta));
    this.buffer[this.position++] = 0;
    this.varlong(timestampDelta);
    this.varint(offsetDelta);
    this.bytes(record.key);
    this.bytes(record.value);
    this.varint(record.headers.length);
    for (const { name, value } of record.headers) {
      const length = Buffer.byteLength(name);
      this.varint(length);
      this.position += this.buffer.write(name, this.position);
      this.bytes(value);
    }
  }

  private bytes(bytes: Buffer | null): void {
    if (bytes === null) return this.varint(-1);
    this.varint(bytes.length);
    this.position += bytes.copy(this.buffer, this.position);
  }

  private varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.buffer[this.position++] = (rest & 0x7f) | 0x80;
    this.buffer[this.position++] = rest;
  }

  private varlong(value: number): void {
    if (value === (value | 0)) return this.varint(value);
    let rest = zigzag(value);
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.buffer[this.position++] = (rest % 128) | 0x80;
    this.buffer[this.position++] = rest;
  }
}

function bodyBytes({ key, value, headers }: OutgoingRecord, offsetDelta: number, timestampDelta: number): number {
  let bytes = 1 + varlongBytes(timestampDelta) + varlongBytes(offsetDelta) + prefixedBytes(key) + prefixedBytes(value) + varlongBytes(headers.length);
  for (const header of headers) {
    const length = Buffer.byteLength(header.name);
    bytes += varlongBytes(length) + length + prefixedBytes(header.value);
  }
  return bytes;
}

function prefixedBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : varlongBytes(bytes.length) + bytes.length;
}

function varlongBytes(value: number): number {
  let bytes = 1;
  for (let rest = zigzag(value); rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Exact up to 2^52; a time lies below. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
