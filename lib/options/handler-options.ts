import type { HandlerOptions } from '../engine/handler.js';
import type { KafkaHandlerDefaults, KafkaHandlerOptions } from '../interfaces/index.js';
import { merge } from './merge.js';
import { retryPolicy } from './retry-policy.js';

/** A handler's options from the group's, the decorator's and those of `forRoot({ handlers })`, the later winning. */
export function mergeHandlerOptions(
  group: KafkaHandlerDefaults,
  decorator: KafkaHandlerOptions,
  byTopic: KafkaHandlerOptions | undefined,
): KafkaHandlerOptions {
  const { ordering, retry, onExhausted, maxHeldPerPartition, timeoutMs, abortGraceMs, ack, codec } = group;
  return merge<KafkaHandlerOptions>({ ordering, retry, onExhausted, maxHeldPerPartition, timeoutMs, abortGraceMs, ack, codec }, decorator, byTopic);
}

/** Every default applied. */
export function handlerOptions(options: KafkaHandlerOptions, report: (what: string, error: unknown) => void): HandlerOptions {
  const { onExhausted } = options;
  return {
    ordering: options.ordering ?? 'key',
    concurrency: options.concurrency ?? Infinity,
    retry: retryPolicy(options.retry ?? {}, report),
    onExhausted: onExhausted === 'skip' || onExhausted === 'stop' ? onExhausted : 'hold',
    maxHeldPerPartition: options.maxHeldPerPartition ?? 1000,
    timeoutMs: options.timeoutMs ?? null,
    abortGraceMs: options.abortGraceMs ?? 5000,
    ack: options.ack ?? 'auto',
  };
}
