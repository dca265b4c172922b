import type { PartitionName } from '../groups/group-offsets.js';
import { ErrorCode } from '../protocol/error-codes.js';

export type TransactionState = 'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}
export const NO_PRODUCER: ProducerIdentity = { producerId: -1, producerEpoch: -1 };

/** The largest epoch belongs to the coordinator alone: with it a producer can always be fenced. */
const LAST_EPOCH = 32_766;

/**
 * One transactional id, its producer, and the transaction that is open, if one is:
 *
 * ```
 *            add partitions or offsets          EndTxn, or a fence           markers are written
 *   EMPTY ----------------------------> ONGOING ---------------> PREPARE_... -------------------> COMPLETE_...
 *     ^                                    ^                                                          |
 *     |                                    +------------------- add partitions or offsets ------------+
 *     +------------------------------------------- InitProducerId ------------------------------------+
 * ```
 */
export class Transaction {
  state: TransactionState = 'Empty';
  epoch = -1;
  timeoutMs = 0;
  /** Of the producer, before it asked for the next one itself: it may not have heard the answer. */
  lastEpoch = -1;
  previousProducerId = -1;
  readonly partitions = new Map<string, PartitionName>();
  readonly groups = new Set<string>();
  cancelTimeout: () => void = () => {};

  constructor(
    readonly id: string,
    public producerId: number,
  ) {}

  get isDecided(): boolean {
    return this.state === 'PrepareCommit' || this.state === 'PrepareAbort';
  }
  get identity(): ProducerIdentity {
    return { producerId: this.producerId, producerEpoch: this.epoch };
  }

  /** Why nothing is done for who claims to be the producer; null where it is. */
  refuses({ producerId, producerEpoch }: ProducerIdentity): number | null {
    if (producerId !== this.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    return producerEpoch === this.epoch ? null : ErrorCode.PRODUCER_FENCED;
  }

  /** Whether a producer that says who it was may go on under this id. */
  isOwn({ producerId, producerEpoch }: ProducerIdentity): boolean {
    return this.epoch === -1 || producerId === this.producerId || (producerId === this.previousProducerId && producerEpoch >= LAST_EPOCH);
  }

  has({ topic, partition }: PartitionName): boolean {
    return this.state === 'Ongoing' && this.partitions.has(`${partition} ${topic}`);
  }

  add(partitions: readonly PartitionName[]): void {
    this.state = 'Ongoing';
    for (const name of partitions) this.partitions.set(`${name.partition} ${name.topic}`, name);
  }

  /** Whoever has an epoch below the new one is fenced. */
  fence(): void {
    this.epoch++;
    this.lastEpoch = -1;
  }

  complete(): void {
    this.state = this.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort';
    this.partitions.clear();
    this.groups.clear();
  }

  /** For a producer that starts, or goes on after an error as `own`. False where another one has the id by now. */
  begin(own: ProducerIdentity | null, timeoutMs: number, newProducerId: () => number): boolean {
    const isExhausted = this.epoch >= LAST_EPOCH && (own === null || own.producerEpoch === this.epoch);
    if (isExhausted) this.rotate(newProducerId(), own !== null);
    else if (own === null) this.fence();
    else if (this.epoch === -1 || own.producerEpoch === this.epoch) this.lastEpoch = this.epoch++;
    else if (own.producerEpoch !== this.lastEpoch) return false;
    this.timeoutMs = timeoutMs;
    this.state = 'Empty';
    return true;
  }

  private rotate(producerId: number, isContinued: boolean): void {
    this.previousProducerId = this.producerId;
    this.lastEpoch = isContinued ? this.epoch : -1;
    this.producerId = producerId;
    this.epoch = 0;
  }
}
