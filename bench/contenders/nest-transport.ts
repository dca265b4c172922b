import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload, Transport } from '@nestjs/microservices';
import { logLevel } from 'kafkajs';
import type { Contender } from './contender.js';

const PARTITIONS = 2;

/** Nest's own Kafka transport. It parses JSON and handles one record of a partition after the other. */
export const nestTransport: Contender = async ({ brokers, groupId, topic }, work) => {
  @Controller()
  class BenchController {
    @EventPattern(topic)
    async handle(@Payload() value: unknown): Promise<void> {
      await work(value);
    }
  }
  @Module({ controllers: [BenchController] })
  class BenchModule {}

  const app = await NestFactory.createMicroservice(BenchModule, {
    logger: ['error'],
    transport: Transport.KAFKA,
    options: {
      client: { clientId: 'bench', brokers: [...brokers], logLevel: logLevel.ERROR },
      consumer: { groupId },
      subscribe: { fromBeginning: true },
      run: { partitionsConsumedConcurrently: PARTITIONS },
    },
  });
  await app.listen();
};
