import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { At, type BatchHead, CODEC_NAMES, NO_PRODUCER_ID, readHead } from './batch-header.js';
import { crc32c } from './crc32c.js';
import { MalformedRecords, RecordCursor } from './record-cursor.js';

/** Kafka takes no batch below this, whatever it is. */
const CURRENT_MAGIC = 2;

/** What a topic asks of a batch. */
export interface BatchRules {
  readonly maxBytes: number;
  /** How far ahead of the broker's clock a record may be, in milliseconds. */
  readonly maxTimestampAheadMs: number;
  /** Of a compacted topic. */
  readonly keysRequired: boolean;
}

export interface CheckedBatch {
  readonly bytes: Buffer;
  readonly head: BatchHead;
}

/**
 * The one batch that a Produce request has for a partition.
 * @throws KafkaError with the code that Kafka answers for what is wrong with it.
 */
export function checkBatch(bytes: Buffer | null, rules: BatchRules, nowMs: number): CheckedBatch {
  const batch = onlyBatch(bytes);
  if (batch.length > rules.maxBytes) throw new KafkaError(ErrorCode.MESSAGE_TOO_LARGE, `the batch has ${batch.length} bytes, and ${rules.maxBytes} are the most`);
  if (batch.readUInt32BE(At.crc) !== crc32c(batch, At.attributes)) throw new KafkaError(ErrorCode.CORRUPT_MESSAGE, 'the checksum of the batch is wrong');
  const head = readHead(batch);
  checkHead(head, rules, nowMs);
  if (head.codec === 0) checkRecords(batch, head, rules);
  return { bytes: batch, head };
}

/** What follows the batch and is none itself was never received by Kafka, either. */
function onlyBatch(bytes: Buffer | null): Buffer {
  const length = bytes === null ? null : batchLength(bytes);
  if (bytes === null || length === null) throw invalid('there is no record batch');
  const magic = bytes.readInt8(At.magic);
  if (magic > CURRENT_MAGIC) throw new KafkaError(ErrorCode.CORRUPT_MESSAGE, `no record batch has the format ${magic}`);
  if (magic < CURRENT_MAGIC || length < At.records) throw invalid(`only record batches of format ${CURRENT_MAGIC} are taken`);
  if (batchLength(bytes.subarray(length)) !== null) throw invalid('there must be exactly one record batch');
  return bytes.subarray(0, length);
}

/** Of the whole batch that the bytes begin with; null where they do not. */
function batchLength(bytes: Buffer): number | null {
  if (bytes.length <= At.magic) return null;
  const length = bytes.readInt32BE(At.length) + At.leaderEpoch;
  return length > At.magic && length <= bytes.length ? length : null;
}

function checkHead(head: BatchHead, rules: BatchRules, nowMs: number): void {
  if (head.baseOffset !== 0) throw invalid(`the base offset is ${head.baseOffset}, and must be 0`);
  if (head.count <= 0 || head.lastOffsetDelta !== head.count - 1) throw invalid(`${head.count} records do not reach up to the offset delta ${head.lastOffsetDelta}`);
  if (CODEC_NAMES[head.codec] === undefined) throw invalid(`no codec has the number ${head.codec}`);
  if (head.isControl) throw invalid('clients do not write control records');
  if (head.producerId !== NO_PRODUCER_ID && (head.producerEpoch < 0 || head.baseSequence < 0)) throw invalid('an idempotent producer has an epoch and a sequence number');
  if (head.isTransactional && head.producerId === NO_PRODUCER_ID) throw invalid('a transactional batch has a producer id');
  if (head.maxTimestamp > nowMs + rules.maxTimestampAheadMs) throw new KafkaError(ErrorCode.INVALID_TIMESTAMP, `a time stamp lies more than ${rules.maxTimestampAheadMs} ms ahead`);
}

/** Packed records are taken as they are. */
function checkRecords(batch: Buffer, head: BatchHead, rules: BatchRules): void {
  const cursor = new RecordCursor(batch.subarray(At.records));
  const keyless: number[] = [];
  try {
    for (let index = 0; index < head.count; index++) {
      cursor.next();
      if (cursor.offsetDelta !== index) throw invalid(`record ${index} has the offset delta ${cursor.offsetDelta}`);
      if (rules.keysRequired && cursor.key.length < 0) keyless.push(index);
    }
  } catch (error) {
    if (error instanceof MalformedRecords) throw invalid(error.message);
    throw error;
  }
  if (!cursor.atEnd) throw invalid(`bytes follow the last of ${head.count} records`);
  if (keyless.length > 0) throw new KafkaError(ErrorCode.INVALID_RECORD, 'a compacted topic takes no record without a key', keyless);
}

function invalid(message: string): KafkaError {
  return new KafkaError(ErrorCode.INVALID_RECORD, message);
}
