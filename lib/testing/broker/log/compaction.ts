import { At, readHead } from './batch-header.js';
import { buildBatch, type NewRecord, seal } from './build-batch.js';
import { recordBytes, RecordCursor } from './record-cursor.js';
import type { StoredBatch } from './stored-batches.js';

interface KeyedRecord extends NewRecord {
  readonly offset: number;
}

/**
 * Keeps the last record of each key, at its offset: what is left has holes. A batch that loses nothing stays as it is, one that
 * loses all goes. Batches that are packed, transactional or of control records are kept whole; tombstones stay.
 */
export function compact(batches: readonly StoredBatch[]): StoredBatch[] {
  const decoded = batches.map(batch => ({ batch, records: recordsOf(batch) }));
  const latest = new Map<string, number>();
  for (const { records } of decoded) for (const { key, offset } of records ?? []) latest.set(String(key?.toString('latin1')), offset);
  return decoded.flatMap(({ batch, records }) => {
    const left = records?.filter(({ key, offset }) => latest.get(String(key?.toString('latin1'))) === offset);
    if (records === null || left === undefined || left.length === records.length) return [batch];
    return left.length === 0 ? [] : [{ ...batch, bytes: rewritten(batch, left) }];
  });
}

/** Null for a batch that is kept whole. */
function recordsOf({ bytes, baseOffset }: StoredBatch): KeyedRecord[] | null {
  const head = readHead(bytes);
  if (head.codec !== 0 || head.isTransactional || head.isControl) return null;
  const cursor = new RecordCursor(recordBytes(bytes, head));
  const records: KeyedRecord[] = [];
  while (!cursor.atEnd) {
    cursor.next();
    records.push({ offset: baseOffset + cursor.offsetDelta, key: cursor.bytesOf(cursor.key), value: cursor.bytesOf(cursor.value), headers: cursor.headers(), timestampMs: head.baseTimestamp + cursor.timestampDelta });
  }
  return records;
}

/** Range of offsets, producer and times of the batch stay: only records go. */
function rewritten({ bytes, baseOffset }: StoredBatch, left: readonly KeyedRecord[]): Buffer {
  const { attributes, producerId, producerEpoch, baseSequence } = readHead(bytes);
  const batch = buildBatch(left.map(record => ({ ...record, offsetDelta: record.offset - baseOffset })), attributes, { producerId, producerEpoch, baseSequence });
  bytes.copy(batch, At.lastOffsetDelta, At.lastOffsetDelta, At.baseTimestamp);
  bytes.copy(batch, At.maxTimestamp, At.maxTimestamp, At.producerId);
  bytes.copy(batch, At.baseOffset, At.baseOffset, At.length);
  bytes.copy(batch, At.leaderEpoch, At.leaderEpoch, At.magic);
  seal(batch);
  return batch;
}
