import { KafkaTestContext, type KafkaTestContextOptions } from './kafka-test-context.js';

/**
 * A context for unit tests of handlers, without any broker. It does what the one in production does, and tells what the handler
 * did with it.
 *
 * @publicApi
 * @throws TypeError for an attempt, a partition or an offset that no record has
 * @example
 * const context = createKafkaContext({ value: { id: 1 }, topic: 'orders', key: 'ada' });
 * await new OrdersHandler(payments).handle(context.record.value, context);
 * expect(context.sent).toEqual([{ topic: 'paid', key: 'ada', value: '1' }]);
 */
export function createKafkaContext<V>(partial: KafkaTestContextOptions<V>): KafkaTestContext<V> {
  return new KafkaTestContext(partial);
}
