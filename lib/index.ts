export * from './decorators/index.js';
export * from './errors/index.js';
export type * from './interfaces/index.js';
export { KafkaManyThreadsModule } from './kafka-many-threads.module.js';
export { KafkaConsumerService } from './services/kafka-consumer.service.js';
export { KafkaDeadLetterService } from './services/kafka-dead-letter.service.js';
export { KafkaProducerService } from './services/kafka-producer.service.js';
export { KafkaRetryHeaders } from './services/retry-headers.js';
