export { OnKafkaEvent, OnPartitionsAssigned, OnPartitionsRevoked } from './hooks.decorator.js';
export { getKafkaToken, InjectKafka } from './inject-kafka.decorator.js';
export { isKafkaContext } from './is-kafka-context.js';
export { KafkaHandler } from './kafka-handler.decorator.js';
export { KafkaCtx, KafkaHeader, KafkaKey, KafkaValue } from './parameters.decorator.js';
