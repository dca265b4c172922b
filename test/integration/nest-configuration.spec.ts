import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type LoggerService, Module, type OnApplicationBootstrap, type PipeTransform, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { logLevel } from 'kafkajs';
import { type KafkaCodec, type KafkaContext, type KafkaEventOf, KafkaHandler, KafkaManyThreadsModule, KafkaValue, OnKafkaEvent } from '../../lib/index.js';
import { committedOffset } from '../support/group-under-test.js';
import { createTopic, eventually, produce, testBrokers, unique } from '../support/kafka.js';
import { LinesLogger, quickGroup, testOptions, withApp } from '../support/nest-app.js';

const records = (...values: unknown[]): { value: string }[] => values.map((value) => ({ value: JSON.stringify(value) }));

describe('values of a type', () => {
  class Order {
    declare amount: number;
  }
  /** Stands for class-validator and class-transformer, which ValidationPipe loads; what it checks, and when, is Nest's own. */
  const validating = (): PipeTransform =>
    new ValidationPipe({
      transform: true,
      validatorPackage: { validate: async (order: object) => (order instanceof Order && order.amount > 0 ? [] : [{ property: 'amount', constraints: { min: 'amount must be positive' } }]) },
      transformerPackage: { plainToInstance: (type: new () => object, value: object) => Object.assign(new type(), value), instanceToPlain: (value: object) => value } as never,
    });

  it("are validated and transformed by Nest's ValidationPipe, decorated or not; what fails does not loop, and the log has the reason", async () => {
    const [topic, second] = [await createTopic('orders'), unique('second')];
    await produce(topic, 0, records({ amount: 5 }, { amount: -5 }));
    const seen: unknown[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler('orders', { retry: { retries: 1, backoff: 1 } })
      plain(order: Order): void {
        seen.push(['plain', order instanceof Order, order.amount]);
      }
      @KafkaHandler('orders', { groupId: second, retry: { retries: 0 } })
      decorated(@KafkaValue() order: Order): void {
        seen.push(['decorated', order instanceof Order, order.amount]);
      }
    }
    const options = { topics: { orders: topic }, groups: [quickGroup(second)] };
    await withApp({ providers: [Handlers, { provide: APP_PIPE, useFactory: validating }], options }, async (app) => {
      await app.until('the bad one is held in both groups', () => app.consumers.getAllStats().every(({ heldCount, processedCount }) => heldCount === 1 && processedCount === 1));
      expect(seen).toEqual(expect.arrayContaining([['plain', true, 5], ['decorated', true, 5]]));
      expect(app.consumers.getAllStats().map(({ failedCount }) => failedCount)).toEqual([2, 1]);
      expect(app.logger.lines.filter((line) => line.startsWith('error'))).toEqual([
        expect.stringContaining('amount must be positive') as unknown,
        expect.stringContaining('amount must be positive') as unknown,
      ]);
    });
  });
});

describe('a configuration service', () => {
  it('may give topics, groups and the options of handlers', async () => {
    const [topic, groupId, logger] = [await createTopic('real'), unique('shop'), new LinesLogger()];
    await produce(topic, 0, [{ value: 'no JSON' }]);
    const seen: unknown[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler('orders')
      handle(value: unknown): void {
        seen.push(value);
      }
    }
    @Injectable()
    class Settings {
      readonly topics = { orders: topic };
      readonly handlers = { orders: { codec: 'string' as const, concurrency: 3, retry: { retries: 0 } } };
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    const kafka = KafkaManyThreadsModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ topics, handlers }: Settings) => testOptions({ consumer: { groupId }, options: { topics, handlers } }, logger),
    });
    const app = (await Test.createTestingModule({ imports: [kafka], providers: [Handlers] }).compile()).createNestApplication({ logger: false });
    await app.init();
    try {
      await eventually(() => seen.length === 1, { what: 'it is handled' });
      expect(seen).toEqual(['no JSON']);
      expect(logger.lines).toContain(`log Handlers.handle reads ${topic} (group ${groupId}; 3 at once in the order of each key; 0 retries, then hold)`);
      // The group's name is what it is called, and nothing is appended to it.
      await eventually(async () => (await committedOffset(groupId, topic)) === 1, { what: 'its commit is under that name' });
    } finally {
      await app.close();
    }
  });
});

describe('a codec of the application', () => {
  it('gets the bytes, the headers and the topic: a schema registry, or Avro', async () => {
    const topic = await createTopic('binary');
    await produce(topic, 0, [{ value: Buffer.from([0, 0, 0, 0, 7, 0xff, 0xfe]), headers: { format: 'framed' } }]);
    const codec: KafkaCodec = {
      decode: async ({ value, headers }, from) => ({ schema: value?.readInt32BE(1), bytes: value?.subarray(5), format: String(headers?.['format']), from }),
      encode: () => Buffer.alloc(0),
    };
    const seen: unknown[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler('in', { codec })
      handle(value: unknown): void {
        seen.push(value);
      }
    }
    await withApp({ providers: [Handlers], options: { topics: { in: topic } } }, async (app) => {
      await app.until('it is handled', () => seen.length === 1);
      expect(seen).toEqual([{ schema: 7, bytes: Buffer.from([0xff, 0xfe]), format: 'framed', from: topic }]);
    });
  });
});

describe('handlers', () => {
  it.each(['first', 'last'] as const)('start after everything else is ready, also what takes its time, with the module imported %s', async (place) => {
    const topic = await createTopic('early');
    await produce(topic, 0, records(1));
    const story: string[] = [];
    @Injectable()
    class Slow implements OnApplicationBootstrap {
      async onApplicationBootstrap(): Promise<void> {
        await delay(300);
        story.push('ready');
      }
    }
    @Module({ providers: [Slow] })
    class SlowModule {}
    @Injectable()
    class Handlers implements OnApplicationBootstrap {
      @KafkaHandler('in')
      handle(): void {
        story.push('handled');
      }
      async onApplicationBootstrap(): Promise<void> {
        await delay(100);
        story.push('root ready');
      }
    }
    const kafka = KafkaManyThreadsModule.forRoot(testOptions({ options: { topics: { in: topic } } }, new LinesLogger()));
    const module = Test.createTestingModule({ imports: place === 'first' ? [kafka, SlowModule] : [SlowModule, kafka], providers: [Handlers] });
    const app = (await module.compile()).createNestApplication({ logger: false });
    await app.init();
    try {
      await eventually(() => story.includes('handled'), { what: 'it is handled' });
      expect(story).toEqual(['ready', 'root ready', 'handled']);
    } finally {
      await app.close();
    }
  });
});

describe('the log', () => {
  /** `context level message` */
  class ContextLogger implements LoggerService {
    readonly lines: string[] = [];
    log = (message: string, context: string): void => void this.lines.push(`${context} log ${message}`);
    warn = (message: string, context: string): void => void this.lines.push(`${context} warn ${message}`);
    error = (message: string, _stack: unknown, context: string): void => void this.lines.push(`${context} error ${message}`);
    debug = (message: string, context: string): void => void this.lines.push(`${context} debug ${message}`);
  }

  it("has each group's lines and kafkajs's under the group's name, from its own level on", async () => {
    const [topic, quiet, chatty, logger] = [await createTopic('logged'), unique('quiet'), unique('chatty'), new ContextLogger()];
    @Injectable()
    class Handlers {
      @KafkaHandler('in', { groupId: quiet })
      quiet(): void {}
      @KafkaHandler('in', { groupId: chatty })
      chatty(): void {}
    }
    const groups = [{ ...quickGroup(quiet), logLevel: 'error' as const }, { ...quickGroup(chatty), logLevel: 'debug' as const }];
    const client = { brokers: ['127.0.0.1:1', ...testBrokers()], clientId: 'logged', logLevel: logLevel.INFO };
    await withApp({ providers: [Handlers], options: { topics: { in: topic }, groups, client, logger } }, async (app) => {
      await app.until('both run', () => [quiet, chatty].every((group) => app.consumers.getStats(group).state === 'running'));
    });
    const of = (group: string): string[] => logger.lines.filter((line) => line.startsWith(`Kafka:${group} `));
    expect(of(quiet)).toEqual([]);
    expect(of(chatty)).toEqual(expect.arrayContaining([expect.stringMatching(/ log Stopped in /), expect.stringMatching(/ debug Joining: start/), expect.stringMatching(/ warn \[Connection\] .*ECONNREFUSED/)]));
  });
});

describe('@OnKafkaEvent', () => {
  it('is called with the events of its type, of its group or of all', async () => {
    const [topic, one, two] = [await createTopic('events'), unique('one'), unique('two')];
    await produce(topic, 0, records(0, 1));
    const heard: string[] = [];
    const note = (by: string, { type, groupId }: { type: string; groupId: string }): void => void heard.push(`${by}: ${type} of ${groupId}`);
    @Injectable()
    class Handlers {
      @KafkaHandler('in', { groupId: one, retry: { retries: 1, backoff: 1 }, onExhausted: 'skip' })
      one(value: number): boolean {
        return value === 0;
      }
      @KafkaHandler('in', { groupId: two, retry: { retries: 0 } })
      two(value: number): boolean {
        return value === 0;
      }
      @OnKafkaEvent('processed')
      processed(event: KafkaEventOf<'processed'>): void {
        note('any', event);
        if (event.durationMs < 0 || event.record.value !== 0) heard.push('wrong');
      }
      @OnKafkaEvent('retried')
      retried(event: KafkaEventOf<'retried'>): void {
        note(`attempt ${event.attempt}`, event);
      }
      @OnKafkaEvent('skipped', one)
      skipped(event: KafkaEventOf<'skipped'>): void {
        note('one', event);
      }
      @OnKafkaEvent('held', one)
      neverHeld(event: KafkaEventOf<'held'>): void {
        note('wrong', event);
      }
      @OnKafkaEvent('held', two)
      @OnKafkaEvent('failed', two)
      trouble(event: KafkaEventOf<'held' | 'failed'>, _context?: KafkaContext): void {
        note('two', event);
      }
      @OnKafkaEvent('assigned', two)
      assigned(event: KafkaEventOf<'assigned'>): void {
        note(`${event.partitions.length} partition`, event);
      }
    }
    const all = [
      `any: processed of ${one}`, `any: processed of ${two}`, `attempt 1: retried of ${one}`, `one: skipped of ${one}`, `two: failed of ${two}`, `two: held of ${two}`, `1 partition: assigned of ${two}`,
    ];
    await withApp({ providers: [Handlers], options: { topics: { in: topic }, groups: [quickGroup(one), quickGroup(two)] } }, (app) => app.until('all are heard', () => heard.length >= all.length));
    expect(heard.sort()).toEqual(all.sort());
  });
});
