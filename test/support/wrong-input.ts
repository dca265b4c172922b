import { Injectable } from '@nestjs/common';
import { type KafkaConfig } from 'kafkajs';
import { type KafkaContext, type KafkaEvent, KafkaHandler, type KafkaManyThreadsOptions } from '../../lib/index.js';
import { type FakeBroker, int16, int32, text } from '../unit/kafkajs/fake-broker.js';
import { testKafka } from './kafka.js';
import { type AppSetup, NestApp, withApp } from './nest-app.js';

@Injectable()
export class Orders {
  readonly seen: unknown[] = [];
  @KafkaHandler('orders')
  handle(value: unknown, _context: KafkaContext): unknown {
    this.seen.push(value);
    return undefined;
  }
}

/** With one attempt to connect, and no line of kafkajs's. */
export function patientOnce(more: Partial<KafkaConfig>): Partial<KafkaManyThreadsOptions> {
  return { client: { ...testKafka(), retry: { retries: 0 }, connectionTimeout: 1000, requestTimeout: 1000, ...more } };
}
export const booting = (options: Partial<KafkaManyThreadsOptions>, consumer: AppSetup['consumer'] = {}): Promise<NestApp> =>
  NestApp.boot({ providers: [Orders], consumer: { groupId: 'shop', ...consumer }, options: { topics: { orders: 'shop-orders' }, ...options } });

export async function refused(boot: Promise<NestApp>): Promise<Error> {
  const outcome = await boot.catch((error: unknown) => error);
  if (outcome instanceof Error) return outcome;
  await (outcome as NestApp).app.close();
  throw new Error('It has booted.');
}
export const errorsOf = ({ logger }: NestApp): string[] => logger.lines.filter((line) => line.startsWith('error'));

/** A reply of the fake broker with one topic of one partition, and itself, at this host, as its leader. */
export function metadataOf(fake: FakeBroker, topic: string, { errorCode = 0, host = '127.0.0.1' } = {}): Buffer {
  const broker = [int32(1), text(host), int32(fake.port), int16(-1)];
  const partitions = errorCode === 0 ? [int32(1), int16(0), int32(0), int32(1), int32(1), int32(1), int32(1), int32(1)] : [int32(0)];
  return Buffer.concat([int32(1), ...broker, int32(1), int32(1), int16(errorCode), text(topic), Buffer.from([0]), ...partitions]);
}

/** The application boots, and its group then fails: what the event and the log say. */
export async function failing(setup: AppSetup): Promise<{ error: unknown; lines: string[] }> {
  return withApp({ providers: [Orders], ...setup, options: { autoStart: false, ...setup.options } }, async (app) => {
    const events: KafkaEvent[] = [];
    app.consumers.events$.subscribe((event) => events.push(event));
    await app.consumers.start();
    await app.until('the group has failed', () => app.consumers.getStats().state === 'failed');
    return { error: events.flatMap((event) => (event.type === 'crashed' ? [event.error] : []))[0], lines: errorsOf(app) };
  });
}
