const TWO_TO_32 = 0x1_0000_0000;

/** Smaller pieces are copied: a list entry costs more than their bytes. */
const LEAST_VIEW_BYTES = 1024;

/**
 * Writes Kafka's primitive types at one version of one message. Large byte fields are taken as views, not copied: what was
 * written is a list of buffers.
 */
export class Writer {
  private readonly done: Buffer[] = [];
  private doneBytes = 0;
  private open: Buffer;
  private from = 0;
  private to = 0;

  constructor(
    readonly version = 0,
    readonly flexible = false,
    capacity = 256,
  ) {
    this.open = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.doneBytes + this.to - this.from;
  }

  /** Everything that was written, in order. */
  buffers(): Buffer[] {
    this.close();
    return this.done;
  }

  int8(value: number): void {
    this.to = this.room(1).writeInt8(value, this.to);
  }
  int16(value: number): void {
    this.to = this.room(2).writeInt16BE(value, this.to);
  }
  int32(value: number): void {
    this.to = this.room(4).writeInt32BE(value, this.to);
  }
  int64(value: number): void {
    putInt64(this.room(8), value, this.to);
    this.to += 8;
  }
  float64(value: number): void {
    this.to = this.room(8).writeDoubleBE(value, this.to);
  }
  /** Zigzag: small for small numbers of either sign. */
  varint(value: number): void {
    this.unsignedVarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Up to 2^53 − 1. */
  unsignedVarint(value: number): void {
    const buffer = this.room(8);
    while (value >= 0x80) {
      buffer[this.to++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    buffer[this.to++] = value;
  }

  uuid(value: string): void {
    const room = this.room(16);
    this.to += room.write(value, this.to, 16, 'base64url');
  }

  string(value: string | null): void {
    const length = value === null ? -1 : Buffer.byteLength(value);
    if (this.flexible) this.unsignedVarint(length + 1);
    else this.int16(length);
    if (value !== null) this.utf8(value, length);
  }

  /** A string with a length of two bytes at every version: the client id of a request header. */
  classicString(value: string | null): void {
    const length = value === null ? -1 : Buffer.byteLength(value);
    this.int16(length);
    if (value !== null) this.utf8(value, length);
  }

  bytes(value: Buffer | null): void {
    this.pieces(value === null ? null : [value]);
  }

  /** One byte field out of several buffers. */
  pieces(values: readonly Buffer[] | null): void {
    const length = values === null ? -1 : values.reduce((sum, value) => sum + value.length, 0);
    if (this.flexible) this.unsignedVarint(length + 1);
    else this.int32(length);
    for (const value of values ?? []) this.raw(value);
  }

  raw(value: Buffer): void {
    if (value.length < LEAST_VIEW_BYTES) {
      const room = this.room(value.length);
      this.to += value.copy(room, this.to);
      return;
    }
    this.close();
    this.done.push(value);
    this.doneBytes += value.length;
  }

  /** How many elements follow; null for a null array. */
  count(value: number | null): void {
    if (this.flexible) this.unsignedVarint((value ?? -1) + 1);
    else this.int32(value ?? -1);
  }

  /** The end of a flexible structure; `fields` in the order of their tags. */
  taggedFields(fields: readonly { tag: number; write(to: Writer): void }[] = []): void {
    if (!this.flexible) return;
    this.unsignedVarint(fields.length);
    for (const { tag, write } of fields) {
      const field = new Writer(this.version, true, 64);
      write(field);
      this.unsignedVarint(tag);
      this.unsignedVarint(field.length);
      for (const piece of field.buffers()) this.raw(piece);
    }
  }

  private utf8(value: string, length: number): void {
    const room = this.room(length);
    this.to += room.write(value, this.to, length, 'utf8');
  }

  private close(): void {
    if (this.to === this.from) return;
    this.done.push(this.open.subarray(this.from, this.to));
    this.doneBytes += this.to - this.from;
    this.from = this.to;
  }

  private room(bytes: number): Buffer {
    if (this.open.length - this.to >= bytes) return this.open;
    const size = Math.max(2 * this.open.length, bytes);
    this.close();
    this.open = Buffer.allocUnsafe(size);
    this.from = this.to = 0;
    return this.open;
  }
}

export function putInt64(buffer: Buffer, value: number, position: number): void {
  const high = Math.floor(value / TWO_TO_32);
  buffer.writeInt32BE(high, position);
  buffer.writeUInt32BE(value - high * TWO_TO_32, position + 4);
}
