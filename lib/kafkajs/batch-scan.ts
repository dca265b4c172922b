import { CorruptError, int64At, opaqueInt64At } from './byte-reader.js';
import { afterVarint, skipVarint, varintAt } from './record-format.js';

/** A batch with records to deliver. */
export interface Batch {
  /** The position before the batch: where a chunk ends that cannot take it. */
  readonly position: number;
  readonly baseOffset: number;
  readonly lastDelta: number;
  readonly count: number;
  /** Compression type; 0 is none. */
  readonly codec: number;
  readonly appendTime: boolean;
  readonly timestampMs: number;
  /** Where its records lie. */
  readonly start: number;
  readonly end: number;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface BatchScan {
  readonly batches: readonly Batch[];
  /** The position after everything that could be read. */
  readonly to: number;
  /** Why nothing more could be read, where the reason is not the end of the bytes. */
  readonly corrupt: string | null;
}

/**
 * A record batch, format v2:
 *
 * ```
 *   0 base offset   8 length   12 leader epoch   16 magic   17 CRC   21 attributes   23 last offset delta
 *  27 base time    35 max time   43 producer id   51 producer epoch   53 sequence    57 count   61 records
 * ```
 */
const LENGTH_AT = 8;
const AFTER_LENGTH = 12;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const BASE_TIME_AT = 27;
const MAX_TIME_AT = 35;
const PRODUCER_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;

const MAGIC = 2;
const CODEC_MASK = 0x07;
const APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Type of the control record that ends an aborted transaction. */
const ABORT = 0;

/**
 * Reads the batches' headers: where their records lie, and which batches have none to deliver (control batches, those of
 * aborted transactions, those below `from`). A batch that is cut off at the end is left for the next fetch.
 */
export function scanBatches(bytes: Buffer, from: number, aborted: readonly AbortedTransaction[] | null): BatchScan {
  const filter = aborted === null || aborted.length === 0 ? null : new AbortedFilter(aborted);
  const batches: Batch[] = [];
  let to = from;
  let ended = -1;
  let position = 0;
  try {
    while (bytes.length - position > MAGIC_AT) {
      const end = batchEnd(bytes, position, from);
      if (end > bytes.length) {
        if (position > 0) break;
        throw new CorruptError(`the first batch announces ${end} bytes, and the broker has sent ${bytes.length}`);
      }
      const batch = readHeader(bytes, position, end, to);
      const after = batch.baseOffset + batch.lastDelta + 1;
      if (batch.baseOffset <= ended) throw new CorruptError(`a batch begins at offset ${batch.baseOffset}, after one that ends at ${ended}`);
      if (isDeliverable(bytes, position, batch, filter) && after > from && batch.count > 0) batches.push(batch);
      to = Math.max(to, after);
      ended = after - 1;
      position = end;
    }
    if (position === 0 && bytes.length > 0) throw new CorruptError(`${bytes.length} bytes are less than the header of a batch`);
    return { batches, to, corrupt: null };
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    return { batches, to, corrupt: error.message };
  }
}

/** Checks what must be known before the rest of the header makes sense. */
function batchEnd(bytes: Buffer, position: number, from: number): number {
  const length = bytes.readInt32BE(position + LENGTH_AT);
  const magic = bytes.readInt8(position + MAGIC_AT);
  if (magic === 0 || magic === 1) {
    throw new CorruptError(`the records at offset ${from} are in message format v${magic}, from before Kafka 0.11, which this consumer does not read. Let them expire, or produce them again`);
  }
  if (magic !== MAGIC) throw new CorruptError(`the record format ${magic} is unknown`);
  if (length < RECORDS_AT - AFTER_LENGTH) throw new CorruptError(`a batch announces ${length} bytes, less than its header has`);
  return position + AFTER_LENGTH + length;
}

function readHeader(bytes: Buffer, position: number, end: number, to: number): Batch {
  const attributes = bytes.readInt16BE(position + ATTRIBUTES_AT);
  const baseOffset = int64At(bytes, position);
  const lastDelta = bytes.readInt32BE(position + LAST_DELTA_AT);
  const count = bytes.readInt32BE(position + COUNT_AT);
  if (baseOffset < 0 || lastDelta < 0 || count < 0 || !Number.isSafeInteger(baseOffset + lastDelta + 1)) {
    throw new CorruptError(`a batch of ${count} records from offset ${baseOffset} to ${baseOffset} + ${lastDelta} cannot be`);
  }
  const appendTime = (attributes & APPEND_TIME) !== 0;
  return {
    position: to,
    baseOffset,
    lastDelta,
    count,
    codec: attributes & CODEC_MASK,
    appendTime,
    timestampMs: Number(opaqueInt64At(bytes, position + (appendTime ? MAX_TIME_AT : BASE_TIME_AT))),
    start: position + RECORDS_AT,
    end,
  };
}

function isDeliverable(bytes: Buffer, position: number, batch: Batch, filter: AbortedFilter | null): boolean {
  const attributes = bytes.readInt16BE(position + ATTRIBUTES_AT);
  const isControl = (attributes & CONTROL) !== 0;
  if (filter === null) return !isControl;
  const producerId = opaqueInt64At(bytes, position + PRODUCER_AT);
  filter.reach(batch.baseOffset + batch.lastDelta);
  if (isControl) {
    if (controlType(bytes, batch) === ABORT) filter.end(producerId);
    return false;
  }
  return (attributes & TRANSACTIONAL) === 0 || !filter.isAborted(producerId);
}

/** Type of a control batch's one record, out of its key: version (16 bits), type (16 bits). −1 where there is none. */
function controlType(bytes: Buffer, batch: Batch): number {
  varintAt(bytes, batch.start);
  const keyLength = varintAt(bytes, skipVarint(bytes, skipVarint(bytes, afterVarint() + 1)));
  const key = afterVarint();
  return keyLength >= 4 && key + 4 <= batch.end ? bytes.readInt16BE(key + 2) : -1;
}

/** Which producers' transactions, at the offset that has been reached, are aborted ones. */
class AbortedFilter {
  private readonly ahead: AbortedTransaction[];
  private reached = 0;
  private readonly open = new Set<bigint>();

  constructor(aborted: readonly AbortedTransaction[]) {
    // The broker lists them by their end: overlapping ones are out of order.
    this.ahead = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  reach(lastOffset: number): void {
    for (let next = this.ahead[this.reached]; next !== undefined && next.firstOffset <= lastOffset; next = this.ahead[++this.reached]) {
      this.open.add(next.producerId);
    }
  }
  end(producerId: bigint): void {
    this.open.delete(producerId);
  }
  isAborted(producerId: bigint): boolean {
    return this.open.has(producerId);
  }
}
