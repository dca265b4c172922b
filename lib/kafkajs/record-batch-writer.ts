import type { OutgoingBatch, OutgoingRecord } from '../producer/produce-wire.js';
import { pack } from './compression.js';
import { crc32c } from './crc32c.js';
import { RecordWriter, recordBytes } from './record-writer.js';

/** Positions in the header; `batch-scan.ts` draws it. */
const LENGTH_AT = 8;
const AFTER_LENGTH = 12;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const BASE_TIME_AT = 27;
const MAX_TIME_AT = 35;
const PRODUCER_AT = 43;
const EPOCH_AT = 51;
const SEQUENCE_AT = 53;
const COUNT_AT = 57;
const RECORDS_AT = 61;
const MAGIC = 2;

/** A record batch, format v2. */
export function encodeBatch(batch: OutgoingBatch): Buffer | Promise<Buffer> {
  const { records, compression } = batch;
  const baseMs = records[0]?.timestampMs ?? 0;
  if (compression === 0) return withHeader(batch, baseMs, written(records, baseMs, RECORDS_AT));
  return pack(compression, written(records, baseMs, 0)).then(packed => withHeader(batch, baseMs, Buffer.concat([Buffer.alloc(RECORDS_AT), packed])));
}

/** The records, after so many bytes that are left free. */
function written(records: readonly OutgoingRecord[], baseMs: number, free: number): Buffer {
  let most = free;
  for (const record of records) most += recordBytes(record);
  const writer = new RecordWriter(Buffer.allocUnsafe(most), free);
  for (const [delta, record] of records.entries()) writer.record(record, delta, record.timestampMs - baseMs);
  return writer.written;
}

function withHeader({ records, compression, identity, sequence }: OutgoingBatch, baseMs: number, bytes: Buffer): Buffer {
  let latestMs = baseMs;
  for (const { timestampMs } of records) latestMs = Math.max(latestMs, timestampMs);
  // The broker gives the offset.
  bytes.writeBigInt64BE(0n, 0);
  bytes.writeInt32BE(bytes.length - AFTER_LENGTH, LENGTH_AT);
  bytes.writeInt32BE(-1, LEADER_EPOCH_AT);
  bytes.writeInt8(MAGIC, MAGIC_AT);
  bytes.writeInt16BE(compression, ATTRIBUTES_AT);
  bytes.writeInt32BE(records.length - 1, LAST_DELTA_AT);
  bytes.writeBigInt64BE(BigInt(baseMs), BASE_TIME_AT);
  bytes.writeBigInt64BE(BigInt(latestMs), MAX_TIME_AT);
  bytes.writeBigInt64BE(identity?.producerId ?? -1n, PRODUCER_AT);
  bytes.writeInt16BE(identity?.epoch ?? -1, EPOCH_AT);
  bytes.writeInt32BE(identity === null ? -1 : sequence, SEQUENCE_AT);
  bytes.writeInt32BE(records.length, COUNT_AT);
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT), CRC_AT);
  return bytes;
}
