import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';

/** A transactional batch that wants into a log. */
export interface TransactionalBatch {
  readonly transactionalId: string | null;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly topic: string;
  readonly partition: number;
  /** Of the Produce request. */
  readonly version: number;
}

/** What the rest of the broker asks of transactions. */
export class TransactionCoordinator {
  constructor(readonly cluster: Cluster) {}

  /** NONE where the partition belongs to the producer's open transaction; else the error that Produce answers. */
  admit(_batch: TransactionalBatch): number {
    return ErrorCode.INVALID_TXN_STATE;
  }

  /** Another virtual broker coordinates this transactional id now. */
  coordinatorMoved(_transactionalId: string): void {}
}
