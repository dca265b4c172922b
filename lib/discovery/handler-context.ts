import { inspect } from 'node:util';
import type { KafkaMessage } from 'kafkajs';
import type { Delivery } from '../engine/delivery.js';
import type { RecordChunk } from '../engine/record-chunk.js';
import type { KafkaContext, KafkaRecord } from '../interfaces/index.js';
import { LazyRecord } from './lazy-record.js';

/** What does not change from record to record. */
export interface HandlerPlace {
  readonly connection: string;
  readonly groupId: string;
}

export type ContextSend = KafkaContext['send'];

/** Of contexts that no handler gets. */
const sendNothing: ContextSend = async () => {};

/** A record's value; `context` is for codecs that want the whole message. */
export type Decode = (chunk: RecordChunk, index: number, context: HandlerContext) => unknown;

/** The context of one attempt: a view of its delivery. What is not asked for is not computed. */
export class HandlerContext implements KafkaContext {
  readonly attempt: number;
  readonly #delivery: Delivery;
  readonly #place: HandlerPlace;
  readonly #send: ContextSend;
  #value: unknown = null;
  #record: LazyRecord | null = null;
  #signal: AbortSignal | null = null;

  constructor(delivery: Delivery, place: HandlerPlace, send: ContextSend = sendNothing) {
    this.#delivery = delivery;
    this.#place = place;
    this.#send = send;
    this.attempt = delivery.attempt;
  }

  get topic(): string {
    return this.#delivery.topic;
  }
  get raw(): KafkaMessage {
    return this.record.raw;
  }
  get record(): KafkaRecord {
    this.#record ??= new LazyRecord(this.#delivery, () => this.#value);
    return this.#record;
  }
  get origin(): KafkaContext['origin'] {
    const { topic, partition, offset, timestampMs } = this.record;
    return { topic, partition, offset, timestampMs };
  }
  get connection(): string {
    return this.#place.connection;
  }
  get groupId(): string {
    return this.#place.groupId;
  }
  get epoch(): number {
    return this.#delivery.epoch;
  }
  /** Of this attempt: the delivery's own is that of its latest. */
  get signal(): AbortSignal {
    this.#signal ??= this.#delivery.isRunning(this.attempt) ? this.#delivery.signal : AbortSignal.abort(new Error('The attempt is over'));
    return this.#signal;
  }

  decode(decode: Decode): unknown {
    return decode(this.#delivery.chunk, this.#delivery.index, this);
  }
  set value(value: unknown) {
    this.#value = value;
  }

  // Functions of their own, made when they are read: handlers take contexts apart.
  get ack(): KafkaContext['ack'] {
    return () => this.#delivery.ack(this.attempt);
  }
  get nack(): KafkaContext['nack'] {
    return (error: unknown = new Error('The handler called nack()')) => this.#delivery.nack(this.attempt, error);
  }
  get progress(): KafkaContext['progress'] {
    return () => this.#delivery.progress();
  }
  get send(): KafkaContext['send'] {
    return this.#send;
  }

  /** Who prints a context means the record. */
  toJSON(): Pick<KafkaContext, 'record' | 'connection' | 'groupId' | 'epoch' | 'attempt'> {
    const { record, connection, groupId, epoch, attempt } = this;
    return { record, connection, groupId, epoch, attempt };
  }
  [inspect.custom](): ReturnType<HandlerContext['toJSON']> {
    return this.toJSON();
  }
}
