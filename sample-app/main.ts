import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { Settings } from './settings.js';
import { kafkaOf } from './stage/kafka-of.js';
import { createTopics } from './stage/topics.js';
import { Till } from './till.service.js';

/**
 * `npm start`: the shop on http://127.0.0.1:3000, with an embedded broker unless KAFKA_BROKERS names a Kafka. PORT and
 * ORDERS_PER_SECOND change what they say; 0 orders a second leaves the shop to `POST /orders`.
 */
async function main(): Promise<void> {
  const log = new Logger('Shop');
  const port = wholeNumber('PORT', 3000);
  const ordersPerSecond = wholeNumber('ORDERS_PER_SECOND', 50);
  const kafka = await kafkaOf(process.env['KAFKA_BROKERS'], (line) => log.log(line));
  process.env['KAFKA_BROKERS'] = kafka.brokers.join(',');
  const { ordersTopic, returnsTopic, groupId } = new Settings();
  await createTopics(kafka.brokers, { [ordersTopic]: 2, [returnsTopic]: 2 });

  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(port, '127.0.0.1').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken: choose another one with PORT=...`) : error;
  });
  if (ordersPerSecond > 0) app.get(Till).startTraffic(ordersPerSecond, (error) => log.error(error));
  const url = await app.getUrl();
  log.log(`Health: ${url}/health/started, /health/live and /health/ready; lag: ${url}/groups/${groupId}/lag`);
  log.log(`${ordersPerSecond} orders a second; watch them at ${url}/stats, Ctrl-C ends it`);
  log.log(`Pause: curl -X POST ${url}/groups/${groupId}/pause, and /resume`);
  log.log(`One more order: curl -H 'content-type: application/json' -d '{"customer":"ada","amount":10}' ${url}/orders`);
}

function wholeNumber(name: string, otherwise: number): number {
  const value = process.env[name] ?? String(otherwise);
  if (!/^\d+$/.test(value)) throw new Error(`${name}=${value}: expected a whole number.`);
  return Number(value);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
