/** In a guard, an interceptor or a filter: it runs around a Kafka handler, and `getArgs()` is `[value, context]`. */
export const isKafkaContext = (context: { getType(): string }): boolean => context.getType() === 'kafka';
