export type { KafkaCodec, KafkaCodecName } from './codec.interface.js';
export type {
  KafkaCheckpoint,
  KafkaCheckpointStore,
  KafkaCommitOptions,
  KafkaConsumerOptions,
  KafkaPreset,
  KafkaRebalanceOptions,
} from './consumer-options.interface.js';
export type { KafkaEvent, KafkaEventOf } from './events.interface.js';
export type { KafkaHandlerDefaults, KafkaHandlerOptions, KafkaOrdering, KafkaRetryOptions, KafkaThreadInfo } from './handler-options.interface.js';
export type { KafkaManyThreadsAsyncOptions, KafkaManyThreadsOptions, KafkaManyThreadsOptionsFactory } from './module-options.interface.js';
export type { KafkaDeadLetterFilter, KafkaOutgoing, KafkaProducerOptions, KafkaSendOptions } from './producer.interface.js';
export type { KafkaContext, KafkaPartitions, KafkaRecord } from './record.interface.js';
export type { KafkaConsumerStats, KafkaFinding, KafkaLag, KafkaPartitionStats } from './stats.interface.js';
