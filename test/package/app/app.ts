/** An application as somebody else writes it; the suite compiles it in a folder of its own, against the packed package. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type KafkaContext, KafkaHandler, KafkaManyThreadsModule, type KafkaManyThreadsOptions } from 'nestjs-kafka-many-threads';
import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';

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

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule);
  app.enableShutdownHooks();
  console.log(`started, with ${EmbeddedKafka.name} at hand`);
}

void main();
