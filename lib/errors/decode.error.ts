import { messageOf } from '../consumer/error-text.js';

/** The codec could not decode a value. The record is not retried; its bytes are never part of the message. */
export class KafkaDecodeError extends Error {
  override readonly name = 'KafkaDecodeError';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: number,
    codec: string,
    cause: unknown,
  ) {
    super(`${topic}/${partition} offset ${offset}: the value does not decode as ${codec} (${reasonOf(cause)})`, { cause });
  }
}

/** JSON.parse quotes the input from Node 20 on: payloads stay out of logs. */
function reasonOf(cause: unknown): string {
  if (cause instanceof SyntaxError) return cause.message.replace(/,? ?(?:\.\.\.)?".*$/s, '').replace(/ *in JSON$/, '') || 'not valid';
  return messageOf(cause);
}
