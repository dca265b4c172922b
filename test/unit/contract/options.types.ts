/** Checked by `npm run typecheck` alone: what an application may write in its configuration, and what it may not. */
import type { Kafka } from 'kafkajs';
import {
  type KafkaConsumerOptions, type KafkaHandlerOptions, KafkaHandler, KafkaManyThreadsModule, type KafkaManyThreadsOptions, type KafkaManyThreadsOptionsFactory,
  type KafkaOrdering, type KafkaPreset, type KafkaRetryOptions,
} from 'nestjs-kafka-many-threads';
import type { Equal, Expect } from './expect-type.js';

declare const kafka: Kafka;

export const least: KafkaManyThreadsOptions = { client: { brokers: ['localhost:9092'] }, consumer: { groupId: 'shop' } };

export const most: KafkaManyThreadsOptions = {
  name: 'second',
  client: () => kafka,
  consumer: {
    groupId: 'shop',
    preset: 'reliable',
    concurrency: { min: 10, max: 100, targetLatencyMs: 200 },
    ordering: 'partition',
    retry: { retries: Infinity, via: 'in-place', backoff: { initialMs: 100, factor: 2, maxMs: 30_000, jitter: true }, retryable: (error: unknown) => error instanceof TypeError },
    onExhausted: 'skip',
    deadLetter: (record) => `${record.topic}.dlq`,
    buffer: { recordsPerPartition: 100, bytes: 1_000_000 },
    commit: { strategy: 'immediate', intervalMs: 100 },
    rebalance: { protocol: 'eager', assignment: 'sticky', drainTimeoutMs: 1_000 },
    fetch: { maxWaitMs: 100 },
    kafkajs: { rackId: 'a' },
  },
  groups: [{ groupId: 'analytics' }],
  topics: { orders: 'prod.orders.v2' },
  handlers: { orders: { concurrency: 5 } },
  producer: false,
  codec: { decode: (message) => message.value?.toString(), encode: (value) => Buffer.from(String(value)) },
  createTopics: { partitions: 6 },
  globalEnhancers: { pipes: true, guards: false },
};

class Factory implements KafkaManyThreadsOptionsFactory {
  createKafkaManyThreadsOptions(): KafkaManyThreadsOptions {
    return least;
  }
}
export const wirings = [
  KafkaManyThreadsModule.forRoot(least),
  KafkaManyThreadsModule.forRootAsync({ useFactory: (groupId: string) => ({ ...least, consumer: { groupId } }), inject: ['GROUP_ID'] }),
  KafkaManyThreadsModule.forRootAsync({ useFactory: async () => most, name: 'second' }),
  KafkaManyThreadsModule.forRootAsync({ useClass: Factory }),
  KafkaManyThreadsModule.forRootAsync({ useExisting: Factory }),
];

export const decorators: MethodDecorator[] = [
  KafkaHandler('orders'),
  KafkaHandler(/^orders\./, { groupId: 'analytics', concurrency: 3, timeoutMs: 1_000, ack: 'manual' }),
  KafkaHandler(['orders', /^returns/], { batch: { size: 100, maxWaitMs: 50 } }),
];

// @ts-expect-error a client is needed
export const withoutClient: KafkaManyThreadsOptions = { consumer: { groupId: 'shop' } };
// @ts-expect-error a group has a name
export const withoutGroup: KafkaConsumerOptions = { concurrency: 3 };
// @ts-expect-error there is no such order
export const wrongOrder: KafkaHandlerOptions = { ordering: 'topic' };
// @ts-expect-error the module sets it itself
export const ownedByUs: KafkaConsumerOptions = { groupId: 'shop', kafkajs: { sessionTimeout: 3 } };
// @ts-expect-error batches belong to the handler, which takes an array then
export const wrongPlace: KafkaManyThreadsOptions = { ...least, handlers: { orders: { batch: { size: 3 } } } };

export type Checks = [
  Expect<Equal<KafkaOrdering, 'key' | 'partition' | 'none'>>,
  Expect<Equal<KafkaPreset, 'balanced' | 'highThroughput' | 'lowLatency' | 'reliable' | 'streamProcessing' | 'strictOrder' | 'transactional' | 'crossDatacenter' | 'oneAtATime'>>,
  Expect<Equal<KafkaHandlerOptions['onExhausted'], 'dead-letter' | 'skip' | 'hold' | 'stop' | undefined>>,
  Expect<Equal<KafkaRetryOptions['retries'], number | undefined>>,
];
