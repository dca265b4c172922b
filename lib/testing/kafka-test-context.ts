import type { IHeaders, KafkaMessage, Message, RecordMetadata } from 'kafkajs';
import { encoderOf } from '../discovery/codecs.js';
import type { KafkaContext, KafkaRecord } from '../interfaces/index.js';
import { rawRecords } from '../runner/outgoing-records.js';

export interface KafkaTestContextOptions<V> {
  /** As the codec would have decoded it. `record.raw` has it as JSON, or as it is where it is a Buffer. */
  value: V;
  /** @default 'test' */
  topic?: string;
  /** @default null */
  key?: string | null;
  headers?: Record<string, string | string[]>;
  /** From 1. @default 1 */
  attempt?: number;
  /** @default 0 */
  partition?: number;
  /** @default '0' */
  offset?: string;
  /** Milliseconds since 1970. @default now */
  timestampMs?: number;
  /** @default 'default' */
  connection?: string;
  /** @default 'test' */
  groupId?: string;
  /** @default 1 */
  epoch?: number;
  /** As the handler has it: under 'manual' nothing counts after an `ack()`, under 'auto' a later `nack()` still does. @default 'auto' */
  ack?: 'auto' | 'manual';
}

/** A message with the topic that it was sent to. */
export type SentMessage = Message & { topic: string };

/** What `createKafkaContext` makes: a context, what the handler has done with it, and what happens to it from outside. */
export class KafkaTestContext<V = unknown> implements KafkaContext<V> {
  readonly record: KafkaRecord<V>;
  readonly origin: KafkaContext['origin'];
  readonly connection: string;
  readonly groupId: string;
  readonly epoch: number;
  readonly attempt: number;
  /** Messages that `send` has taken, in their order. */
  readonly sent: SentMessage[] = [];
  readonly #mode: 'auto' | 'manual';
  readonly #controller = new AbortController();
  readonly #offsets = new Map<string, number>();
  #isAcked = false;
  #rejection: { readonly error: unknown } | null = null;
  #signsOfLife = 0;

  constructor(options: KafkaTestContextOptions<V>) {
    const { connection = 'default', groupId = 'test', epoch = 1, attempt = 1, ack = 'auto' } = options;
    expectWhole('attempt', attempt, 1);
    this.record = recordOf(options);
    const { topic, partition, offset, timestampMs } = this.record;
    this.origin = { topic, partition, offset, timestampMs };
    this.connection = connection;
    this.groupId = groupId;
    this.epoch = epoch;
    this.attempt = attempt;
    this.#mode = ack;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  /** Aborts the signal, as a timeout does, a stop past its deadline, and a partition that is given up. */
  abort(reason: unknown = new Error('The test has aborted the attempt')): void {
    this.#controller.abort(reason);
  }

  /** `ack()` was called, and not after a `nack()`. */
  get acked(): boolean {
    return this.#isAcked;
  }
  /** The first `nack()` that counts, with its error. */
  get nacked(): { readonly error: unknown } | null {
    return this.#rejection;
  }
  /** Calls of `progress()`. */
  get progressCount(): number {
    return this.#signsOfLife;
  }

  // Functions of their own: handlers take contexts apart.
  readonly ack = (): void => {
    if (this.#rejection === null) this.#isAcked = true;
  };
  readonly nack = (error: unknown = new Error('The handler called nack()')): void => {
    const isOver = this.#mode === 'manual' && this.#isAcked;
    if (!isOver) this.#rejection ??= { error };
  };
  readonly progress = (): void => {
    this.#signsOfLife++;
  };
  /** Acknowledged at once, in partition 0 unless a message names another. @throws KafkaEncodeError for what could not be sent in production */
  readonly send = async (topic: string, messages: Message | Message[]): Promise<RecordMetadata[]> => {
    const list = Array.isArray(messages) ? messages : [messages];
    const records = rawRecords(topic, list);
    this.sent.push(...list.map((message) => ({ topic, ...message })));
    return records.map(({ wanted = 0 }) => this.#acknowledge(topic, wanted));
  };

  #acknowledge(topicName: string, partition: number): RecordMetadata {
    const place = `${topicName}/${partition}`;
    const next = this.#offsets.get(place) ?? 0;
    this.#offsets.set(place, next + 1);
    const offset = String(next);
    return { topicName, partition, errorCode: 0, offset, baseOffset: offset, logAppendTime: '-1', logStartOffset: '0' };
  }
}

function recordOf<V>({ value, topic = 'test', key = null, headers = {}, partition = 0, offset = '0', timestampMs = Date.now() }: KafkaTestContextOptions<V>): KafkaRecord<V> {
  expectWhole('partition', partition, 0);
  expectWhole('offset', Number(offset), 0);
  let raw: KafkaMessage | null = null;
  return {
    topic, partition, offset, key, value, headers, timestampMs,
    /** Made when it is read: not every value is something in JSON. */
    get raw(): KafkaMessage {
      raw ??= { key: key === null ? null : Buffer.from(key), value: bytesOf(value, topic), timestamp: String(timestampMs), attributes: 0, offset, headers: rawHeaders(headers) };
      return raw;
    },
  };
}

const toJson = encoderOf('json');

function bytesOf(value: unknown, topic: string): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) return value;
  return toJson(value, topic) as Buffer;
}

function rawHeaders(headers: KafkaRecord['headers']): IHeaders {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.map((each) => Buffer.from(each)) : Buffer.from(value)]));
}

function expectWhole(name: string, value: number, lowest: number): void {
  if (!Number.isSafeInteger(value) || value < lowest) throw new TypeError(`createKafkaContext: ${name} is ${value}, and must be a whole number from ${lowest} on.`);
}
