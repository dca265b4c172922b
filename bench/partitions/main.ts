/** An application that owns many partitions, in a process of its own; the argument is `OwnerSettings` as JSON. Ends with its parent. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { KafkaConsumerService, KafkaHandler, KafkaManyThreadsModule } from '../../lib/index.js';
import type { OwnerReport, OwnerSettings } from './settings.js';

const { brokers, groupId, topics } = JSON.parse(process.argv[2] ?? '{}') as OwnerSettings;
let handled = 0;

@Injectable()
class ManyPartitions {
  @KafkaHandler([...topics])
  handle(): void {
    handled++;
  }
}
@Module({
  imports: [KafkaManyThreadsModule.forRoot({ client: { clientId: 'bench', brokers: [...brokers] }, consumer: { groupId }, codec: 'buffer' })],
  providers: [ManyPartitions],
})
class BenchModule {}

process.once('disconnect', () => process.exit(1));
const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
await app.init();
const consumer = app.get(KafkaConsumerService);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const owned = consumer.getStats(groupId).partitions.filter(({ lag }) => lag !== null).length;
  const report: OwnerReport = { owned, handled, cpuUs: user + system, residentMb: process.memoryUsage.rss() / 2 ** 20 };
  process.send?.(report);
});
