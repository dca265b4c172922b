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

/** Whether a codec decodes asynchronously, with whatever promises. May throw. */
export function isLater(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
