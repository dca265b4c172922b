import { AsyncResource } from 'node:async_hooks';
import type { Delivery } from '../engine/delivery.js';
import type { Verdict } from '../engine/failure-policy.js';
import type { Handler } from '../engine/handler.js';
import { KafkaDecodeError } from '../errors/decode.error.js';
import { KafkaDeadLetterException, KafkaRetryException, KafkaSkipException } from '../errors/record-fate.exceptions.js';
import { isDelay } from '../options/retry-policy.js';
import { isLater } from './codecs.js';
import { type ContextSend, type Decode, HandlerContext, type HandlerPlace } from './handler-context.js';
import type { HandlerCall } from './handler-call.js';

export interface Invocation {
  readonly place: HandlerPlace;
  readonly send: ContextSend;
  readonly decode: Decode;
  /** For errors. */
  readonly codec: string;
  readonly call: HandlerCall;
}

/**
 * Runs one attempt: decode, then call. Each in an async context of its own, so that a handler which calls `enterWith`
 * (continuation-local storage does) leaves nothing behind for the next record. A shared context would: on Node 20 `enterWith`
 * changes the resource that it runs in.
 */
export function invocation({ place, send, decode, codec, call }: Invocation): Handler['invoke'] {
  const fail = ({ topic, partition, offset }: Delivery, error: unknown): never => {
    throw new KafkaDecodeError(topic, partition, offset, codec, error);
  };
  const run = (delivery: Delivery): unknown => {
    const context = new HandlerContext(delivery, place, send);
    let value: unknown;
    let decodesLater: boolean;
    try {
      value = context.decode(decode);
      decodesLater = isLater(value);
    } catch (error) {
      return fail(delivery, error);
    }
    if (decodesLater) return callLater(value, delivery, context);
    context.value = value;
    return call(value, context);
  };
  const callLater = async (decoding: unknown, delivery: Delivery, context: HandlerContext): Promise<unknown> => {
    let value: unknown;
    try {
      value = await decoding;
    } catch (error) {
      fail(delivery, error);
    }
    context.value = value;
    return call(value, context);
  };
  return (delivery) => new AsyncResource('KafkaRecord').runInAsyncScope(run, undefined, delivery);
}

/** What a handler's error asks for. */
export function classify(error: unknown): Verdict {
  if (error instanceof KafkaSkipException) return { kind: 'skip', error };
  if (error instanceof KafkaRetryException) return { kind: 'retry', error, delayMs: isDelay(error.delayMs) ? error.delayMs : undefined };
  if (error instanceof KafkaDeadLetterException || error instanceof KafkaDecodeError) return { kind: 'exhausted', error };
  return { kind: 'failed', error };
}
