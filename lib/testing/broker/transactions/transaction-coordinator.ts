import type { BrokerClock } from '../clock.js';
import type { GroupCoordinator } from '../groups/group-coordinator.js';
import type { PartitionName } from '../groups/group-offsets.js';
import type { TransactionEnd } from '../log/partition-log.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { NO_PRODUCER, type ProducerIdentity, Transaction } from './transaction.js';

export interface TransactionSettings {
  /** `transaction.max.timeout.ms` of a broker. */
  readonly maxTimeoutMs: number;
  /**
   * Between the decision and the markers. Real brokers take some milliseconds, and answer CONCURRENT_TRANSACTIONS meanwhile to
   * whoever begins the next transaction.
   */
  readonly markerDelayMs: number;
}
export const TRANSACTION_SETTINGS: TransactionSettings = { maxTimeoutMs: 900_000, markerDelayMs: 0 };

/** What a transaction coordinator changes outside of itself. */
export interface TransactionHost {
  readonly clock: BrokerClock;
  readonly groups: Pick<GroupCoordinator, 'endTransaction'>;
  readonly topics: { partition(topic: string, index: number): { endTransaction(end: TransactionEnd, nowMs: number): void } | undefined };
}

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

export interface InitializedProducer extends ProducerIdentity {
  readonly errorCode: number;
}

/** The transactional ids of a cluster, whichever virtual broker answers for them. That it is the right one is for the APIs to ask. */
export class TransactionCoordinator {
  private readonly transactions = new Map<string, Transaction>();
  private producerIds = 0;

  constructor(
    private readonly host: TransactionHost,
    readonly settings: TransactionSettings = TRANSACTION_SETTINGS,
  ) {}

  /** `own` of a producer that goes on after an error; null of one that starts. An idempotent one has no transactional id. */
  initProducer(transactionalId: string | null, timeoutMs: number, own: ProducerIdentity | null): InitializedProducer {
    if (transactionalId === null) return { errorCode: ErrorCode.NONE, producerId: this.producerIds++, producerEpoch: 0 };
    if (transactionalId === '') return refusedProducer(ErrorCode.INVALID_REQUEST);
    if (timeoutMs <= 0 || timeoutMs > this.settings.maxTimeoutMs) return refusedProducer(ErrorCode.INVALID_TRANSACTION_TIMEOUT);
    const transaction = this.found(transactionalId);
    if (own !== null && !transaction.isOwn(own)) return refusedProducer(ErrorCode.PRODUCER_FENCED);
    if (transaction.isDecided) return refusedProducer(ErrorCode.CONCURRENT_TRANSACTIONS);
    if (transaction.state === 'Ongoing') {
      this.abort(transaction);
      return refusedProducer(ErrorCode.CONCURRENT_TRANSACTIONS);
    }
    if (!transaction.begin(own, timeoutMs, () => this.producerIds++)) return refusedProducer(ErrorCode.PRODUCER_FENCED);
    return { errorCode: ErrorCode.NONE, ...transaction.identity };
  }

  addPartitions(transactionalId: string, producer: ProducerIdentity, partitions: readonly PartitionName[]): number {
    return this.extend(transactionalId, producer, (transaction) => transaction.add(partitions));
  }
  /** Offsets of the group may be committed in the transaction. */
  addOffsets(transactionalId: string, producer: ProducerIdentity, groupId: string): number {
    return this.extend(transactionalId, producer, (transaction) => {
      transaction.add([]);
      transaction.groups.add(groupId);
    });
  }

  end(transactionalId: string, producer: ProducerIdentity, isCommitted: boolean): number {
    const transaction = this.transactions.get(transactionalId);
    const refusal = this.refuses(transactionalId, transaction, producer);
    if (transaction === undefined || refusal !== null) return refusal ?? ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    switch (transaction.state) {
      case 'Ongoing':
        this.decide(transaction, isCommitted);
        return ErrorCode.NONE;
      case 'Empty':
        return ErrorCode.INVALID_TXN_STATE;
      case 'PrepareCommit':
      case 'PrepareAbort':
        return isCommitted === (transaction.state === 'PrepareCommit') ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE;
      case 'CompleteCommit':
      case 'CompleteAbort':
        return isCommitted === (transaction.state === 'CompleteCommit') ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE;
    }
  }

  /** NONE where the partition belongs to the producer's open transaction; else the error that Produce answers. */
  admit({ transactionalId, topic, partition, ...producer }: TransactionalBatch): number {
    return this.verify(transactionalId, producer, (transaction) => transaction.has({ topic, partition }));
  }
  /** NONE where the group's offsets belong to the producer's open transaction; else the error that TxnOffsetCommit answers. */
  admitOffsets(transactionalId: string, producer: ProducerIdentity, groupId: string): number {
    return this.verify(transactionalId, producer, (transaction) => transaction.state === 'Ongoing' && transaction.groups.has(groupId));
  }

  /** The state of an id is read again by whoever coordinates it: nothing is lost, and no answer was due. */
  coordinatorMoved(_transactionalId: string): void {}

  private found(transactionalId: string): Transaction {
    let transaction = this.transactions.get(transactionalId);
    if (transaction === undefined) {
      transaction = new Transaction(transactionalId, this.producerIds++);
      this.transactions.set(transactionalId, transaction);
    }
    return transaction;
  }

  private refuses(transactionalId: string, transaction: Transaction | undefined, producer: ProducerIdentity): number | null {
    if (transactionalId === '') return ErrorCode.INVALID_REQUEST;
    return transaction === undefined ? ErrorCode.INVALID_PRODUCER_ID_MAPPING : transaction.refuses(producer);
  }

  private extend(transactionalId: string, producer: ProducerIdentity, add: (transaction: Transaction) => void): number {
    const transaction = this.transactions.get(transactionalId);
    const refusal = this.refuses(transactionalId, transaction, producer);
    if (transaction === undefined || refusal !== null) return refusal ?? ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    if (transaction.isDecided) return ErrorCode.CONCURRENT_TRANSACTIONS;
    const isNew = transaction.state !== 'Ongoing';
    add(transaction);
    if (isNew) transaction.cancelTimeout = this.host.clock.later(transaction.timeoutMs, () => this.abort(transaction));
    return ErrorCode.NONE;
  }

  private verify(transactionalId: string | null, producer: ProducerIdentity, isPart: (transaction: Transaction) => boolean): number {
    const transaction = this.transactions.get(transactionalId ?? '');
    const refusal = this.refuses(transactionalId ?? '', transaction, producer);
    if (transaction === undefined || refusal !== null) return refusal === ErrorCode.PRODUCER_FENCED ? ErrorCode.INVALID_PRODUCER_EPOCH : (refusal ?? ErrorCode.INVALID_PRODUCER_ID_MAPPING);
    return isPart(transaction) ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE;
  }

  /** Its producer is fenced: it ran out of time, or another one took its id. */
  private abort(transaction: Transaction): void {
    transaction.fence();
    this.decide(transaction, false);
  }

  private decide(transaction: Transaction, isCommitted: boolean): void {
    transaction.cancelTimeout();
    transaction.state = isCommitted ? 'PrepareCommit' : 'PrepareAbort';
    const { markerDelayMs } = this.settings;
    if (markerDelayMs === 0) this.writeMarkers(transaction);
    else this.host.clock.later(markerDelayMs, () => this.writeMarkers(transaction));
  }

  private writeMarkers(transaction: Transaction): void {
    const { clock, topics, groups } = this.host;
    const committed = transaction.state === 'PrepareCommit';
    const end = { ...transaction.identity, coordinatorEpoch: 0, committed };
    for (const { topic, partition } of transaction.partitions.values()) topics.partition(topic, partition)?.endTransaction(end, clock.epochMs());
    groups.endTransaction(transaction.producerId, committed);
    transaction.complete();
  }
}

function refusedProducer(errorCode: number): InitializedProducer {
  return { errorCode, ...NO_PRODUCER };
}
