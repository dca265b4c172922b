import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Kafka } from 'kafkajs';
import {
  getKafkaToken, InjectKafka, KafkaConnectionError, type KafkaContext, type KafkaEvent, KafkaConsumerService, KafkaHandler, KafkaManyThreadsModule,
  type KafkaManyThreadsOptions, type KafkaManyThreadsOptionsFactory, KafkaMissingTopicError, type KafkaPartitions, OnKafkaEvent, OnPartitionsAssigned, OnPartitionsRevoked,
} from '../../lib/index.js';
import { committedOffset, Gate } from '../support/group-under-test.js';
import { createTopic, createTopicNamed, eventually, produce, testBrokers, unique } from '../support/kafka.js';
import { LinesLogger, NestApp, quickGroup, testOptions, withApp } from '../support/nest-app.js';

const records = (count: number): { key: string; value: string }[] => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: String(index) }));

@Injectable()
class Numbers {
  readonly seen: number[] = [];
  @KafkaHandler('numbers')
  handle(value: number): void {
    this.seen.push(value);
  }
}

describe('an application', () => {
  it.each(['first', 'last'] as const)('with the module imported %s drains before its database closes, and commits what its last handlers did', async (place) => {
    const [topic, groupId, gate] = [await createTopic('numbers'), unique('group'), new Gate()];
    await produce(topic, 0, records(20));
    const story: string[] = [];
    @Injectable()
    class Database implements OnModuleDestroy {
      isOpen = true;
      insert(): void {
        story.push(this.isOpen ? 'inserted' : 'inserted into a closed database');
      }
      onModuleDestroy(): void {
        this.isOpen = false;
        story.push('closed');
      }
    }
    @Injectable()
    class Writer {
      constructor(private readonly database: Database) {}
      @KafkaHandler('numbers')
      async write(): Promise<void> {
        await gate.pass();
        this.database.insert();
      }
    }
    @Module({ providers: [Database], exports: [Database] })
    class DatabaseModule {}
    @Module({ imports: [DatabaseModule], providers: [Writer] })
    class FeatureModule {}
    const kafka = KafkaManyThreadsModule.forRoot(testOptions({ consumer: { groupId }, options: { topics: { numbers: topic } } }, new LinesLogger()));
    const module = await Test.createTestingModule({ imports: place === 'first' ? [kafka, FeatureModule] : [FeatureModule, kafka] }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    await eventually(() => gate.waiters === 20, { what: 'all 20 handlers run' });
    const closing = app.close();
    await eventually(() => app.get(KafkaConsumerService).getStats().state === 'draining', { what: 'it drains' });
    gate.open();
    await closing;
    expect(story).toEqual([...Array.from({ length: 20 }, () => 'inserted'), 'closed']);
    expect(await committedOffset(groupId, topic)).toBe(20);
  });

  it('whose handler hangs stops all the same after shutdownTimeoutMs, aborts it, and has it delivered again', async () => {
    const [topic, groupId] = [await createTopic('numbers'), unique('group')];
    await produce(topic, 0, records(3));
    let aborted: unknown;
    @Injectable()
    class Hanging {
      @KafkaHandler('numbers', { abortGraceMs: 100 })
      async hang(value: number, { signal }: KafkaContext): Promise<void> {
        if (value === 1) await new Promise((_, reject) => signal.addEventListener('abort', () => reject((aborted = signal.reason))));
      }
    }
    const options = { topics: { numbers: topic }, shutdownTimeoutMs: 300 };
    await withApp({ providers: [Hanging], consumer: { groupId }, options }, (app) => app.until('two are done, one hangs', () => app.consumers.getStats().processedCount === 2));
    expect(String(aborted)).toContain('given up');
    await withApp({ providers: [Numbers], consumer: { groupId }, options }, async (app) => {
      await app.until('the commit is at the end', async () => (await committedOffset(groupId, topic)) === 3);
      expect(app.app.get(Numbers).seen).toEqual([1]);
    });
  });

  it('does not boot while a topic is missing, and says which and what to do', async () => {
    const missing = unique('missing');
    const boot = NestApp.boot({ providers: [Numbers], options: { topics: { numbers: missing } } });
    await expect(boot).rejects.toThrow(KafkaMissingTopicError);
    await expect(boot).rejects.toThrow(`Topic ${missing} does not exist`);
  });

  it('waits for a missing topic where it may, and reads it once it is there', async () => {
    const missing = unique('later');
    await withApp({ providers: [Numbers], options: { topics: { numbers: missing }, missingTopics: 'wait' } }, async (app) => {
      expect(app.logger.lines.join()).toContain(`warn Topics ${missing} do not exist yet`);
      await createTopicNamed(missing);
      await produce(missing, 0, records(2));
      await app.until('both are handled', () => app.app.get(Numbers).seen.length === 2);
    });
  });

  it('does not boot while no broker answers, unless it may retry in the background', async () => {
    const client = { brokers: ['127.0.0.1:1'], retry: { retries: 0 }, connectionTimeout: 300 };
    const boot = NestApp.boot({ providers: [Numbers], options: { client } });
    await expect(boot).rejects.toThrow(KafkaConnectionError);
    await expect(boot).rejects.toThrow(/reached no Kafka broker.*Check `client.brokers`/);
    await withApp({ providers: [Numbers], options: { client, startFailure: 'retry' } }, async (app) => {
      expect(app.consumers.getStats().state).toBe('starting');
      expect(app.logger.lines.join()).toContain('; the next attempt is in 1000 ms');
    });
  });

  it('takes its options from a factory, a class or a provider', async () => {
    const topic = await createTopic('numbers');
    await produce(topic, 0, records(1));
    const logger = new LinesLogger();
    const options = (): KafkaManyThreadsOptions => testOptions({ options: { topics: { numbers: topic } } }, logger);
    @Injectable()
    class Config {
      readonly options = options();
    }
    @Injectable()
    class Factory implements KafkaManyThreadsOptionsFactory {
      createKafkaManyThreadsOptions = options;
    }
    @Module({ providers: [Config, Factory], exports: [Config, Factory] })
    class ConfigModule {}
    const ways = [
      KafkaManyThreadsModule.forRootAsync({ imports: [ConfigModule], inject: [Config], useFactory: (config: Config) => config.options }),
      KafkaManyThreadsModule.forRootAsync({ useClass: Factory }),
      KafkaManyThreadsModule.forRootAsync({ imports: [ConfigModule], useExisting: Factory }),
    ];
    for (const way of ways) {
      const module = await Test.createTestingModule({ imports: [way], providers: [Numbers] }).compile();
      const app = module.createNestApplication({ logger: false });
      await app.init();
      await eventually(() => module.get(Numbers).seen.length === 1, { what: 'the record is handled' });
      await app.close();
    }
  });

  it('has as many groups and connections as it lists, each with handlers of its own', async () => {
    const [topic, second] = [await createTopic('numbers', 2), unique('second')];
    await produce(topic, 0, records(2));
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      constructor(
        @InjectKafka() readonly kafka: Kafka,
        @InjectKafka('other') readonly otherKafka: Kafka,
      ) {}
      @KafkaHandler('numbers')
      main(_: unknown, { connection }: KafkaContext): void {
        seen.push(`main ${connection}`);
      }
      @KafkaHandler('numbers', { groupId: second })
      second(_: unknown, { groupId }: KafkaContext): void {
        seen.push(groupId === second ? 'second' : groupId);
      }
      @KafkaHandler('numbers', { connection: 'other' })
      other(_: unknown, { connection }: KafkaContext): void {
        seen.push(`other ${connection}`);
      }
    }
    const other = KafkaManyThreadsModule.forRoot(testOptions({ options: { name: 'other', topics: { numbers: topic } } }, new LinesLogger()));
    await withApp({ imports: [other], providers: [Handlers], options: { topics: { numbers: topic }, groups: [quickGroup(second)] } }, async (app) => {
      await app.until('every group has handled both', () => seen.length === 6);
      expect(seen.sort()).toEqual(['main default', 'main default', 'other other', 'other other', 'second', 'second']);
      expect(app.consumers.getAllStats().map(({ groupId }) => groupId)).toEqual([expect.stringMatching(/^group-/), second]);
      expect(app.consumers.for('other').getAllStats()).toHaveLength(1);
      expect(app.app.get(Handlers).kafka).not.toBe(app.app.get(Handlers).otherKafka);
      expect(app.app.get<Kafka>(getKafkaToken('other'))).toBe(app.app.get(Handlers).otherKafka);
      expect(() => app.consumers.getStats('nobody')).toThrow(/connection default has no group nobody \(it has group-\w+, second-\w+\)/);
      expect(() => app.consumers.for('elsewhere').getAllStats()).toThrow(/no connection is called elsewhere \(there are default, other\)/);
    });
  });

  it('starts when it says so, drains, starts again, stops and starts once more', async () => {
    const [topic, groupId] = [await createTopic('numbers'), unique('group')];
    await produce(topic, 0, records(2));
    await withApp({ providers: [Numbers], consumer: { groupId }, options: { topics: { numbers: topic }, autoStart: false } }, async ({ app, consumers }) => {
      const { seen } = app.get(Numbers);
      expect(consumers.getStats()).toMatchObject({ state: 'stopped', consumedCount: 0, partitions: [], concurrency: 100 });
      await consumers.start();
      await eventually(() => seen.length === 2, { what: 'both are handled' });
      expect(await consumers.drain()).toEqual({ completed: 0, abandoned: 0 });
      expect(consumers.getStats().state).toBe('draining');
      expect(await committedOffset(groupId, topic)).toBe(2);
      await produce(topic, 0, records(1));
      await consumers.start();
      await eventually(() => seen.length === 3, { what: 'the third is handled' });
      await consumers.stop();
      await consumers.stop();
      expect(consumers.getStats().state).toBe('stopped');
      await produce(topic, 0, records(1));
      await consumers.start();
      await eventually(() => seen.length === 4, { what: 'the fourth is handled' });
    });
  });

  it('redelivers held records on request', async () => {
    const topic = await createTopic('numbers');
    await produce(topic, 0, records(5));
    let isBroken = true;
    @Injectable()
    class Sometimes {
      @KafkaHandler('numbers', { retry: { retries: 1, backoff: 1 } })
      handle(value: number): boolean {
        return !(isBroken && value >= 3);
      }
    }
    await withApp({ providers: [Sometimes], options: { topics: { numbers: topic } } }, async (app) => {
      await app.until('two are held', () => app.consumers.getStats().heldCount === 2);
      expect(app.consumers.getStats()).toMatchObject({ processedCount: 3, failedCount: 4, retriedCount: 2 });
      isBroken = false;
      expect(await app.consumers.redeliverHeld()).toBe(2);
      await app.until('all are committed', () => app.consumers.getStats().committedCount === 5);
      expect(app.consumers.getStats().heldCount).toBe(0);
    });
  });

  it("leaves the group and goes on serving where a record has failed under onExhausted 'stop'", async () => {
    const [topic, groupId] = [await createTopic('numbers'), unique('group')];
    await produce(topic, 0, records(3));
    @Injectable()
    class Stopping {
      @KafkaHandler('numbers', { ordering: 'partition', onExhausted: 'stop', retry: { retries: 0 } })
      handle(value: number): void {
        if (value === 1) throw new Error('cannot go on');
      }
    }
    await withApp({ providers: [Stopping], consumer: { groupId }, options: { topics: { numbers: topic } } }, async (app) => {
      await app.until('it has stopped', () => app.consumers.getStats().state === 'stopped');
      expect(await committedOffset(groupId, topic)).toBe(1);
      expect(app.logger.lines.join('\n')).toContain('the consumer of ' + groupId + ' stops, as onExhausted says');
    });
  });

  it('is told of partitions and events, and a listener that throws stops nothing', async () => {
    const [topic, groupId] = [await createTopic('numbers', 2), unique('group')];
    await produce(topic, 1, records(1));
    const [hooks, events, streamed]: [KafkaPartitions[], KafkaEvent[], string[]] = [[], [], []];
    @Injectable()
    class Listening {
      @KafkaHandler('numbers')
      handle(): void {}
      @OnPartitionsAssigned()
      async assigned(partitions: KafkaPartitions): Promise<void> {
        hooks.push(partitions);
      }
      @OnPartitionsRevoked(groupId)
      revoked(partitions: KafkaPartitions): void {
        hooks.push(partitions);
        throw new Error('of the hook');
      }
      @OnKafkaEvent('processed')
      processed(event: KafkaEvent): void {
        events.push(event);
        throw new Error('of the listener');
      }
    }
    const logger = await withApp({ providers: [Listening], consumer: { groupId }, options: { topics: { numbers: topic } } }, async (app) => {
      app.consumers.events$.subscribe(({ type }) => streamed.push(type));
      await app.until('the record is committed', () => app.consumers.getStats().committedCount === 1);
      return app.logger;
    });
    const both = [0, 1].map((partition) => expect.objectContaining({ topic, partition, epoch: 1 }) as unknown);
    expect(hooks).toEqual([
      { connection: 'default', groupId, reason: 'assigned', partitions: both },
      { connection: 'default', groupId, reason: 'shutdown', partitions: both },
    ]);
    expect(events).toEqual([expect.objectContaining({ type: 'processed', connection: 'default', groupId, record: expect.objectContaining({ topic, partition: 1, offset: '0', value: 0 }) as unknown })]);
    expect(streamed).toEqual(expect.arrayContaining(['committed', 'revoked']));
    expect(logger.lines.filter((line) => line.startsWith('error'))).toEqual([
      expect.stringContaining("Listening.processed failed for an event 'processed': Error: of the listener"),
      expect.stringContaining('of the hook'),
    ]);
  });

  it('with a client factory gives each consumer a client of its own, and refuses one that does not', async () => {
    const topic = await createTopic('numbers');
    await produce(topic, 0, records(1));
    const { Kafka } = await import('kafkajs');
    const one = new Kafka({ brokers: testBrokers() });
    const options = { topics: { numbers: topic } };
    await withApp({ providers: [Numbers], options: { ...options, client: () => new Kafka({ brokers: testBrokers() }) } }, (app) =>
      app.until('it is handled', () => app.app.get(Numbers).seen.length === 1),
    );
    await expect(NestApp.boot({ providers: [Numbers], consumer: { members: 2 }, options: { ...options, client: () => one } })).rejects.toThrow('the same Kafka twice');
  });
});
