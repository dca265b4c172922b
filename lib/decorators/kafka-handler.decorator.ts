import { types } from 'node:util';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import type { KafkaHandlerOptions } from '../interfaces/index.js';
import { MethodMetadata } from './metadata.js';
import { bindByPosition } from './parameters.decorator.js';

export interface HandlerDeclaration {
  readonly topics: readonly (string | RegExp)[];
  readonly options: KafkaHandlerOptions;
}

export const handlerMetadata = new MethodMetadata<HandlerDeclaration>('handler');

/**
 * Runs the method for each record of the topic, or topics. Without parameter decorators it gets `(value, context)`, and the
 * value is validated and transformed by pipes as `@KafkaValue()` is. A method that throws, rejects or answers `false` has failed.
 * An Observable counts as done when it completes. Several decorators on one method are several handlers.
 *
 * A RegExp is matched against the names of the cluster's topics, those that are created later included, and never against Kafka's own
 * (`__*`). A topic that two handlers of a group would read, by name or by pattern, fails at boot.
 *
 * @throws KafkaConfigurationError on a static method, or without a topic.
 * @example
 * @KafkaHandler('orders', { concurrency: 20, retry: { retries: 5 } })
 * async charge(order: Order, context: KafkaContext<Order>): Promise<void> { ... }
 */
export function KafkaHandler(topic: string | RegExp | (string | RegExp)[], options: KafkaHandlerOptions = {}): MethodDecorator {
  return (target, method) => {
    const where = `@KafkaHandler on ${nameOf(target, method)}`;
    if (typeof target === 'function') throw new KafkaConfigurationError(where, 'the method is static, and Nest has no instance to call it on.');
    const topics = Array.isArray(topic) ? topic : [topic];
    requireTopics(topics, where);
    bindByPosition(target, method);
    handlerMetadata.add(target, method, { topics, options });
  };
}

function requireTopics(topics: readonly unknown[], where: string): void {
  const expected = 'expected the name of a topic, or a RegExp';
  if (topics.length === 0) throw new KafkaConfigurationError(where, `${expected}, found nothing.`);
  for (const topic of topics) {
    if (types.isRegExp(topic) || (typeof topic === 'string' && topic !== '')) continue;
    // What an import cycle makes of a constant.
    const hint = topic === undefined ? ' Does the file that exports it import this one?' : '';
    throw new KafkaConfigurationError(where, `${expected}, found ${topic === '' ? "''" : String(topic)}.${hint}`);
  }
}

function nameOf(target: object, method: string | symbol): string {
  const type = typeof target === 'function' ? target : target.constructor;
  return `${type.name}.${String(method)}`;
}
