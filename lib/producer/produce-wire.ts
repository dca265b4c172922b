import type { WireError } from '../consumer/wire.js';

/** What a producer needs of Kafka. `lib/kafkajs` implements it. Every rejection is a `WireError`. */
export interface ProduceWire {
  connect(): Promise<void>;
  /** Ends the connections; requests under way reject. Idempotent. */
  close(): void;
  /**
   * Fresh metadata. A topic that does not exist is absent; whether asking creates it is the wire's configuration. What Kafka says
   * against one topic stands in its place, and costs the others nothing.
   */
  metadata(topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionLayout[] | WireError>>;
  /** An identity that nobody has had before: its sequences begin at 0. */
  newIdentity(): Promise<ProducerIdentity>;
  /** One request to one broker, with at most one batch of a partition. An outcome for each batch, in their order. */
  produce(request: ProduceRequest): Promise<readonly BatchOutcome[]>;
}

/** As kafkajs shows it to partitioners. */
export interface PartitionLayout {
  partitionErrorCode: number;
  partitionId: number;
  /** Node id; −1 while there is none. */
  leader: number;
  replicas: number[];
  isr: number[];
}

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly epoch: number;
}

/** −1: all in-sync replicas; 1: the leader; 0: nobody answers. */
export type Acks = -1 | 0 | 1;

export interface ProduceRequest {
  /** Node id. */
  readonly leader: number;
  readonly acks: Acks;
  readonly batches: readonly OutgoingBatch[];
}

export interface OutgoingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly compression: number;
  /** Null: the broker does not recognise a repetition. */
  readonly identity: ProducerIdentity | null;
  /** Of the first record. */
  readonly sequence: number;
  readonly records: readonly OutgoingRecord[];
}

export interface OutgoingRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly OutgoingHeader[];
  readonly timestampMs: number;
  /** About what it takes in a request, and in memory. */
  readonly bytes: number;
}
export interface OutgoingHeader {
  readonly name: string;
  readonly value: Buffer | null;
}

/**
 * 'moved': another broker leads. 'unavailable': try again. 'too-large': for this topic or broker. 'unsequenced': the broker does
 * not know what came before, and has written nothing. 'refused': never, `records` of the batch, or all of it where it is empty.
 */
export type BatchOutcome =
  | { readonly kind: 'acknowledged'; readonly baseOffset: number; readonly logAppendTimeMs: number; readonly logStartOffset: number }
  | BatchFault;
export interface BatchFault {
  readonly kind: 'moved' | 'unavailable' | 'too-large' | 'unsequenced' | 'refused';
  /** Kafka's name of the error. */
  readonly code: string;
  readonly message: string;
  readonly records: readonly number[];
}
