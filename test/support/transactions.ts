import { Kafka, type Message } from 'kafkajs';
import { testKafka, unique } from './kafka.js';

export interface TestTransaction {
  send(topic: string, messages: readonly Message[], partition?: number): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Transactional producers of a test, each with an id of its own: transactions that overlap need several. */
export class Transactions {
  private readonly producers: { disconnect(): Promise<void> }[] = [];

  async begin(): Promise<TestTransaction> {
    const producer = new Kafka(testKafka()).producer({ transactionalId: unique('tx'), idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    this.producers.push(producer);
    const transaction = await producer.transaction();
    return {
      send: async (topic, messages, partition = 0) => void (await transaction.send({ topic, messages: messages.map((message) => ({ ...message, partition })) })),
      commit: () => transaction.commit(),
      abort: () => transaction.abort(),
    };
  }
  async disconnect(): Promise<void> {
    await Promise.all(this.producers.splice(0).map((producer) => producer.disconnect()));
  }
}
