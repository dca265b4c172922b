import { Attribute, readHead } from './batch-header.js';
import type { PartitionLog } from './partition-log.js';
import { MalformedRecords, recordBytes, RecordCursor } from './record-cursor.js';
import type { StoredBatch } from './stored-batches.js';

export interface TimedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

/** The first record, in offset order, that is of this time or later; null where none is. */
export function findTime(log: PartitionLog, timestampMs: number): TimedOffset | null {
  const batch = log.batches.atTime(timestampMs);
  return batch === null ? null : firstIn(batch, timestampMs, log.startOffset);
}

/** The first record of the latest time. */
export function latestTime(log: PartitionLog): TimedOffset | null {
  const latest = log.batches.all.at(-1)?.latestTimestamp;
  return latest === undefined ? null : findTime(log, latest);
}

function firstIn(batch: StoredBatch, timestampMs: number, startOffset: number): TimedOffset {
  const head = readHead(batch.bytes);
  const whole = { offset: Math.max(batch.baseOffset, startOffset), timestamp: batch.maxTimestamp };
  if ((head.attributes & Attribute.appendTime) !== 0) return whole;
  try {
    const cursor = new RecordCursor(recordBytes(batch.bytes, head));
    while (!cursor.atEnd) {
      cursor.next();
      const offset = batch.baseOffset + cursor.offsetDelta;
      const timestamp = head.baseTimestamp + cursor.timestampDelta;
      if (timestamp >= timestampMs && offset >= startOffset) return { offset, timestamp };
    }
  } catch (error) {
    if (!(error instanceof MalformedRecords)) throw error;
  }
  return whole;
}
