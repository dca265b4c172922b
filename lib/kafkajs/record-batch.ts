import type { RecordChunk } from '../engine/record-chunk.js';
import { type AbortedTransaction, type Batch, type BatchScan, scanBatches } from './batch-scan.js';
import { CorruptError } from './byte-reader.js';
import { unpack } from './compression.js';
import { type BatchTimes, INDEX_BYTES, IndexedChunk, type RecordIndex } from './indexed-chunk.js';
import { afterVarint, LEAST_RECORD_BYTES, skipBytes, skipHeaders, skipVarint, varintAt } from './record-format.js';

/** The bytes of one partition out of a fetch. */
export interface RecordSet {
  readonly topic: string;
  readonly partition: number;
  /** The position that was fetched from; records below it are dropped. */
  readonly from: number;
  readonly bytes: Buffer;
  /** Null under read_uncommitted. */
  readonly aborted: readonly AbortedTransaction[] | null;
}

/** Either the chunk (null: nothing lies at the position), or why there is none. */
export interface DecodedSet {
  readonly chunk: RecordChunk | null;
  readonly corrupt: string | null;
}

/** Past this, a chunk ends at the next batch: what fits into a fetch packed may not fit into memory unpacked. */
const MAX_UNPACKED_CHUNK_BYTES = 64 * 1024 * 1024;

/**
 * Decodes a partition's batches. What lies in front of a corrupt batch is delivered; the batch itself is reported when it is
 * first in its turn. Checksums are not verified: CRC-32C in JavaScript costs more than the decoding, and the broker has
 * verified them on arrival.
 */
export function decodeRecords(set: RecordSet): DecodedSet | Promise<DecodedSet> {
  const scan = scanBatches(set.bytes, set.from, set.aborted);
  if (scan.batches.every(batch => batch.codec === 0)) return build(set, { bytes: set.bytes, batches: scan.batches, cut: null }, scan);
  return unpackAll(set, scan.batches).then(unpacked => build(set, unpacked, scan));
}

/** Batches whose positions are in `bytes`. */
interface PlainBatches {
  readonly bytes: Buffer;
  readonly batches: readonly Batch[];
  /** Where the batches end early, and why where something is wrong. */
  readonly cut: Cut | null;
}
interface Cut {
  readonly at: number;
  readonly corrupt: string | null;
}

function build(set: RecordSet, plain: PlainBatches, scan: BatchScan): DecodedSet {
  const index = indexRecords(plain.bytes, plain.batches, set.from);
  const cut = index.cut ?? plain.cut ?? { at: scan.to, corrupt: scan.corrupt };
  if (cut.at <= set.from) return { chunk: null, corrupt: cut.corrupt };
  const range = { topic: set.topic, partition: set.partition, from: set.from, to: cut.at };
  if (index.count === 0) return { chunk: new IndexedChunk(range, EMPTY_INDEX, 0), corrupt: null };
  // A view keeps alive all of what it is a view of.
  const bytes = plain.bytes.buffer.byteLength + index.offsets.length * INDEX_BYTES;
  return { chunk: new IndexedChunk(range, { ...index, buffer: plain.bytes }, bytes), corrupt: null };
}

const EMPTY_INDEX: RecordIndex = { buffer: Buffer.alloc(0), count: 0, offsets: new Float64Array(0), records: new Int32Array(0), batches: [] };

/** Unpacks batch after batch and puts everything into one buffer, unless it is one already. */
async function unpackAll(set: RecordSet, batches: readonly Batch[]): Promise<PlainBatches> {
  const parts: Buffer[] = [];
  const moved: Batch[] = [];
  let length = 0;
  let cut: Cut | null = null;
  for (const batch of batches) {
    if (length > MAX_UNPACKED_CHUNK_BYTES) {
      cut = { at: batch.position, corrupt: null };
      break;
    }
    const view = set.bytes.subarray(batch.start, batch.end);
    try {
      const part = batch.codec === 0 ? view : await unpack(batch.codec, view);
      parts.push(part);
      moved.push({ ...batch, start: length, end: length + part.length });
      length += part.length;
    } catch (error) {
      cut = { at: batch.position, corrupt: reasonOf(error) };
      break;
    }
  }
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, length);
  return { bytes, batches: moved, cut };
}

interface Indexed {
  readonly count: number;
  readonly offsets: Float64Array;
  readonly records: Int32Array;
  readonly batches: readonly BatchTimes[];
  readonly cut: Cut | null;
}

function indexRecords(bytes: Buffer, batches: readonly Batch[], from: number): Indexed {
  let capacity = 0;
  for (const batch of batches) {
    // A count that its bytes cannot hold would allocate gigabytes for nothing; its batch is refused below.
    if (fits(batch)) capacity += batch.count;
  }
  const offsets = new Float64Array(capacity);
  const records = new Int32Array(capacity);
  const times: BatchTimes[] = [];
  let count = 0;
  let cut: Cut | null = null;
  for (const batch of batches) {
    try {
      const after = indexBatch(bytes, batch, from, offsets, records, count);
      if (after > count) times.push({ first: count, timestampMs: batch.timestampMs, appendTime: batch.appendTime });
      count = after;
    } catch (error) {
      cut = { at: batch.position, corrupt: reasonOf(error) };
      break;
    }
  }
  return { count, offsets, records, batches: times, cut };
}

function fits(batch: Batch): boolean {
  return batch.count * LEAST_RECORD_BYTES <= batch.end - batch.start;
}

/** Checks every record of a batch, and notes offset and position of those from `from` on. Returns the number of all noted. */
function indexBatch(bytes: Buffer, batch: Batch, from: number, offsets: Float64Array, records: Int32Array, noted: number): number {
  const { baseOffset, lastDelta, count, end } = batch;
  if (!fits(batch)) throw new CorruptError(`the batch at offset ${baseOffset} announces ${count} records, and ${end - batch.start} bytes follow`);
  let position = batch.start;
  let previous = -1;
  for (let record = 0; record < count; record++) {
    const length = varintAt(bytes, position);
    const start = afterVarint();
    const recordEnd = start + length;
    if (length < LEAST_RECORD_BYTES - 1 || recordEnd > end) throw new CorruptError(`record ${record} of the batch at offset ${baseOffset} has ${length} bytes, and ${end - start} follow`);
    const delta = varintAt(bytes, skipVarint(bytes, start + 1));
    if (delta <= previous || delta > lastDelta) throw new CorruptError(`record ${record} of the batch at offset ${baseOffset} has the delta ${delta} after ${previous}; the last one is ${lastDelta}`);
    previous = delta;
    position = skipBytes(bytes, skipBytes(bytes, afterVarint(), recordEnd), recordEnd);
    if (skipHeaders(bytes, position, recordEnd) !== recordEnd) throw new CorruptError(`record ${record} of the batch at offset ${baseOffset} does not end where its length says`);
    position = recordEnd;
    if (baseOffset + delta < from) continue;
    offsets[noted] = baseOffset + delta;
    records[noted++] = start;
  }
  if (position !== end) throw new CorruptError(`${end - position} bytes follow the last record of the batch at offset ${baseOffset}`);
  return noted;
}

function reasonOf(error: unknown): string {
  if (error instanceof CorruptError) return error.message;
  throw error;
}
