import { isUtf8 } from 'node:buffer';
import type { KafkaCodec, KafkaCodecName } from '../interfaces/index.js';
import type { Decode } from './handler-context.js';

/** Names a codec in errors and at boot. */
export function codecName(codec: KafkaCodecName | KafkaCodec): string {
  return typeof codec === 'string' ? codec : 'a codec of the application';
}

/** Built-in codecs get the bytes alone; one of the application gets the message, which is built for it. */
export function decoderOf(codec: KafkaCodecName | KafkaCodec): Decode {
  switch (codec) {
    case 'json':
      return (bytes) => JSON.parse(textOf(bytes)) as unknown;
    case 'string':
      return textOf;
    case 'buffer':
      return (bytes) => bytes;
    default:
      return (_, context) => codec.decode(context.raw, context.topic);
  }
}

/** Whether a codec decodes asynchronously, with whatever promises. May throw. */
export function isLater(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Bytes that are no UTF-8 would become other text without anybody noticing. */
function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new TypeError('the bytes are not UTF-8');
  return bytes.toString('utf8');
}
