import type { KafkaCodec, KafkaCodecName } from '../interfaces/index.js';
import type { Decode } from './handler-context.js';

/** Names a codec in errors and at boot. */
export function codecName(codec: KafkaCodecName | KafkaCodec): string {
  return typeof codec === 'string' ? codec : 'a codec of the application';
}

/** A tombstone is null, and reaches no codec. One of the application gets the message, which is built for it. */
export function decoderOf(codec: KafkaCodecName | KafkaCodec): Decode {
  switch (codec) {
    case 'json':
      return (chunk, index) => {
        const text = chunk.text(index);
        return text === null ? null : (JSON.parse(text) as unknown);
      };
    case 'string':
      return (chunk, index) => chunk.text(index);
    case 'buffer':
      return (chunk, index) => chunk.value(index);
    default:
      return (chunk, index, context) => (chunk.value(index) === null ? null : codec.decode(context.raw, context.topic));
  }
}

/** A value to bytes; null never gets here. */
export type Encode = (value: unknown, topic: string) => Buffer | Promise<Buffer>;

export function encoderOf(codec: KafkaCodecName | KafkaCodec): Encode {
  switch (codec) {
    case 'json':
      return (value) => Buffer.from(jsonOf(value));
    case 'string':
      return (value) => Buffer.from(expectString(value));
    case 'buffer':
      return bytesOf;
    default:
      return (value, topic) => {
        const encoded: unknown = codec.encode(value, topic);
        return isLater(encoded) ? Promise.resolve(encoded).then(bytesOf) : bytesOf(encoded);
      };
  }
}

function jsonOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError(`${typeof value} is nothing in JSON`);
  return json;
}

function expectString(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`expected a string, found ${typeof value}`);
  return value;
}

function bytesOf(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (!(value instanceof Uint8Array)) throw new TypeError(`expected a Buffer, found ${typeof value}`);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** Whether a codec decodes asynchronously, with whatever promises. May throw. */
export function isLater(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
