import { putInt64, Writer } from '../protocol/writer.js';
import { At, Attribute, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE } from './batch-header.js';
import { crc32c } from './crc32c.js';

export interface NewRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly { readonly name: string; readonly value: Buffer | null }[];
  readonly timestampMs: number;
  /** Behind the batch's base offset; its place in the batch where absent. */
  readonly offsetDelta?: number;
}

/** What a batch may say of its producer. */
export interface BatchProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}
const NOBODY: BatchProducer = { producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH, baseSequence: NO_SEQUENCE };

/** A batch as a client writes it: not packed, from offset 0. `records` must not be empty. */
export function buildBatch(records: readonly NewRecord[], attributes = 0, producer = NOBODY): Buffer {
  const baseTimestamp = records[0]?.timestampMs ?? 0;
  const body = new Writer(0, false, 1024);
  records.forEach((record, index) => writeRecord(body, record, record.timestampMs - baseTimestamp, record.offsetDelta ?? index));
  const batch = Buffer.concat([Buffer.alloc(At.records), ...body.buffers()]);
  batch.writeInt32BE(batch.length - At.leaderEpoch, At.length);
  batch.writeInt32BE(-1, At.leaderEpoch);
  batch.writeInt8(2, At.magic);
  batch.writeInt16BE(attributes, At.attributes);
  batch.writeInt32BE(records.length - 1, At.lastOffsetDelta);
  putInt64(batch, baseTimestamp, At.baseTimestamp);
  putInt64(batch, records.reduce((latest, { timestampMs }) => Math.max(latest, timestampMs), baseTimestamp), At.maxTimestamp);
  putInt64(batch, producer.producerId, At.producerId);
  batch.writeInt16BE(producer.producerEpoch, At.producerEpoch);
  batch.writeInt32BE(producer.baseSequence, At.baseSequence);
  batch.writeInt32BE(records.length, At.count);
  seal(batch);
  return batch;
}

/** Sets the checksum, after what it covers was changed. */
export function seal(batch: Buffer): void {
  batch.writeUInt32BE(crc32c(batch, At.attributes), At.crc);
}

/** The batch that ends a transaction in a partition: one control record. */
export function buildMarker(producerId: number, producerEpoch: number, coordinatorEpoch: number, committed: boolean, timestampMs: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(committed ? 1 : 0, 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(coordinatorEpoch, 2);
  return buildBatch([{ key, value, timestampMs }], Attribute.transactional | Attribute.control, { producerId, producerEpoch, baseSequence: NO_SEQUENCE });
}

function writeRecord(to: Writer, { key, value, headers = [] }: NewRecord, timestampDelta: number, offsetDelta: number): void {
  const record = new Writer(0, false, 32);
  record.int8(0);
  record.varint(timestampDelta);
  record.varint(offsetDelta);
  writeSpan(record, key);
  writeSpan(record, value);
  record.varint(headers.length);
  for (const header of headers) {
    writeSpan(record, Buffer.from(header.name));
    writeSpan(record, header.value);
  }
  to.varint(record.length);
  for (const piece of record.buffers()) to.raw(piece);
}

function writeSpan(to: Writer, bytes: Buffer | null): void {
  to.varint(bytes === null ? -1 : bytes.length);
  if (bytes !== null) to.raw(bytes);
}
