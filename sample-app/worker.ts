import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { KafkaConsumerService, type KafkaConsumerStats } from 'nestjs-kafka-many-threads';
import { AnalyticsModule } from './analytics/analytics.module.js';
import { CommonModule } from './common.module.js';
import { shopKafka } from './kafka.js';
import { OrdersModule } from './orders/orders.module.js';

/** What the worker tells the process that started it, ten times a second. */
export type WorkerReport = readonly KafkaConsumerStats[];

@Module({ imports: [CommonModule, shopKafka(), OrdersModule] })
class OrdersOnly {}

@Module({ imports: [OrdersOnly, AnalyticsModule] })
class Everything {}

/** The shop without HTTP, as a process that the scenarios start, watch and kill: `worker.ts orders | everything`. */
async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(process.argv[2] === 'everything' ? Everything : OrdersOnly, { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  const consumers = app.get(KafkaConsumerService);
  setInterval(() => process.send?.(consumers.getAllStats() satisfies WorkerReport), 100);
  // Whoever started us is gone: nobody would stop us any more.
  process.once('disconnect', () => process.exit(1));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
