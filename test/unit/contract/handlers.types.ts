/** Checked by `npm run typecheck` alone: what handlers, hooks and services give to an application, and take from it. */
import type { PipeTransform } from '@nestjs/common';
import type { Kafka, RecordMetadata } from 'kafkajs';
import type { Observable } from 'rxjs';
import {
  InjectKafka, KafkaBatchException, type KafkaConsumerService, type KafkaConsumerStats, type KafkaContext, KafkaCtx, KafkaDeadLetterException,
  type KafkaDeadLetterService, type KafkaEvent, type KafkaEventOf, KafkaHandler, KafkaHeader, KafkaKey, type KafkaLag, type KafkaPartitions, type KafkaPartitionStats,
  type KafkaProducerService, type KafkaRecord, KafkaRetryException, KafkaSkipException, KafkaValue, OnKafkaEvent, OnPartitionsAssigned, OnPartitionsRevoked,
} from 'nestjs-kafka-many-threads';
import type { KafkaHealthIndicator } from 'nestjs-kafka-many-threads/terminus';
import type { createKafkaContext, EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import type { Equal, Expect } from './expect-type.js';

interface Order {
  readonly id: number;
}
declare const pipe: PipeTransform;

export class Handlers {
  constructor(@InjectKafka() readonly kafka: Kafka, @InjectKafka('second') readonly second: Kafka) {}

  @KafkaHandler('orders')
  async one({ id }: Order, { signal, attempt, origin, send }: KafkaContext<Order>): Promise<void> {
    signal.throwIfAborted();
    if (attempt > 2) throw new KafkaRetryException(new Error('again'), 100);
    await send('paid', { value: `${id} of ${origin.topic}` });
  }

  @KafkaHandler('orders')
  parameters(@KafkaValue('id', pipe) _id: number, @KafkaKey() _key: string, @KafkaHeader('trace') _trace: string, @KafkaCtx() context: KafkaContext<Order>): boolean {
    if (context.record.key === null) throw new KafkaSkipException('no key');
    throw new KafkaDeadLetterException();
  }

  @KafkaHandler('orders', { batch: { size: 10 } })
  batch(_orders: Order[], _contexts: KafkaContext<Order>[]): never {
    throw new KafkaBatchException([{ index: 0, error: 'why' }]);
  }

  @OnPartitionsAssigned()
  assigned({ partitions, reason }: KafkaPartitions): string[] {
    return partitions.map(({ topic, partition, epoch, offset }) => `${topic}/${partition} ${epoch} ${offset} ${reason}`);
  }

  @OnPartitionsRevoked('analytics')
  async revoked(_: KafkaPartitions): Promise<void> {}

  @OnKafkaEvent('processed')
  processed({ record, durationMs }: KafkaEventOf<'processed'>): string {
    return `${record.offset} ${durationMs}`;
  }
}

type Awaits<T extends (...args: never[]) => unknown> = Awaited<ReturnType<T>>;
export type Checks = [
  Expect<Equal<KafkaRecord<Order>['value'], Order>>,
  Expect<Equal<KafkaRecord['offset'], string>>,
  Expect<Equal<KafkaContext<Order>['record'], KafkaRecord<Order>>>,
  Expect<Equal<KafkaEventOf<'committed'>['offsets'], { topic: string; partition: number; offset: number }[]>>,
  Expect<
    Equal<
      KafkaEvent['type'],
      'assigned' | 'revoked' | 'lost' | 'processed' | 'failed' | 'retried' | 'dead-lettered' | 'skipped' | 'held' | 'abandoned' | 'committed' | 'paused' | 'resumed' | 'crashed'
    >
  >,
  Expect<Equal<KafkaConsumerService['events$'], Observable<KafkaEvent>>>,
  Expect<Equal<Awaits<KafkaConsumerService['getLag']>, KafkaLag[]>>,
  Expect<Equal<Awaits<KafkaConsumerService['drain']>, { completed: number; abandoned: number }>>,
  Expect<Equal<KafkaConsumerStats['partitions'], KafkaPartitionStats[]>>,
  Expect<Equal<KafkaConsumerStats['state'], 'stopped' | 'starting' | 'running' | 'rebalancing' | 'draining' | 'failed'>>,
  Expect<Equal<Awaits<KafkaProducerService['send']>, RecordMetadata[]>>,
  Expect<Equal<ReturnType<KafkaDeadLetterService['list']>, AsyncIterable<KafkaRecord<Buffer | null>>>>,
  Expect<ReturnType<typeof createKafkaContext<Order>> extends KafkaContext<Order> ? true : false>,
  Expect<Equal<EmbeddedKafka['brokers'], string[]>>,
];

export async function health(kafka: KafkaHealthIndicator): Promise<('up' | 'down')[]> {
  const started = kafka.isStarted('kafka');
  const live = kafka.isLive('kafka', { groups: ['shop'], stuckMs: 60_000, stalledMs: 60_000 });
  const ready = await kafka.isReady('kafka', { connection: 'second', maxLag: 10_000 });
  return [started.kafka.status, live.kafka.status, ready.kafka.status];
}
