import { type Acknowledgement, KafkaNotAcknowledgedError, KafkaProducerClosedError, KafkaRecordTooLargeError, KafkaUnknownTopicError } from './errors.js';
import type { Acks, OutgoingRecord } from './produce-wire.js';

/** Why a record, or a whole call, was not sent or not acknowledged. */
export interface SendFault {
  readonly kind: 'unknown-topic' | 'too-large' | 'not-acknowledged' | 'closed';
  readonly message: string;
  readonly cause?: unknown;
}

const ERRORS = {
  'unknown-topic': KafkaUnknownTopicError,
  'too-large': KafkaRecordTooLargeError,
  'not-acknowledged': KafkaNotAcknowledgedError,
  closed: KafkaProducerClosedError,
} as const;

/** What goes with all records of a call. */
export interface SendSettings {
  readonly acks: Acks;
  readonly compression: number;
  /** Monotonic milliseconds, as is the next one. */
  readonly sentMs: number;
  readonly deadlineMs: number;
}

/** A record whose key, value and headers are bytes, before it has a partition. */
export interface UnroutedRecord extends OutgoingRecord {
  /** Where the caller wants it. */
  readonly wanted: number | undefined;
}

/** One call of `send`: over when each of its records is, acknowledged or not. */
export class SendCall {
  readonly done: Promise<Acknowledgement[]>;
  /** Null while its values are being encoded. */
  records: readonly UnroutedRecord[] | null = null;
  isOver = false;
  private resolve: (acknowledged: Acknowledgement[]) => void = () => {};
  private reject: (error: Error) => void = () => {};
  private acknowledged: (Acknowledgement | null)[] = [];
  private pending = 0;
  private fault: { readonly index: number; readonly fault: SendFault } | null = null;

  constructor(
    readonly topic: string,
    readonly settings: SendSettings,
    private readonly over: (call: SendCall) => void,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  begin(records: readonly UnroutedRecord[]): void {
    this.records = records;
    this.pending = records.length;
    this.acknowledged = new Array<Acknowledgement | null>(records.length).fill(null);
  }
  /** Nothing of it has been sent. */
  abort(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.over(this);
    this.reject(error);
  }

  acknowledge(index: number, acknowledgement: Acknowledgement): void {
    if (this.isOver) return;
    this.acknowledged[index] = acknowledgement;
    this.count();
  }
  fail(index: number, fault: SendFault): void {
    if (this.isOver) return;
    if (this.fault === null || index < this.fault.index) this.fault = { index, fault };
    this.count();
  }
  /** All that is not acknowledged yet. */
  failAll(fault: SendFault): void {
    if (this.isOver) return;
    this.fault ??= { index: this.acknowledged.indexOf(null), fault };
    this.end();
  }

  private count(): void {
    if (--this.pending === 0) this.end();
  }

  private end(): void {
    this.isOver = true;
    this.over(this);
    if (this.fault === null) return this.resolve(this.acknowledged as Acknowledgement[]);
    const { index, fault } = this.fault;
    const failed = this.acknowledged.filter(each => each === null).length;
    const which = this.acknowledged.length < 2 ? '' : ` (message ${index} of the call; ${failed} of its ${this.acknowledged.length} are not acknowledged)`;
    this.reject(new ERRORS[fault.kind](this.topic, `${fault.message}${which}`, this.acknowledged, { cause: fault.cause }));
  }
}
