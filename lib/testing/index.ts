export { createKafkaContext } from './create-kafka-context.js';
export { EmbeddedKafka } from './embedded-kafka.js';
