import type { DynamicModule } from '@nestjs/common';
import { type KafkaConsumerOptions, KafkaManyThreadsModule, type KafkaManyThreadsOptions } from 'nestjs-kafka-many-threads';
import { ANALYTICS_GROUP } from './analytics/analytics.handler.js';
import { Settings } from './settings.js';

/** The consumer groups of the shop; `forRoot({ ... })` takes the same object where nothing has to be injected. */
export function shopKafka(): DynamicModule {
  return KafkaManyThreadsModule.forRootAsync({ inject: [Settings], useFactory: kafkaOptions });
}

function kafkaOptions(settings: Settings): KafkaManyThreadsOptions {
  const { brokers, groupId, preset, concurrency, commitIntervalMs, sessionTimeoutMs } = settings;
  const common: Omit<KafkaConsumerOptions, 'groupId'> = {
    fromBeginning: true,
    ...(commitIntervalMs !== undefined && { commit: { intervalMs: commitIntervalMs } }),
    ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs, heartbeatIntervalMs: Math.floor(sessionTimeoutMs / 10) }),
  };
  return {
    client: { clientId: 'shop', brokers },
    topics: { orders: settings.ordersTopic, returns: settings.returnsTopic },
    consumer: { groupId, preset, ...common, ...(concurrency !== undefined && { concurrency }) },
    groups: [{ groupId: ANALYTICS_GROUP, ...common }],
    shutdownTimeoutMs: 10_000,
  };
}
