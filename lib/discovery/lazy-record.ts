import { inspect } from 'node:util';
import type { KafkaMessage } from 'kafkajs';
import type { Delivery } from '../engine/delivery.js';
import type { RecordChunk, RecordHeaders } from '../engine/record-chunk.js';
import type { KafkaRecord } from '../interfaces/index.js';

/**
 * A record that reads its bytes when it is asked. What it holds besides is private to the language, not only to the types: a
 * record that somebody prints or serializes shows itself, and not the fetch that it came with.
 */
export class LazyRecord implements KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** As of now: the delivery lets go of the chunk when the record is the last of it. */
  readonly #chunk: RecordChunk;
  readonly #index: number;
  readonly #readValue: () => unknown;
  #raw: KafkaMessage | null = null;
  #headers: KafkaRecord['headers'] | null = null;

  constructor(delivery: Delivery, readValue: () => unknown) {
    this.topic = delivery.topic;
    this.partition = delivery.partition;
    this.offset = String(delivery.offset);
    this.#chunk = delivery.chunk;
    this.#index = delivery.index;
    this.#readValue = readValue;
  }

  get value(): unknown {
    return this.#readValue();
  }
  get key(): string | null {
    return this.#chunk.key(this.#index)?.toString('utf8') ?? null;
  }
  get timestampMs(): number {
    return this.#chunk.timestampMs(this.#index);
  }
  get headers(): KafkaRecord['headers'] {
    this.#headers ??= textHeaders(this.#chunk.headers(this.#index));
    return this.#headers;
  }
  get raw(): KafkaMessage {
    this.#raw ??= {
      key: this.#chunk.key(this.#index),
      value: this.#chunk.value(this.#index),
      timestamp: String(this.timestampMs),
      attributes: this.#chunk.attributes(this.#index),
      offset: this.offset,
      headers: this.#chunk.headers(this.#index),
    };
    return this.#raw;
  }

  toJSON(): Omit<KafkaRecord, 'raw'> {
    const { topic, partition, offset, key, value, headers, timestampMs } = this;
    return { topic, partition, offset, key, value, headers, timestampMs };
  }
  [inspect.custom](): Omit<KafkaRecord, 'raw'> {
    return this.toJSON();
  }
}

/** Names come from other processes: `__proto__` is one like any other. */
function textHeaders(headers: RecordHeaders): KafkaRecord['headers'] {
  const texts: [string, string | string[]][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) texts.push([name, Array.isArray(value) ? value.map(String) : String(value)]);
  }
  return Object.fromEntries(texts);
}
