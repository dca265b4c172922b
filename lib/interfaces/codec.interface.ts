import type { KafkaMessage } from 'kafkajs';

/** Built-in codecs: parsed JSON, UTF-8 text, or the bytes as they are. */
export type KafkaCodecName = 'json' | 'string' | 'buffer';

/**
 * Turns the bytes of a record's value into what the handler gets, and back.
 *
 * @example
 * const avro: KafkaCodec = { decode: (message) => registry.decode(message.value), encode: (value) => registry.encode(id, value) };
 */
export interface KafkaCodec {
  /** Never called for a null value, which reaches the handler as null. What it throws is final: the record is not retried. */
  decode(message: KafkaMessage, topic: string): unknown | Promise<unknown>;
  encode(value: unknown, topic: string): Buffer | Promise<Buffer>;
}
