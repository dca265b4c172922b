import { messageOf } from '../consumer/error-text.js';

/** A message that cannot be turned into bytes. Nothing of its call was sent; its value is never part of the message. */
export class KafkaEncodeError extends Error {
  override readonly name = 'KafkaEncodeError';
  constructor(
    readonly topic: string,
    /** Of the message in its call, from 0. */
    readonly index: number,
    what: string,
    cause: unknown,
  ) {
    super(`A message for ${topic} (number ${index} of its call) was not sent: ${what} (${messageOf(cause)})`, { cause });
  }
}
