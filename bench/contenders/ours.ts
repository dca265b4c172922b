import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { KafkaHandler, KafkaManyThreadsModule } from '../../lib/index.js';
import type { KafkaCodecName } from '../../lib/interfaces/index.js';
import type { RunSettings } from '../run-settings.js';
import type { Contender } from './contender.js';
import type { Work } from './work.js';

/** This library as an application uses it: a Nest application with one handler. */
export const ours: Contender = (settings, work) => consume(settings, work, 'buffer');
export const oursJson: Contender = (settings, work) => consume(settings, work, 'json');

async function consume({ brokers, groupId, topic, concurrency }: RunSettings, work: Work, codec: KafkaCodecName): Promise<void> {
  @Injectable()
  class BenchHandler {
    @KafkaHandler(topic)
    handle(value: unknown): unknown {
      return work(value);
    }
  }
  @Module({
    imports: [
      KafkaManyThreadsModule.forRoot({
        client: { clientId: 'bench', brokers: [...brokers] },
        consumer: { groupId, concurrency, fromBeginning: true },
        codec,
      }),
    ],
    providers: [BenchHandler],
  })
  class BenchModule {}

  const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
  await app.init();
}
