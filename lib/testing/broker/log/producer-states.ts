import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { type BatchHead, NO_PRODUCER_EPOCH, NO_SEQUENCE } from './batch-header.js';

/** How many batches of a producer are known by their sequence numbers: as many as an idempotent producer may have in flight. */
const REMEMBERED_BATCHES = 5;
const LAST_SEQUENCE = 2 ** 31 - 1;

interface RememberedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly timestampMs: number;
}

interface ProducerState {
  epoch: number;
  batches: RememberedBatch[];
}

/** Where a batch went that had arrived before. */
export type Duplicate = Pick<RememberedBatch, 'baseOffset' | 'timestampMs'>;

/** What a partition knows of idempotent and transactional producers: their epochs, and their last batches. */
export class ProducerStates {
  private readonly producers = new Map<number, ProducerState>();

  /**
   * Null for a batch that is next. A batch that is known is a duplicate, which is answered as the first time.
   * @throws KafkaError INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER
   */
  check({ producerId, producerEpoch, baseSequence, lastOffsetDelta }: BatchHead): Duplicate | null {
    const known = this.producers.get(producerId);
    if (known === undefined) return null;
    if (producerEpoch < known.epoch) throw new KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, `epoch ${producerEpoch} of producer ${producerId} is older than its epoch ${known.epoch} here`);
    if (producerEpoch > known.epoch) {
      if (baseSequence === 0) return null;
      throw new KafkaError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, `producer ${producerId} begins its epoch ${producerEpoch} with the sequence number ${baseSequence}`);
    }
    const lastSequence = sequenceAfter(baseSequence, lastOffsetDelta);
    const duplicate = known.batches.find(batch => batch.firstSequence === baseSequence && batch.lastSequence === lastSequence);
    if (duplicate !== undefined) return duplicate;
    const last = known.batches.at(-1)?.lastSequence ?? NO_SEQUENCE;
    if (baseSequence === sequenceAfter(last, 1)) return null;
    throw new KafkaError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, `sequence number ${baseSequence} of producer ${producerId} follows ${last}`);
  }

  /** A batch that was checked is in the log. */
  appended({ producerId, producerEpoch, baseSequence, lastOffsetDelta }: BatchHead, baseOffset: number, timestampMs: number): void {
    const state = this.inEpoch(producerId, producerEpoch);
    state.batches.push({ firstSequence: baseSequence, lastSequence: sequenceAfter(baseSequence, lastOffsetDelta), baseOffset, timestampMs });
    if (state.batches.length > REMEMBERED_BATCHES) state.batches.shift();
  }

  /** A marker is in the log: whoever has an older epoch is fenced. */
  ended(producerId: number, producerEpoch: number): void {
    this.inEpoch(producerId, producerEpoch);
  }

  /** The latest epoch that wrote here. */
  epochOf(producerId: number): number {
    return this.producers.get(producerId)?.epoch ?? NO_PRODUCER_EPOCH;
  }

  private inEpoch(producerId: number, epoch: number): ProducerState {
    let state = this.producers.get(producerId);
    if (state === undefined || state.epoch !== epoch) {
      state = { epoch, batches: [] };
      this.producers.set(producerId, state);
    }
    return state;
  }
}

/** Sequence numbers go on with 0 after 2³¹−1. */
function sequenceAfter(sequence: number, steps: number): number {
  return sequence > LAST_SEQUENCE - steps ? steps - (LAST_SEQUENCE - sequence) - 1 : sequence + steps;
}
