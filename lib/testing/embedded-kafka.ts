import type { Admin, IHeaders, Message } from 'kafkajs';
import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';

/** Not built yet: `start()` rejects. */
export class EmbeddedKafka {
  readonly brokers: string[] = [];

  static start(_options?: { topics?: { name: string; partitions?: number }[]; brokers?: number; autoCreateTopics?: boolean; port?: number }): Promise<EmbeddedKafka> {
    return Promise.reject(new KafkaNotImplementedError('EmbeddedKafka'));
  }

  createTopic(_name: string, _partitions?: number): Promise<void> {
    return refuse();
  }
  produce(_topic: string, _messages: (Message & { partition?: number })[]): Promise<void> {
    return refuse();
  }
  records(_topic: string): { partition: number; offset: number; key: Buffer | null; value: Buffer | null; headers: IHeaders; timestampMs: number }[] {
    throw new KafkaNotImplementedError('EmbeddedKafka');
  }
  committed(_groupId: string, _topic: string): { partition: number; offset: number; metadata: string }[] {
    throw new KafkaNotImplementedError('EmbeddedKafka');
  }
  inject(_fault: { api?: string; error?: number; delayMs?: number; drop?: boolean; times?: number }): { clear(): void } {
    throw new KafkaNotImplementedError('EmbeddedKafka');
  }
  admin(): Admin {
    throw new KafkaNotImplementedError('EmbeddedKafka');
  }
  stop(): Promise<void> {
    return refuse();
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new KafkaNotImplementedError('EmbeddedKafka'));
}
