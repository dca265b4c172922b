/** An application as somebody else writes it; the suite compiles it in a folder of its own, against the packed package. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type KafkaContext, KafkaHandler, KafkaManyThreadsModule, type KafkaManyThreadsOptions } from 'nestjs-kafka-many-threads';
import { createKafkaContext, EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';

interface Order {
  readonly id: number;
}

@Injectable()
class OrdersHandler {
  @KafkaHandler('orders')
  handle(order: Order, { record }: KafkaContext<Order>): void {
    console.log(`handled order ${order.id} of ${record.topic}`);
  }
}

function options(): KafkaManyThreadsOptions {
  const { BROKERS = '', TOPIC = '', GROUP_ID = '' } = process.env;
  return { client: { brokers: BROKERS.split(',') }, topics: { orders: TOPIC }, consumer: { groupId: GROUP_ID, fromBeginning: true, concurrency: 10 } };
}

const kafka = process.env['WIRING'] === 'forRootAsync' ? KafkaManyThreadsModule.forRootAsync({ useFactory: options }) : KafkaManyThreadsModule.forRoot(options());

@Module({ imports: [kafka], providers: [OrdersHandler] })
class AppModule {}

/** What tests of the application would use. */
async function tryTesting(): Promise<string> {
  const kafka = await EmbeddedKafka.start({ topics: [{ name: 'receipts' }] });
  await kafka.produce('receipts', [{ value: 'receipt' }]);
  const [{ value }] = await kafka.whenRecords('receipts');
  await kafka.stop();
  const context = createKafkaContext<Order>({ value: { id: 7 } });
  await context.send('receipts', { value });
  return `${context.sent.length} ${String(value)} of order ${context.record.value.id}`;
}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule);
  app.enableShutdownHooks();
  console.log(`started; tests find ${await tryTesting()}`);
}

void main();
