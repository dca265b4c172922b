import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { putInt64 } from '../protocol/writer.js';
import { At, Attribute, type BatchHead, NO_PRODUCER_ID, readHead } from './batch-header.js';
import { buildMarker, seal } from './build-batch.js';
import { PartitionTransactions } from './partition-transactions.js';
import { ProducerStates } from './producer-states.js';
import { StoredBatches } from './stored-batches.js';

/** Where a batch is now. */
export interface Appended {
  readonly baseOffset: number;
  /** −1 where the records have their producer's time, and it is no duplicate. */
  readonly appendTimeMs: number;
}

/** The end of a transaction. */
export interface TransactionEnd {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
}

/**
 * The log of one partition. Batches stay as their producer wrote them; base offset and leader epoch are set.
 *
 * ```
 *  startOffset          lastStableOffset                endOffset
 *      |  decided transactions  |  behind an open transaction  |
 * ```
 *
 * Nothing is replicated, so that the high watermark is the end.
 */
export class PartitionLog {
  readonly batches = new StoredBatches();
  readonly producers = new ProducerStates();
  readonly transactions = new PartitionTransactions();
  private start = 0;
  private end = 0;

  get startOffset(): number {
    return this.start;
  }
  get endOffset(): number {
    return this.end;
  }
  get lastStableOffset(): number {
    return this.transactions.firstOpenOffset ?? this.end;
  }

  /**
   * Appends a copy of a batch that was checked. A duplicate of an idempotent producer is answered as it was the first time.
   * @throws KafkaError where the producer's epoch, sequence number or transaction does not fit.
   */
  append(bytes: Buffer, head: BatchHead, leaderEpoch: number, appendTimeMs: number | null): Appended {
    const { producerId, isTransactional } = head;
    if (producerId !== NO_PRODUCER_ID) {
      const duplicate = this.producers.check(head);
      if (duplicate !== null) return { baseOffset: duplicate.baseOffset, appendTimeMs: duplicate.timestampMs };
      if (!isTransactional && this.transactions.isOpen(producerId)) throw new KafkaError(ErrorCode.INVALID_TXN_STATE, `producer ${producerId} has a transaction open, and the batch is not in it`);
    }
    const baseOffset = this.end;
    const maxTimestamp = this.store(Buffer.from(bytes), head, leaderEpoch, appendTimeMs);
    if (producerId !== NO_PRODUCER_ID) this.producers.appended(head, baseOffset, maxTimestamp);
    if (isTransactional) this.transactions.appended(producerId, baseOffset);
    return { baseOffset, appendTimeMs: appendTimeMs ?? -1 };
  }

  /** Writes the marker of a transaction's end. What had an older epoch of the producer is fenced from now on. */
  endTransaction(end: TransactionEnd, leaderEpoch: number, nowMs: number): void {
    const { producerId, producerEpoch, coordinatorEpoch, committed } = end;
    const marker = buildMarker(producerId, producerEpoch, coordinatorEpoch, committed, nowMs);
    const offset = this.end;
    this.store(marker, readHead(marker), leaderEpoch, null);
    this.producers.ended(producerId, producerEpoch);
    this.transactions.ended(producerId, committed, offset);
  }

  /** @throws KafkaError OFFSET_OUT_OF_RANGE for an offset beyond the end. */
  deleteBefore(offset: number): void {
    if (offset < 0 || offset > this.end) throw new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, `the log ends at ${this.end}`);
    if (offset <= this.start) return;
    this.start = offset;
    this.batches.deleteBefore(offset);
    this.transactions.deleteBefore(offset);
  }

  private store(batch: Buffer, head: BatchHead, leaderEpoch: number, appendTimeMs: number | null): number {
    const baseOffset = this.end;
    const lastOffset = baseOffset + head.lastOffsetDelta;
    putInt64(batch, baseOffset, At.baseOffset);
    batch.writeInt32BE(leaderEpoch, At.leaderEpoch);
    if (appendTimeMs !== null) stampAppendTime(batch, head, appendTimeMs);
    const maxTimestamp = appendTimeMs ?? head.maxTimestamp;
    this.batches.append(batch, baseOffset, lastOffset, maxTimestamp);
    this.end = lastOffset + 1;
    return maxTimestamp;
  }
}

function stampAppendTime(batch: Buffer, head: BatchHead, appendTimeMs: number): void {
  batch.writeInt16BE(head.attributes | Attribute.appendTime, At.attributes);
  putInt64(batch, appendTimeMs, At.maxTimestamp);
  seal(batch);
}
