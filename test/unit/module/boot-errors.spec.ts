import { Injectable, Module, type Provider, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  KafkaConfigurationError, KafkaDuplicateHandlerError, KafkaHandler, KafkaManyThreadsModule, type KafkaManyThreadsOptions, KafkaNotImplementedError,
  KafkaUnknownConnectionError, KafkaUnknownGroupError, OnPartitionsAssigned,
} from '../../../lib/index.js';

const client = { brokers: ['127.0.0.1:1'] };
const consumer = { groupId: 'shop' };

@Injectable()
class Orders {
  @KafkaHandler('orders')
  handle(): void {}
}
@Injectable()
class OrdersAgain {
  @KafkaHandler(['returns', 'orders'])
  handle(): void {}
}

/** Boots as far as the brokers: what is wrong must show before. */
async function boot(options: unknown, providers: Provider[] = [Orders]): Promise<string[]> {
  const lines: string[] = [];
  const line = (message: unknown): number => lines.push(String(message));
  const logger = { log: line, warn: line, error: line };
  const module = KafkaManyThreadsModule.forRoot({ logger, autoStart: false, ...(options as KafkaManyThreadsOptions) });
  const app = (await Test.createTestingModule({ imports: [module], providers }).compile()).createNestApplication({ logger: false });
  await app.init();
  await app.close();
  return lines;
}

describe('an application does not boot', () => {
  it.each<[string, unknown, RegExp]>([
    ['without a client', { consumer }, /^forRoot\(options\): client is missing/],
    ['with a client that is none', { client: 'localhost:9092', consumer }, /^client: expected a function that makes a Kafka, or an object, found 'localhost:9092'/],
    ['with a client without brokers', { client: { clientId: 'shop' }, consumer }, /^client: brokers is missing/],
    ['with an empty list of brokers', { client: { brokers: [] }, consumer }, /^client\.brokers: expected a list with at least one entry, found an empty one/],
    ['with brokers that are no list', { client: { brokers: 'localhost:9092' }, consumer }, /^client\.brokers: expected a function, or a list, found 'localhost:9092'/],
    ['with a broker without a port', { client: { brokers: ['a:9092', 'localhost'] }, consumer }, /^client\.brokers\[1\]: expected host:port, such as 'localhost:9092', found 'localhost'/],
    ['with a broker that an environment variable lacks', { client: { brokers: [process.env['NO_SUCH_BROKER']] }, consumer }, /^client\.brokers\[0\]: expected host:port, .* found undefined/],
    ['with a broker as a URL', { client: { brokers: ['kafka://localhost:9092'] }, consumer }, /^client\.brokers\[0\]: expected host:port/],
    ['with a fetch larger than Kafka can say', { client, consumer: { ...consumer, fetch: { maxBytes: 2 ** 31 } } }, /consumer\.fetch\.maxBytes: expected a whole number from 1 to 2147483647, found 2147483648/],
    ['with a group without an id', { client, consumer: {} }, /consumer: groupId is missing/],
    ['with an option that does not exist', { client, consumer: { ...consumer, concurency: 5 } }, /consumer: there is no option concurency\. Did you mean concurrency\?$/],
    ['with an option at the wrong place', { client, groupId: 'shop' }, /^forRoot\(options\): there is no option groupId/],
    ['with a concurrency of 0', { client, consumer: { ...consumer, concurrency: 0 } }, /consumer\.concurrency: expected a whole number of at least 1, found 0/],
    ['with text for a number', { client, consumer: { ...consumer, commit: { intervalMs: '500' } } }, /consumer\.commit\.intervalMs: expected milliseconds .*, found '500'/],
    ['with a duration that no timer holds', { client, shutdownTimeoutMs: 2 ** 31 }, /shutdownTimeoutMs: expected milliseconds from 0 to 2147483647/],
    ['with an order that does not exist', { client, consumer: { ...consumer, ordering: 'topic' } }, /consumer\.ordering: expected one of 'key', 'partition', 'none', found 'topic'/],
    ['with a list that is none', { client, consumer, groups: { groupId: 'x' } }, /groups: expected a list, found \{ groupId \}/],
    ['with a wrong option deep in a list', { client, groups: [{ groupId: 'a' }, { groupId: 'b', buffer: { bytes: -1 } }] }, /groups\[1\]\.buffer\.bytes: expected/],
    ['with retries below −1', { client, consumer: { ...consumer, retry: { retries: -2 } } }, /consumer\.retry\.retries: expected .* found -2/],
    ['with a backoff that never ends', { client, consumer: { ...consumer, retry: { backoff: Infinity } } }, /consumer\.retry\.backoff: expected milliseconds, a function, or an object, found Infinity/],
    ['with an option of kafkajs that is ours', { client, consumer: { ...consumer, kafkajs: { sessionTimeout: 3 } } }, /consumer\.kafkajs: there is no option sessionTimeout/],
    ['with a wrong option for kafkajs', { client, consumer: { ...consumer, kafkajs: { retry: { retries: -1 } } } }, /consumer\.kafkajs\.retry\.retries: expected .* found -1/],
    ['with a group that is listed twice', { client, consumer, groups: [consumer] }, /group shop is listed twice/],
    ['with heartbeats too rare for the session', { client, consumer: { ...consumer, sessionTimeoutMs: 3000 } }, /group shop, heartbeatIntervalMs: 1000 is not below a third of sessionTimeoutMs \(3000\)/],
    ['with an eager drain longer than the rebalance', { client, consumer: { ...consumer, rebalance: { protocol: 'eager', drainTimeoutMs: 60_000 } } }, /drainTimeoutMs: 60000 is not below rebalanceTimeoutMs \(60000\)/],
    ['with wrong options for a topic', { client, consumer, handlers: { orders: { retries: 3 } } }, /handlers\.orders: there is no option retries/],
  ])('%s', async (_, options, message) => {
    const booting = boot(options);
    await expect(booting).rejects.toThrow(KafkaConfigurationError);
    await expect(booting).rejects.toThrow(message);
  });

  it.each<[string, unknown]>([
    ['consumer.kafkajs.retry.restartOnFailure', { kafkajs: { retry: { restartOnFailure: async () => true } } }],
    ['consumer.mode', { mode: 'consumer-per-topic' }],
    ['consumer.concurrency', { concurrency: { min: 1, max: 10 } }],
    ['consumer.deadLetter', { deadLetter: true }],
    ['consumer.onExhausted', { onExhausted: 'dead-letter' }],
    ['consumer.retry.via', { retry: { via: 'topic' } }],
    ['consumer.commit.strategy', { commit: { strategy: 'transactional' } }],
    ['consumer.preset', { preset: 'lowLatency' }],
    ['consumer.quota', { quota: 'lag' }],
    ['consumer.topicWeights', { topicWeights: {} }],
    ['consumer.rebalance.assignment', { rebalance: { assignment: 'affinity' } }],
  ])('with an option that is not built yet: %s', async (path, options) => {
    const booting = boot({ client, consumer: { ...consumer, ...(options as object) } });
    await expect(booting).rejects.toThrow(KafkaNotImplementedError);
    await expect(booting).rejects.toThrow(`${path}: `);
  });

  it('with a handler whose options are wrong, naming it', async () => {
    @Injectable()
    class Wrong {
      @KafkaHandler('orders', { concurrency: 1.5 })
      handle(): void {}
    }
    await expect(boot({ client, consumer }, [Wrong])).rejects.toThrow('@KafkaHandler on Wrong.handle, option concurrency: expected a whole number of at least 1, found 1.5.');
  });

  it('with two handlers of one group for a topic, also where `topics` makes one of two names', async () => {
    const booting = boot({ client, consumer }, [Orders, OrdersAgain]);
    await expect(booting).rejects.toThrow(KafkaDuplicateHandlerError);
    await expect(booting).rejects.toThrow('OrdersAgain.handle: group shop reads topic orders with Orders.handle already.');
    @Injectable()
    class Returns {
      @KafkaHandler('returns')
      handle(): void {}
    }
    await expect(boot({ client, consumer, topics: { returns: 'orders' } }, [Orders, Returns])).rejects.toThrow(KafkaDuplicateHandlerError);
  });

  it('with a topic that one handler names and the pattern of another finds, by its real name, or with one pattern twice', async () => {
    @Injectable()
    class All {
      @KafkaHandler(/^ord/)
      handle(): void {}
    }
    const booting = boot({ client, consumer }, [All, Orders]);
    await expect(booting).rejects.toThrow(KafkaDuplicateHandlerError);
    await expect(booting).rejects.toThrow('All.handle: group shop reads topic orders with Orders.handle already, and /^ord/ matches it. Give');
    await expect(boot({ client, consumer, topics: { orders: 'prod.orders' } }, [All, Orders])).resolves.toBeDefined();
    @Injectable()
    class Both {
      @KafkaHandler(['orders', /^ord/])
      handle(): void {}
    }
    await expect(boot({ client, consumer }, [Both])).rejects.toThrow('reads topic orders with Both.handle already, and /^ord/ matches it');
    @Injectable()
    class Again {
      @KafkaHandler(/^ord/)
      handle(): void {}
    }
    await expect(boot({ client, consumer }, [All, Again])).rejects.toThrow('Again.handle: group shop reads topic /^ord/ with All.handle already');
  });

  it('with a name that no topic of Kafka can have, in the decorator or by way of `topics`', async () => {
    @Injectable()
    class Wild {
      @KafkaHandler('orders.*')
      handle(): void {}
    }
    await expect(boot({ client, consumer }, [Wild])).rejects.toThrow("@KafkaHandler on Wild.handle: Kafka has no topic with the name 'orders.*': names are 1 to 249 letters, digits, dots, underscores and hyphens. For a pattern, give a RegExp.");
    for (const illegal of ['two words', '..', 'x'.repeat(250), 'a/b']) {
      const booting = boot({ client, consumer, topics: { orders: illegal } });
      await expect(booting).rejects.toThrow(KafkaConfigurationError);
      await expect(booting).rejects.toThrow(`'${illegal}' (topics.orders of forRoot)`);
    }
  });

  it('with a group or a connection that nobody lists', async () => {
    @Injectable()
    class Elsewhere {
      @KafkaHandler('orders', { groupId: 'billing' })
      handle(): void {}
    }
    @Injectable()
    class Abroad {
      @KafkaHandler('orders', { connection: 'eu' })
      handle(): void {}
    }
    await expect(boot({ client, consumer }, [Elsewhere])).rejects.toThrow(KafkaUnknownGroupError);
    await expect(boot({ client, consumer }, [Elsewhere])).rejects.toThrow('connection default has no group billing (it has shop). Add it to `groups` in forRoot.');
    await expect(boot({ client, groups: [consumer] })).rejects.toThrow('@KafkaHandler on Orders.handle: names no groupId, and connection default has no default group (it has shop).');
    await expect(boot({ client, consumer }, [Abroad])).rejects.toThrow(KafkaUnknownConnectionError);
    await expect(boot({ client, consumer }, [Abroad])).rejects.toThrow('no connection is called eu (there are default)');
  });

  it('with hooks of an unknown group, or on a class that has no single instance', async () => {
    @Injectable()
    class Unknown {
      @OnPartitionsAssigned('billing')
      assigned(): void {}
    }
    @Injectable({ scope: Scope.REQUEST })
    class PerRecord {
      @OnPartitionsAssigned()
      assigned(): void {}
    }
    await expect(boot({ client, consumer }, [Unknown])).rejects.toThrow(KafkaUnknownGroupError);
    await expect(boot({ client, consumer }, [PerRecord])).rejects.toThrow('hooks and listeners need a class of the default scope');
  });

  it('with two connections of one name, or an asynchronous one that names itself too late', async () => {
    const twice = Test.createTestingModule({ imports: [KafkaManyThreadsModule.forRoot({ client }), KafkaManyThreadsModule.forRoot({ client, producer: false })] });
    await expect(twice.compile()).rejects.toThrow('two connections are called default');
    const late = KafkaManyThreadsModule.forRootAsync({ useFactory: () => ({ client, name: 'eu' }) });
    await expect(Test.createTestingModule({ imports: [late] }).compile()).rejects.toThrow('give the name to forRootAsync itself');
    expect(() => KafkaManyThreadsModule.forRootAsync({})).toThrow('expected useFactory, useClass or useExisting');
  });

  it('where a decorator is on a static method, or names no topic', () => {
    expect(() => {
      class Wrong {
        @KafkaHandler('orders')
        static handle(): void {}
      }
      return Wrong;
    }).toThrow('@KafkaHandler on Wrong.handle: the method is static');
    const decorate = (topic: unknown) => () => KafkaHandler(topic as string)(Orders.prototype, 'handle', {});
    expect(decorate([])).toThrow('@KafkaHandler on Orders.handle: expected the name of a topic, or a RegExp, found nothing.');
    expect(decorate('')).toThrow("found ''.");
    expect(decorate(['orders', 7])).toThrow('found 7.');
    expect(decorate(undefined)).toThrow('found undefined. Does the file that exports it import this one?');
  });
});

describe('an application boots', () => {
  it('with a warning where forRoot names topics that no handler reads, and groups without one', async () => {
    const lines = await boot({ client, consumer, groups: [{ groupId: 'idle' }], topics: { oders: 'prod.orders' } });
    expect(lines).toEqual(
      expect.arrayContaining([expect.stringContaining('topics.oders: no handler of this application reads that topic'), expect.stringContaining('Group idle has no handler in this application')]),
    );
  });

  it('and tells of each handler in one line, with the options that count', async () => {
    @Injectable()
    class Several {
      @KafkaHandler(['a', 'b'], { ordering: 'none', concurrency: 7, timeoutMs: 900, retry: { retries: Infinity } })
      ab(): void {}
      @KafkaHandler('c', { ack: 'manual' })
      @KafkaHandler('d', { enabled: false })
      c(): void {}
    }
    const group = { ...consumer, concurrency: 50, ordering: 'partition', onExhausted: 'skip', retry: { retries: 1, backoff: 5 } };
    const lines = await boot({ client, consumer: group, handlers: { b: { ordering: 'key' } }, topics: { c: 'prod.c' } }, [Several]);
    expect(lines).toEqual([
      'Several.ab reads b (group shop; 7 at once in the order of each key; retried for ever, skip where an error is final; timeout 900 ms)',
      'Several.ab reads a (group shop; 7 at once in no order; retried for ever, skip where an error is final; timeout 900 ms)',
      'Several.c reads prod.c (group shop; 50 at once in the order of each partition; 1 retry, then skip; acknowledged by hand)',
    ]);
  });

  it('with patterns, whose options in `handlers` stand under their text, and which `topics` does not rename', async () => {
    @Injectable()
    class Patterns {
      @KafkaHandler([/^orders\./, 'returns', /^logs/i], { concurrency: 7 })
      handle(): void {}
    }
    const lines = await boot({ client, consumer, handlers: { '/^orders\\./': { concurrency: 3 } }, topics: { '/^logs/i': 'prod.logs' } }, [Patterns]);
    expect(lines).toEqual([
      'forRoot, topics./^logs/i: no handler of this application reads that topic',
      expect.stringMatching(/^Patterns\.handle reads \/\^orders\\\.\/ \(group shop; 3 at once /),
      expect.stringMatching(/^Patterns\.handle reads returns, \/\^logs\/i \(group shop; 7 at once /),
    ]);
  });

  it('with the preset oneAtATime: one handler at once, in the order of the partition; what stands beside it wins', async () => {
    const one = await boot({ client, consumer: { ...consumer, preset: 'oneAtATime' } });
    expect(one).toEqual([expect.stringContaining('1 at once in the order of each partition')]);
    const two = await boot({ client, consumer: { ...consumer, preset: 'oneAtATime', concurrency: 2, ordering: 'key' } });
    expect(two).toEqual([expect.stringContaining('2 at once in the order of each key')]);
  });

  it('with one line for a class that is provided once and known under two tokens', async () => {
    expect(await boot({ client, consumer }, [Orders, { provide: 'ALIAS', useExisting: Orders }])).toHaveLength(1);
    @Module({ providers: [Orders] })
    class Second {}
    const module = Test.createTestingModule({ imports: [KafkaManyThreadsModule.forRoot({ client, consumer, autoStart: false }), Second], providers: [Orders] });
    const app = (await module.compile()).createNestApplication({ logger: false });
    await expect(app.init()).rejects.toThrow('a class that several modules provide belongs into one module');
  });

  it('without the handlers of a subclass that overrides the method and does not decorate it', async () => {
    @Injectable()
    class Quiet extends Orders {
      override handle(): void {}
    }
    @Injectable()
    class Heir extends Orders {}
    expect(await boot({ client, consumer }, [Quiet])).toEqual([expect.stringMatching(/^Group shop has no handler in this application.*@KafkaHandler among the providers/)]);
    expect(await boot({ client, consumer }, [Heir])).toEqual([expect.stringContaining('Heir.handle reads orders')]);
  });
});
