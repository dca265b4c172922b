import { createServer, type Server, type Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import kafkajs, { Kafka, type KafkaConfig } from 'kafkajs';
import { KafkaConnectionError, KafkaHandler, KafkaMissingTopicError, KafkaRefusedError, type KafkaManyThreadsOptions } from '../../lib/index.js';
import { Api, DeafSockets } from '../support/deaf-sockets.js';
import { createTopic, produce, testBrokers, testKafka, unique } from '../support/kafka.js';
import { type AppSetup, withApp } from '../support/nest-app.js';
import { asSnappy } from '../support/snappy.js';
import { booting, errorsOf, failing, metadataOf, Orders, patientOnce, refused } from '../support/wrong-input.js';
import { ApiKey, FakeBroker, int16, int32, text } from '../unit/kafkajs/fake-broker.js';

/** A wrong input for each step of a consumer's life: what is wrong, where, and what to do about it. docs/errors.md is the list. */

const TOPIC_AUTHORIZATION_FAILED = 29;
const GROUP_AUTHORIZATION_FAILED = 30;
const NOWHERE = 'no-such-host.invalid';

let fake: FakeBroker;
const servers: Server[] = [];
beforeEach(async () => void (fake = await FakeBroker.listen()));
afterEach(async () => {
  await fake.close();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe('1. configuring', () => {
  it.each<[string, Partial<KafkaManyThreadsOptions>, AppSetup['consumer'], RegExp]>([
    ['no groupId', {}, { groupId: undefined }, /^consumer: groupId is missing\.$/],
    ['a misspelled option', {}, { concurrencyy: 3 } as never, /^consumer: there is no option concurrencyy\. Did you mean concurrency\?$/],
    ['a broker without a port', { client: { brokers: ['localhost'] } }, {}, /^client\.brokers\[0\]: expected host:port, such as 'localhost:9092', found 'localhost'\.$/],
    ['heartbeats that do not fit the session', {}, { heartbeatIntervalMs: 5000 }, /^group shop, heartbeatIntervalMs: 5000 is not below a third of sessionTimeoutMs/],
    ['what is not built', {}, { mode: 'consumer-per-topic' }, /^consumer\.mode: 'consumer-per-topic' is not built yet/],
    ['a codec that is none', { codec: {} as never }, {}, /^codec: expected 'json', 'string', 'buffer', or an object with decode and encode, found \{ {2}\}\.$/],
  ])('%s: the option, what was found and what is expected, before anything is sent', async (_, options, consumer, message) => {
    await expect(refused(booting({ client: { brokers: [fake.name] }, ...options }, consumer))).resolves.toThrow(message);
    expect(fake.connections).toBe(0);
  });

  it.each<[string, () => Partial<KafkaConfig>, RegExp]>([
    ['nothing listens', () => ({ brokers: ['127.0.0.1:1'] }), /ECONNREFUSED.* Nothing listens there\. Check `client\.brokers`/],
    ['DNS does not know the name', () => ({ brokers: [`${NOWHERE}:9092`] }), /(ENOTFOUND|EAI_AGAIN) no-such-host\.invalid.* DNS does not/],
    ['TLS on a port without it', () => ({ brokers: testBrokers(), ssl: true }), /`client\.ssl`/],
  ])('%s: the address, the cause and the remedy', async (_, config, message) => {
    const error = await refused(booting(patientOnce(config())));
    expect(error).toBeInstanceOf(KafkaConnectionError);
    expect(error.message).toMatch(/^The consumer of group shop reached no Kafka broker: /);
    expect(error.message).toMatch(message);
    expect(error.message).toContain("`startFailure: 'retry'` keeps trying in the background.");
  });

  it('no TLS on a port with it: such a listener ends the connection', async () => {
    const tls = createServer((socket: Socket) => void socket.on('error', () => undefined).on('data', (bytes) => bytes[0] !== 0x16 && socket.destroy()));
    servers.push(tls);
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    const { port } = tls.address() as { port: number };
    const error = await refused(booting(patientOnce({ brokers: [`127.0.0.1:${port}`] })));
    expect(error).toBeInstanceOf(KafkaConnectionError);
    expect(error.message).toContain('A listener with TLS ends connections without it');
  });

  it('wrong credentials: no repetition, also where startFailure would try again', async () => {
    fake.on(ApiKey.SaslHandshake, () => Buffer.concat([int16(33), int32(1), text('SCRAM-SHA-512')]));
    const sasl = { mechanism: 'plain', username: 'shop', password: 'secret' } as const;
    const error = await refused(booting({ ...patientOnce({ brokers: [fake.name], sasl }), startFailure: 'retry' }));
    expect(error).toBeInstanceOf(KafkaRefusedError);
    expect(error.message).toMatch(/^The consumer of group shop cannot work: Connecting to .*\. (Check `client\.sasl`: mechanism, username and password|Set `client\.sasl\.mechanism`)/);
    expect(error.message).not.toContain('secret');
    expect(fake.count(ApiKey.SaslHandshake)).toBe(1);
  });
});

describe('2. subscribing', () => {
  it('a topic that does not exist: its name, the group, and three ways out', async () => {
    const error = await refused(booting({}));
    expect(error).toBeInstanceOf(KafkaMissingTopicError);
    expect(error.message).toBe(
      "Topic shop-orders does not exist, and handlers of group shop read it. Create it, map the decorator's name to a real one in `topics`, or wait for it with `missingTopics: 'wait'`.",
    );
  });

  it('a name that no topic can have: the handler, and where the name comes from', async () => {
    await expect(refused(booting({ topics: { orders: 'all orders' } }))).resolves.toThrow(
      "@KafkaHandler on Orders.handle: Kafka has no topic with the name 'all orders' (topics.orders of forRoot): names are 1 to 249 letters, digits, dots, underscores and hyphens.",
    );
  });

  it('a topic that the client may not see: which one, and the right that is missing', async () => {
    fake.on(ApiKey.Metadata, () => metadataOf(fake, 'shop-orders', { errorCode: TOPIC_AUTHORIZATION_FAILED }));
    const error = await refused(booting(patientOnce({ brokers: [fake.name] })));
    expect(error).toMatchObject({ name: 'KafkaRefusedError', code: 'TOPIC_AUTHORIZATION_FAILED', groupId: 'shop' });
    expect(error.message).toMatch(/Metadata of the topic "shop-orders": the broker answered TOPIC_AUTHORIZATION_FAILED \(29\)\. Allow the user of `client\.sasl` the operations Describe and Read/);
  });
});

describe('3. joining', () => {
  it('a session that the broker does not allow: which option, and whose limits', async () => {
    const topic = await createTopic('orders');
    const { error } = await failing({ consumer: { sessionTimeoutMs: 3_600_000 }, options: { topics: { orders: topic } } });
    expect(error).toMatchObject({ code: 'INVALID_SESSION_TIMEOUT', message: expect.stringContaining('Set `sessionTimeoutMs` between group.min.session.timeout.ms and group.max.session.timeout.ms') as string });
  });

  it('a group that the client may not join: the right that is missing', async () => {
    fake.on(ApiKey.Metadata, () => metadataOf(fake, 'shop-orders'));
    fake.on(ApiKey.JoinGroup, () => Buffer.concat([int16(GROUP_AUTHORIZATION_FAILED), int32(-1), text(''), text(''), text(''), int32(0)]));
    const { error } = await failing({ consumer: { groupId: 'shop' }, options: { ...patientOnce({ brokers: [fake.name] }), topics: { orders: 'shop-orders' } } });
    expect(error).toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED', message: expect.stringContaining('Allow the user of `client.sasl` the operation Read on the group.') as string });
  });

});

describe('4. fetching', () => {
  it('records that are packed with a codec which is not installed: which one, how it is registered; nothing is skipped', async () => {
    const [topic, groupId] = [await createTopic('packed'), unique('group')];
    const { CompressionCodecs, CompressionTypes } = kafkajs;
    const before = CompressionCodecs[CompressionTypes.Snappy];
    CompressionCodecs[CompressionTypes.Snappy] = () => ({ compress: async ({ buffer }: { buffer: Buffer }) => asSnappy(buffer), decompress: async () => Buffer.alloc(0) });
    const producer = new Kafka(testKafka()).producer();
    try {
      await producer.connect();
      await producer.send({ topic, compression: CompressionTypes.Snappy, messages: [{ value: '1' }] });
    } finally {
      CompressionCodecs[CompressionTypes.Snappy] = before;
      await producer.disconnect();
    }
    await withApp({ providers: [Orders], consumer: { groupId }, options: { topics: { orders: topic } } }, async (app) => {
      await app.until('it says so', () => errorsOf(app).length > 0);
      expect(errorsOf(app)).toEqual([
        expect.stringMatching(/packed-\w+\/0 cannot be read at offset 0 \(records are packed with Snappy, and kafkajs has no codec for it\. Register one: CompressionCodecs\[CompressionTypes\.Snappy\] = \(\) => codec\); it is tried again, the other partitions go on\./),
      ]);
      expect(app.consumers.getStats()).toMatchObject({ state: 'running', consumedCount: 0 });
    });
  });

  it('a broker that does not answer: which one, and that it is tried again', async () => {
    const [topic, sockets] = [await createTopic('silent'), new DeafSockets()];
    const options = { client: { ...testKafka(), requestTimeout: 300, socketFactory: sockets.factory }, topics: { orders: topic } };
    await withApp({ providers: [Orders], options }, async (app) => {
      await app.until('it runs', () => app.consumers.getStats().state === 'running');
      sockets.lose(Api.fetch);
      await app.until('it says so', () => app.logger.lines.some((line) => /^warn Fetching from broker \d+ failed \(Fetch at .*: no answer within \d+ ms\. The connection has been given up\.\); it is tried again$/.test(line)));
      sockets.lose(null);
      await produce(topic, 0, [{ value: '1' }]);
      await app.until('it goes on', () => app.app.get(Orders).seen.length === 1);
    });
  });
});

describe('5. processing', () => {
  const thrown = (value: unknown): never => {
    throw value;
  };
  it.each<[string, string, () => unknown, RegExp]>([
    ['text', '1', () => thrown('just text'), /failed in attempt 1 and is held, uncommitted: just text$/],
    ['nothing', '1', () => thrown(undefined), /held, uncommitted: undefined$/],
    ['false', '1', () => false, /held, uncommitted: Error: .*false/],
    ['a payload that does not decode', '{"card":4711', () => undefined, /KafkaDecodeError: orders-\w+\/0 offset 0: the value does not decode as json \((?!.*4711)/],
    ['a handler that takes too long', '1', () => new Promise(() => {}), /KafkaHandlerTimeoutError: Handler\.handle ran longer than its timeoutMs of 50$/],
  ])('%s: the record, the attempt and the reason', async (_, value, handle, message) => {
    const topic = await createTopic('orders');
    await produce(topic, 0, [{ value }]);
    @Injectable()
    class Handler {
      @KafkaHandler('orders', { retry: { retries: 0 }, timeoutMs: 50, abortGraceMs: 0 })
      handle(): unknown {
        return handle();
      }
    }
    await withApp({ providers: [Handler], options: { topics: { orders: topic }, shutdownTimeoutMs: 100 } }, async (app) => {
      await app.until('it is held', () => app.consumers.getStats().heldCount === 1);
      expect(errorsOf(app).find((line) => line.includes('is held'))).toMatch(message);
    });
  });
});

describe('7. closing', () => {
  it('a handler that does not end: how many, of which partition, and that their records come again', async () => {
    const topic = await createTopic('orders');
    await produce(topic, 0, [{ value: '1' }]);
    let runs = 0;
    @Injectable()
    class Hanging {
      @KafkaHandler('orders', { abortGraceMs: 100 })
      handle(): Promise<void> {
        runs++;
        return new Promise(() => {});
      }
    }
    const logger = await withApp({ providers: [Hanging], options: { topics: { orders: topic }, shutdownTimeoutMs: 100 } }, async (app) => {
      await app.until('it hangs', () => runs === 1);
      return app.logger;
    });
    expect(logger.lines).toContainEqual(expect.stringMatching(/^warn 1 handlers of orders-\w+\/0 were still running after 100 ms: they are aborted and their records are delivered again$/));
    expect(logger.lines.at(-1)).toMatch(/^log Stopped in \d+ ms: 0 records finished meanwhile; the group is left$/);
  });
});
